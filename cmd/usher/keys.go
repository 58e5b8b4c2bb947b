package main

import (
	"context"
	"io"
	"time"

	"github.com/usherhq/usher/modules/access"
)

type keyCommands struct {
	Rotate keyRotate `cmd:"" help:"Have new tokens signed by a new key. Tokens of the old one stay good until they expire."`
	List   keyList   `cmd:"" help:"List the keys that sign and verify access tokens."`
}

type shownKey struct {
	Kid           string     `json:"kid"`
	CreatedAt     time.Time  `json:"createdAt"`
	RetiredAt     *time.Time `json:"retiredAt"`
	VerifiesUntil *time.Time `json:"verifiesUntil"`
}

func showKey(k access.Key) shownKey {
	return shownKey{Kid: k.ID.String(), CreatedAt: k.CreatedAt, RetiredAt: k.RetiredAt, VerifiesUntil: k.VerifiesUntil}
}

func (k shownKey) state() string {
	switch {
	case k.RetiredAt == nil:
		return "signs"
	case k.VerifiesUntil == nil:
		return "retired, has signed nothing"
	default:
		return "retired, verifies until " + k.VerifiesUntil.Format(time.DateOnly)
	}
}

type keyRotate struct {
	place
	format
}

// Run makes a new signing key and retires the others.
func (c *keyRotate) Run(ctx context.Context, p *printer) error {
	return with(ctx, c.place, func(ctx context.Context, h *house) error {
		k, err := h.access.RotateKey(ctx)
		if err != nil {
			return err
		}
		return p.show(c.format, showKey(k), func(w io.Writer) {
			line(w, "kid", k.ID)
			line(w, "", "New tokens are signed by this key. Those of the old one stay good until they expire.")
		})
	})
}

type keyList struct {
	place
	format
}

// Run lists all signing keys.
func (c *keyList) Run(ctx context.Context, p *printer) error {
	return with(ctx, c.place, func(ctx context.Context, h *house) error {
		keys, err := h.access.Keys(ctx)
		if err != nil {
			return err
		}
		shown := []shownKey{}
		for _, k := range keys {
			shown = append(shown, showKey(k))
		}
		return p.show(c.format, shown, func(w io.Writer) {
			line(w, "KID", "CREATED", "STATE")
			for _, k := range shown {
				line(w, k.Kid, k.CreatedAt.Format(time.DateOnly), k.state())
			}
		})
	})
}
