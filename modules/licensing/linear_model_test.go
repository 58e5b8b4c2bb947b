package licensing_test

import (
	"github.com/anishathalye/porcupine"

	"github.com/usherhq/usher/modules/licensing"
)

// seating is the model of a license: who sits, who ever had a seat or place, and the line in order; and what a look does not see.
type seating struct {
	seated, ever uint64
	line         string // users as bytes

	grown        int64  // by how much there are more seats than at first, or fewer
	out          uint64 // who is deactivated
	hand, byRule uint64 // who has which reason to sit
	ruled        uint64 // for whom a rule holds
}

func (s seating) seen() seating { return seating{seated: s.seated, ever: s.ever, line: s.line} }

func (s seating) sits(user int) bool { return s.seated&(1<<user) != 0 }

func (s seating) waits(user int) bool { return s.place(user) >= 0 }

func (s seating) place(user int) int {
	for at := range len(s.line) {
		if int(s.line[at]) == user {
			return at
		}
	}
	return -1
}

func (s seating) taken() int64 {
	var n int64
	for user := range linearUsers {
		if s.sits(user) {
			n++
		}
	}
	return n
}

func (s seating) sit(user int) seating {
	s.seated, s.ever = s.seated|1<<user, s.ever|1<<user
	return s
}

func (s seating) leaveLine(user int) seating {
	if at := s.place(user); at >= 0 {
		s.line = s.line[:at] + s.line[at+1:]
	}
	return s
}

// after is what the license is after a call, and what the caller must be told.
func (s seating) after(c call) (seating, reply) {
	switch c.verb {
	case "look":
		return s, reply{all: s.seen()}
	case "enlarge", "shrink":
		s.grown = int64(c.to%linearSeats) + 1
		if c.verb == "shrink" {
			s.grown = -s.grown
		}
		return s.promoted(), reply{state: "resized"}
	case "assign":
		return s.assigned(c.user)
	case "transfer":
		if s.out&(1<<c.to) != 0 || !s.sits(c.user) || s.sits(c.to) || c.user == c.to {
			return s, reply{state: refused}
		}
		s.seated, s.hand, s.byRule = s.seated&^(1<<c.user), s.hand&^(1<<c.user)|1<<c.to, s.byRule&^(1<<c.user)
		return s.leaveLine(c.to).sit(c.to), reply{state: string(licensing.Invited)}
	case "deactivate":
		s.out, s.hand, s.byRule = s.out|1<<c.user, s.hand&^(1<<c.user), s.byRule&^(1<<c.user)
		return s.released(c.user), reply{state: "changed"}
	case "reactivate":
		wasOut := s.out&(1<<c.user) != 0
		s.out &^= 1 << c.user
		if wasOut {
			s = s.followed(c.user)
		}
		return s, reply{state: "changed"}
	case "publish":
		s.ruled |= 1 << c.ruled()
		return s.followed(c.ruled()), reply{state: "published"}
	case "retire":
		return s.retired(c.ruled())
	default:
		return s.unassigned(c.user)
	}
}

// refused is the state of what is not there to be changed.
const refused = "refused"

func (s seating) assigned(user int) (seating, reply) {
	if s.out&(1<<user) != 0 {
		return s, reply{state: refused}
	}
	s.hand |= 1 << user
	s = s.claimed(user)
	return s, reply{state: s.state(user)}
}

func (s seating) state(user int) string {
	switch {
	case s.sits(user):
		return string(licensing.Invited)
	case s.waits(user):
		return string(licensing.Waiting)
	case s.ever&(1<<user) != 0:
		return string(licensing.Released)
	default:
		return refused
	}
}

// claimed seats somebody who has a reason to sit, or puts her in line.
func (s seating) claimed(user int) seating {
	switch {
	case s.sits(user), s.waits(user):
		return s
	case s.taken() < linearSeats+s.grown:
		return s.sit(user)
	default:
		s.ever |= 1 << user
		s.line += string([]byte{byte(user)})
		return s
	}
}

// followed brings somebody in line with the rule that may hold for her.
func (s seating) followed(user int) seating {
	if s.ruled&(1<<user) == 0 || s.out&(1<<user) != 0 || s.byRule&(1<<user) != 0 {
		return s
	}
	s.byRule |= 1 << user
	return s.claimed(user)
}

func (s seating) retired(user int) (seating, reply) {
	if s.ruled&(1<<user) == 0 {
		return s, reply{state: refused}
	}
	had := s.byRule&(1<<user) != 0
	s.ruled, s.byRule = s.ruled&^(1<<user), s.byRule&^(1<<user)
	if had && s.hand&(1<<user) == 0 {
		s = s.released(user)
	}
	return s, reply{state: "retired"}
}

func (s seating) unassigned(user int) (seating, reply) {
	s.hand &^= 1 << user
	if s.byRule&(1<<user) == 0 {
		s = s.released(user)
	}
	return s, reply{state: s.state(user)}
}

func (s seating) released(user int) seating {
	s.seated &^= 1 << user
	return s.leaveLine(user).promoted()
}

// promoted seats the first in line while a seat is free. After a shrink all keep their seats, and none is free for a while.
func (s seating) promoted() seating {
	for len(s.line) > 0 && s.taken() < linearSeats+s.grown {
		first := int(s.line[0])
		s = s.leaveLine(first).sit(first)
	}
	return s
}

var seatingModel = porcupine.Model{
	Init: func() any { return seating{} },
	Step: func(state, input, output any) (bool, any) {
		asked, got := input.(call), output.(reply)
		next, want := state.(seating).after(asked)
		switch {
		case got.failed:
			return true, state
		case got.state == "" && asked.verb != "look":
			return true, next
		default:
			return got == want, next
		}
	},
}
