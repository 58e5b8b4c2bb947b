package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/storetest"
)

// publishing is the name by which it is asked for.
const publishing = "publish a rule over 100000 people"

// mostBlocked is how long a run may keep another writer waiting.
const mostBlocked = 100 * time.Millisecond

// published is how a run of a rule went, and what others felt of it.
type published struct {
	Database string          `json:"database"`
	Took     time.Duration   `json:"took"`
	People   int             `json:"people"`
	Others   []time.Duration `json:"-"` // what each write of somebody else took meanwhile
}

// publish has a rule hold for everybody of the books while somebody else writes to the same tenant, one person after the other.
func (b *books) publish(ctx context.Context, dialect, base string) (published, error) {
	p := published{Database: dialect}
	query := func(text string, into any) error {
		body, err := json.Marshal(map[string]string{"query": text})
		if err != nil {
			return err
		}
		answer, err := once(ctx, http.DefaultClient, base, ask{http.MethodPost, "/graphql", string(body), b.admin})
		if err != nil {
			return err
		}
		return json.Unmarshal(answer, into)
	}
	var bought struct {
		Data struct {
			CreateLicense struct{ License struct{ ID string } }
		}
	}
	if err := query(`mutation { createLicense(input: {product: "Ruled", seats: 200000}) { license { id } } }`, &bought); err != nil {
		return p, err
	}
	var made struct {
		Data struct {
			CreateRule struct{ Rule struct{ ID string } }
		}
	}
	err := query(`mutation { createRule(input: {licenseId: "`+bought.Data.CreateLicense.License.ID+`", name: "Everybody", definition: {filter: "userName pr"}}) { rule { id } } }`, &made)
	if err != nil {
		return p, err
	}
	rule := made.Data.CreateRule.Rule.ID
	if err := query(`mutation { publishRule(input: {ruleId: "`+rule+`"}) { rule { id } } }`, &struct{}{}); err != nil {
		return p, err
	}
	began := now()
	over, stop := context.WithCancel(ctx)
	var writer sync.WaitGroup
	var failed error
	writer.Go(func() { p.Others, failed = b.write(over, base) })
	p.People, err = b.untilDone(ctx, rule, query)
	p.Took = now().Sub(began)
	stop()
	writer.Wait()
	return p, errors.Join(err, failed)
}

// untilDone watches the run of a rule and returns how many people it has gone over.
func (b *books) untilDone(ctx context.Context, rule string, query func(string, any) error) (int, error) {
	const tries = 3000
	said := now()
	for range tries {
		var is struct {
			Data struct {
				Node struct {
					Run *struct {
						State       string
						Done, Total json.Number
					}
				}
			}
		}
		if err := query(`{ node(id: "`+rule+`") { ... on Rule { run { state done total } } } }`, &is); err != nil {
			return 0, err
		}
		run := is.Data.Node.Run
		if run != nil && run.State == "done" {
			n, err := run.Done.Int64()
			return int(n), err
		}
		if run != nil && now().Sub(said) > 5*time.Second {
			progressf("%s: %s of %s", publishing, run.Done, run.Total)
			said = now()
		}
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-time.After(time.Second / 5):
		}
	}
	return 0, errors.New("the run of a rule has not ended")
}

// write changes one person after the other until it is over, and returns what each change took.
func (b *books) write(ctx context.Context, base string) (took []time.Duration, err error) {
	for n := 0; ctx.Err() == nil; n++ {
		of := b.people[n*7919%len(b.people)]
		began := now()
		_, err := once(context.WithoutCancel(ctx), http.DefaultClient, base, ask{
			http.MethodPatch, "/scim/v2/Users/" + id.User.Format(of), patchOp + fmt.Sprintf(`{"op":"replace","path":"title","value":"Number %d"}]}`, n), b.token,
		})
		if err != nil {
			return took, err
		}
		took = append(took, now().Sub(began))
		time.Sleep(5 * time.Millisecond) // a writer at leisure feels the others, not itself
	}
	slices.Sort(took)
	return took, nil
}

// others is what a part of the writes of others, in percent, did not take longer than.
func (p published) others(part int) time.Duration {
	if len(p.Others) == 0 {
		return 0
	}
	return p.Others[(len(p.Others)-1)*part/100].Round(time.Microsecond)
}

func (p published) fact() string {
	return fmt.Sprintf("%s: %s took %s, %d of them; %d changes of single people by another writer meanwhile took %s at p50, %s at p99, %s at most",
		p.Database, publishing, p.Took.Round(time.Millisecond), p.People, len(p.Others), p.others(50), p.others(99), p.others(100))
}

func (r *report) judgePublished(p published) {
	if p.Database == storetest.Postgres {
		r.add(publishing+" keeps no other writer for more than 100 ms", p.others(100).String(), p.others(100) < mostBlocked, "")
	}
}
