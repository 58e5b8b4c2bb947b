package licensing

import (
	"context"
	"strings"
	"time"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/fault"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/modules/directory"
)

// ErrInvalidActivity is for a batch of uses that cannot be taken as a whole; what is wrong with one row is its result.
var ErrInvalidActivity = fault.New(fault.Invalid, "invalid_activity", "the batch cannot be taken")

// MaxUses is how many uses one batch tells.
const MaxUses = 10_000

// Source is where news of use comes from.
type Source struct {
	Name        string
	LagHours    int64 // how late its news is
	SilentHours int64 // after how long without a batch nothing is known
	ReportedAt  *time.Time
}

// The lag and the patience of a source that says nothing of them.
const (
	defaultLag    = 24
	defaultSilent = 72
	maxHours      = 24 * 366
)

// Covered is the time up to which everything has been told; nil before the first batch.
func (s Source) Covered() *time.Time {
	if s.ReportedAt == nil {
		return nil
	}
	until := s.ReportedAt.Add(-time.Duration(s.LagHours) * time.Hour)
	return &until
}

// Silent tells whether the source should have told something since.
func (s Source) Silent(now time.Time) bool {
	return s.ReportedAt == nil || now.Sub(*s.ReportedAt) > time.Duration(s.SilentHours)*time.Hour
}

// Use says that a person has used the license at a time.
type Use struct {
	Person directory.Person
	At     time.Time
}

// UseStatus is what has become of one row of a batch.
type UseStatus string

// The fates of rows.
const (
	UseRecorded  UseStatus = "recorded"
	UseKnown     UseStatus = "known" // it had been told before
	UseNobody    UseStatus = "unknown_person"
	UseAmbiguous UseStatus = "ambiguous_person"
	UseInFuture  UseStatus = "in_the_future"
	UseTooOld    UseStatus = "too_old" // more than two years ago
)

const (
	oldestUse  = 2 * 366 * 24 * time.Hour
	clockSkew  = 5 * time.Minute
	usesAtOnce = 500 // rows of one unit of work
)

// UseResult is the result of one row.
type UseResult struct {
	Status    UseStatus
	Activated bool // it was the first use of an invited seat
}

// RecordActivity keeps that people have used a license, as a source tells it: the vendor's product, with the scope
// entitlements:write. The first use activates an invited seat. Each row has its own result, in their order, and bad rows stop no
// others. Telling the same again changes nothing. A batch without rows says that nobody has used it. It works in units of 500 rows:
// when it fails in between, send the batch again. Refuses with ErrLicenseNotFound and ErrInvalidActivity.
func (s *Service) RecordActivity(ctx context.Context, license id.ID, source Source, uses []Use) ([]UseResult, error) {
	if err := caller.Require(ctx, caller.ScopeEntitlementsWrite); err != nil {
		return nil, err
	}
	source, err := source.tidy()
	switch {
	case err != nil:
		return nil, err
	case len(uses) > MaxUses:
		return nil, ErrInvalidActivity.At("uses").Sayf("a batch tells at most 10,000 uses; send several")
	}
	if _, err := s.load(ctx, license); err != nil {
		return nil, err
	}
	of, err := s.ensureSource(ctx, license, source)
	if err != nil {
		return nil, err
	}
	results, told, err := s.meant(ctx, uses)
	if err != nil {
		return nil, err
	}
	for len(told) > 0 {
		some := told[:min(len(told), usesAtOnce)]
		told = told[len(some):]
		err := store.Do(ctx, s.db, func(ctx context.Context) error { return s.recordUses(ctx, license, of, some, results) })
		if err != nil {
			return nil, err
		}
	}
	return results, s.sourceReported(ctx, license, of, source)
}

func (s Source) tidy() (Source, error) {
	s.Name = strings.TrimSpace(s.Name)
	if s.LagHours == 0 {
		s.LagHours = defaultLag
	}
	if s.SilentHours == 0 {
		s.SilentHours = max(defaultSilent, s.LagHours)
	}
	switch {
	case !fits(s.Name, 1, maxChoice):
		return s, ErrInvalidActivity.At("source").Sayf("a source's name has 1 to %d characters, none of them a control character", maxChoice)
	case s.LagHours < 0 || s.LagHours > maxHours:
		return s, ErrInvalidActivity.At("lagHours").Sayf("a lag is 0 to %d hours", maxHours)
	case s.SilentHours < 0 || s.SilentHours > maxHours:
		return s, ErrInvalidActivity.At("silentAfterHours").Sayf("a source is silent after 1 to %d hours", maxHours)
	}
	return s, nil
}

// toldUse is a row of somebody who is known.
type toldUse struct {
	row  int
	user id.ID
	at   time.Time
	day  int64 // from 1970 in UTC
}

// meant finds who the rows are about, and what is wrong with the others.
func (s *Service) meant(ctx context.Context, uses []Use) ([]UseResult, []toldUse, error) {
	now := s.clock()
	results := make([]UseResult, len(uses))
	told := make([]toldUse, 0, len(uses))
	for from := 0; from < len(uses); from += MaxPeople {
		some := uses[from:min(len(uses), from+MaxPeople)]
		people := make([]directory.Person, len(some))
		for i, u := range some {
			people[i] = u.Person
		}
		found, err := s.people.Find(ctx, people)
		if err != nil {
			return nil, nil, err
		}
		for i, u := range some {
			at := u.At.UTC().Truncate(time.Microsecond)
			switch r := &results[from+i]; {
			case found[i].Ambiguous:
				r.Status = UseAmbiguous
			case found[i].ID == id.Nil:
				r.Status = UseNobody
			case at.After(now.Add(clockSkew)):
				r.Status = UseInFuture
			case at.Before(now.Add(-oldestUse)):
				r.Status = UseTooOld
			default:
				told = append(told, toldUse{row: from + i, user: found[i].ID, at: at, day: at.Unix() / secondsOfDay})
			}
		}
	}
	return results, told, nil
}

const secondsOfDay = 24 * 60 * 60

// recordUses writes some rows, and lets seats know of them. The results are written anew when the unit runs again.
func (s *Service) recordUses(ctx context.Context, license, source id.ID, told []toldUse, results []UseResult) error {
	l, err := s.lock(ctx, license)
	if err != nil {
		return err
	}
	known, err := s.daysOf(ctx, license, told)
	if err != nil {
		return err
	}
	latest := map[id.ID]toldUse{}
	changed := map[dayKey]usedDay{}
	for _, u := range told {
		key := dayKey{u.user, u.day}
		day, there := known[key]
		results[u.row] = UseResult{Status: UseKnown}
		if !there || u.at.Before(day.first) || u.at.After(day.last) {
			results[u.row].Status = UseRecorded
			if !there {
				day = usedDay{first: u.at, last: u.at}
			}
			if u.at.Before(day.first) {
				day.first = u.at
			}
			if u.at.After(day.last) {
				day.last = u.at
			}
			known[key], changed[key] = day, day
		}
		if was, ok := latest[u.user]; !ok || u.at.After(was.at) {
			latest[u.user] = u
		}
	}
	if err := s.saveDays(ctx, license, source, changed); err != nil {
		return err
	}
	return s.used(ctx, l, latest, results)
}

// used lets the seats of some people know of their latest use. The license is locked.
func (s *Service) used(ctx context.Context, l License, latest map[id.ID]toldUse, results []UseResult) error {
	users := make([]id.ID, 0, len(latest))
	for user := range latest {
		users = append(users, user)
	}
	seats, err := s.SeatsOf(ctx, users)
	if err != nil {
		return err
	}
	for _, user := range users {
		for _, seat := range seats[user] {
			if seat.License != l.ID {
				continue
			}
			u := latest[user]
			fresh := seat.LastUsedAt == nil || u.at.After(*seat.LastUsedAt)
			if fresh {
				seat.LastUsedAt = &u.at
			}
			switch {
			case seat.State == Invited && seat.AssignedAt != nil && !u.at.Before(seat.AssignedAt.Add(-clockSkew)):
				results[u.row].Activated = true
				_, err = s.step(ctx, seat, Activated, "first use")
			case fresh && seat.NoticedAt != nil && seat.ReclaimReason != ReclaimKept && (seat.State.sits() || seat.State == Paused) &&
				u.at.After(seat.NoticedAt.AddDate(0, 0, -int(l.Reclaim.IdleDays))):
				_, err = s.undoReclaim(ctx, l, seat, "used after all")
			case fresh:
				err = saveSeat(ctx, seat, false)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// ActivityKnown tells, for each of some licenses, whether use of it is known at a time: every source of it has told of that time, or
// is not silent now. Without any source nothing is known. Where nothing is known, figures are unknown, and nobody is inactive.
func (s *Service) ActivityKnown(ctx context.Context, licenses []id.ID, at time.Time) (map[id.ID]bool, error) {
	sources, err := s.Sources(ctx, licenses)
	if err != nil {
		return nil, err
	}
	now := s.clock()
	known := make(map[id.ID]bool, len(licenses))
	for _, l := range licenses {
		known[l] = len(sources[l]) > 0
		for _, source := range sources[l] {
			covered := source.Covered()
			if source.Silent(now) && (covered == nil || at.After(*covered)) {
				known[l] = false
			}
		}
	}
	return known, nil
}

// ActivityKnownNow is ActivityKnown for this moment.
func (s *Service) ActivityKnownNow(ctx context.Context, licenses []id.ID) (map[id.ID]bool, error) {
	return s.ActivityKnown(ctx, licenses, s.clock())
}
