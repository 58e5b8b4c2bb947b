package filter_test

import (
	"testing"

	"github.com/usherhq/usher/internal/filter"
)

// usual are the filters that identity providers send all day.
var usual = []string{
	`userName eq "ines.haugen@example.com"`, `externalId eq "0ea36e2e-7b3c-4c8e-9d8c-3f0f6f1f2a3b"`, `emails[type eq "work"].value eq "ines@example.com"`,
	`id eq "usr_01kawd1c3yfp3b0m2m9v6q8xkd" and manager eq "usr_01kawd1c3yfp3b0m2m9v6q8xke"`, `displayName eq "Nordic Hunters"`,
	`urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq "Sales" and active eq true`,
}

func BenchmarkParse(b *testing.B) {
	for _, text := range usual {
		b.Run(text, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := filter.Parse(text, options); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// TestReadingAUsualFilterIsCheap bounds what it allocates; the benchmark above tells the time.
func TestReadingAUsualFilterIsCheap(t *testing.T) {
	for _, text := range usual {
		made := testing.AllocsPerRun(100, func() {
			if _, err := filter.Parse(text, options); err != nil {
				t.Fatal(err)
			}
		})
		if made > 10 {
			t.Errorf("%s makes %.0f allocations, 10 at most are fine", text, made)
		}
	}
}
