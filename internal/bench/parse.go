package main

import (
	"fmt"
	"runtime"
	"time"

	"github.com/usherhq/usher/internal/filter"
)

// usual are filters that identity providers send all day.
var usual = []string{
	`userName eq "ines.haugen@example.com"`, `externalId eq "0ea36e2e-7b3c-4c8e-9d8c-3f0f6f1f2a3b"`, `emails[type eq "work"].value eq "ines@example.com"`,
	`displayName eq "Nordic Hunters"`, `urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq "Sales" and active eq true`,
}

var urns = []string{"urn:ietf:params:scim:schemas:core:2.0:User", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"}

// reading is what it costs to read a filter.
type reading struct {
	Filter      string        `json:"filter"`
	Took        time.Duration `json:"nanoseconds"`
	Allocations float64       `json:"allocations"`
}

// readingRow is how settings call this.
const readingRow = "reading filters"

// readFilters reads each usual filter very often; of many turns the quickest counts.
func readFilters() ([]reading, error) {
	const times, turns = 1000, 100
	all := make([]reading, len(usual))
	for i, text := range usual {
		all[i] = reading{Filter: text, Took: time.Hour}
		var before, after runtime.MemStats
		for range turns {
			runtime.ReadMemStats(&before)
			began := now()
			for range times {
				if _, err := filter.Parse(text, filter.Options{URNs: urns, AllowBare: true}); err != nil {
					return nil, fmt.Errorf("read %s: %w", text, err)
				}
			}
			all[i].Took = min(all[i].Took, now().Sub(began)/times)
			runtime.ReadMemStats(&after)
			all[i].Allocations = float64(after.Mallocs-before.Mallocs) / times
		}
	}
	return all, nil
}
