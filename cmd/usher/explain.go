package main

import (
	"context"
	"io"
	"time"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/modules/licensing"
)

type seatExplain struct {
	ofLicense

	Person string `arg:"" help:"userName or id of the person."`
}

type shownExplanation struct {
	Answer   string            `json:"answer"`
	Active   bool              `json:"active"`
	Position int64             `json:"position,omitempty"`
	Taken    int64             `json:"taken"`
	Seats    int64             `json:"seats"`
	Consent  licensing.Consent `json:"consent,omitempty"`
	Missing  []string          `json:"missing"`
	Reasons  []shownReason     `json:"reasons"`
	Rules    []shownAnswer     `json:"rules"`
	Steps    []shownStep       `json:"steps"`
}

type shownReason struct {
	Reason string    `json:"reason"`
	By     string    `json:"by,omitempty"`
	Since  time.Time `json:"since"`
}

type shownAnswer struct {
	Rule       string               `json:"rule"`
	Name       string               `json:"name"`
	Definition licensing.Definition `json:"definition"`
	Verdict    string               `json:"verdict"`
}

type shownStep struct {
	At        time.Time       `json:"at"`
	Was       licensing.State `json:"was"`
	Now       licensing.State `json:"now"`
	Cause     string          `json:"cause"`
	Event     string          `json:"event"`
	Actor     string          `json:"actor,omitempty"`
	RequestID string          `json:"requestId,omitempty"`
}

// Run explains a seat.
func (c *seatExplain) Run(ctx context.Context, p *printer) error {
	return c.in(ctx, func(ctx context.Context, h *house, license id.ID) error {
		user, err := h.person(ctx, c.Person)
		if err != nil {
			return err
		}
		e, err := h.seats.Explain(ctx, license, user)
		if err != nil {
			return err
		}
		shown, err := h.showExplanation(ctx, e)
		if err != nil {
			return err
		}
		return p.show(c.format, shown, shown.lines)
	})
}

func (h *house) showExplanation(ctx context.Context, e licensing.Explanation) (shownExplanation, error) {
	shown := shownExplanation{
		Answer: e.Answer, Active: e.Active, Position: e.Position, Taken: e.License.Taken, Seats: e.License.Seats, Consent: e.Consent,
		Missing: []string{}, Reasons: []shownReason{}, Rules: []shownAnswer{}, Steps: []shownStep{},
	}
	for _, l := range e.Missing {
		shown.Missing = append(shown.Missing, l.SKU)
	}
	for _, r := range e.Claims {
		shown.Reasons = append(shown.Reasons, shownReason{Reason: r.Reason, By: byWhom(r), Since: r.Since})
	}
	for _, a := range e.Rules {
		shown.Rules = append(shown.Rules, shownAnswer{Rule: id.Rule.Format(a.Rule.ID), Name: a.Rule.Name, Definition: a.Definition, Verdict: verdict(a)})
	}
	for _, step := range e.Steps {
		one := shownStep{At: step.At, Was: step.Was, Now: step.Now, Cause: step.Cause, Event: id.Event.Format(step.Event)}
		event, there, err := h.events.Get(ctx, step.Event)
		if err != nil {
			return shown, err
		}
		if there {
			one.Actor, one.RequestID = event.Actor.Name, event.RequestID
		}
		shown.Steps = append(shown.Steps, one)
	}
	return shown, nil
}

func byWhom(c licensing.Claim) string {
	switch c.Reason {
	case licensing.ByRule:
		return id.Rule.Format(c.ReasonID)
	case licensing.ByHand:
		return ""
	default:
		return id.Config.Format(c.ReasonID)
	}
}

func verdict(a licensing.RuleAnswer) string {
	switch {
	case a.Unanswered:
		return "cannot be asked any more"
	case a.Gives:
		return "gives a seat"
	case a.Means:
		return "means the person; another rule of the choice comes first"
	default:
		return "does not mean the person"
	}
}

func (e shownExplanation) lines(w io.Writer) {
	line(w, "ANSWER", e.Answer)
	line(w, "ACTIVE", e.Active)
	line(w, "TAKEN", e.Taken, "of", e.Seats)
	if e.Position > 0 {
		line(w, "PLACE", e.Position)
	}
	for _, sku := range e.Missing {
		line(w, "MISSING", sku)
	}
	for _, r := range e.Reasons {
		line(w, "REASON", r.Reason, r.By, r.Since.Format(time.RFC3339))
	}
	for _, a := range e.Rules {
		line(w, "RULE", a.Name, a.Verdict)
	}
	for _, s := range e.Steps {
		line(w, "STEP", s.At.Format(time.RFC3339), string(s.Was)+" > "+string(s.Now), s.Cause, s.Event, s.RequestID)
	}
}
