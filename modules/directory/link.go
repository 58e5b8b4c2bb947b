package directory

import (
	"time"

	"github.com/usherhq/usher/internal/id"
)

// How a link came to be.
const (
	LinkCreated = "created" // the configuration made the person
	LinkAdopted = "adopted" // she was there before
)

// Link is what one SCIM configuration says of a person.
type Link struct {
	ID           id.ID
	User         id.ID
	Config       id.ID
	ExternalID   string
	Active       bool
	How          string
	FirstWriteAt time.Time
	LastWriteAt  time.Time
	EndedAt      *time.Time
}

// Open tells whether the configuration still holds the person.
func (l Link) Open() bool { return l.ID != id.Nil && l.EndedAt == nil }
