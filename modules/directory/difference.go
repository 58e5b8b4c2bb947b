package directory

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/usherhq/usher/internal/id"
)

// news is what the journal keeps of a changed person. Changes are by the name of the attribute.
type news struct {
	Version    int64            `json:"version"`
	Active     bool             `json:"active"`
	Config     string           `json:"scimConfig,omitempty"`
	ExternalID string           `json:"externalId,omitempty"`
	Rejoined   bool             `json:"rejoined,omitempty"`
	Changes    map[string]turns `json:"changes,omitempty"`
}

// turns is a value that turns into another; absent ones are null.
type turns struct {
	Was json.RawMessage `json:"was"`
	Now json.RawMessage `json:"now"`
}

func (c *change) data(q scope) (news, error) {
	n := news{Version: c.now.Version, Active: c.active, Rejoined: c.reopened}
	if q.provider() {
		n.Config, n.ExternalID = id.Config.Format(q.config), c.link.ExternalID
	}
	if c.text == nil {
		return n, nil
	}
	was, err := q.own.public([]byte(c.was.text))
	if err != nil {
		return n, err
	}
	now, err := q.own.public(c.text)
	if err != nil {
		return n, err
	}
	n.Changes, err = attributeChanges(was, now)
	return n, err
}

func attributeChanges(was, now []byte) (map[string]turns, error) {
	var before, after map[string]json.RawMessage
	if err := json.Unmarshal(was, &before); err != nil {
		return nil, fmt.Errorf("read attributes as they were: %w", err)
	}
	if err := json.Unmarshal(now, &after); err != nil {
		return nil, fmt.Errorf("read attributes as they are: %w", err)
	}
	changes := map[string]turns{}
	for name, value := range after {
		if !bytes.Equal(before[name], value) {
			changes[name] = turns{Was: before[name], Now: value}
		}
		delete(before, name)
	}
	for name, value := range before {
		changes[name] = turns{Was: value}
	}
	return changes, nil
}
