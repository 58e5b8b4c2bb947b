package reporting

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/page"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/modules/events"
)

// Alert is a threshold of a license that was crossed.
type Alert struct {
	ID        id.ID
	License   id.ID
	Kind      AlertKind
	Threshold int64 // percent, days; 0 for the waiting list
	Value     int64 // what crossed it: percent, days, people
	CrossedAt time.Time
	OverAt    *time.Time
}

// AlertKind is what an alert is about.
type AlertKind string

// The kinds of alerts.
const (
	AlertTaken       AlertKind = "taken"       // percent of the seats bought that are taken, at least
	AlertWaiting     AlertKind = "waiting"     // people who wait
	AlertRunOut      AlertKind = "run_out"     // days until no seat is free, at most
	AlertUtilization AlertKind = "utilization" // percent of the seats bought that were used in 30 days, under
)

// key names a threshold within a license; it is the alert's kind in its row.
func (a Alert) key() string { return string(a.Kind) + ":" + strconv.FormatInt(a.Threshold, 10) }

func readKey(text string) (AlertKind, int64) {
	kind, limit, _ := strings.Cut(text, ":")
	threshold, _ := strconv.ParseInt(limit, 10, 64) // a key of ours
	return AlertKind(kind), threshold
}

// judged is a threshold with what stands against it now.
type judged struct {
	Alert

	crossed bool
}

// Alert compares the thresholds of the tenant's licenses with what is now. A threshold that is crossed raises one alert, with one event;
// when it is over there is another event, and nothing in between. With slow it looks also at what only a forecast or a count of use
// tells. It returns how many alerts were raised or over.
func (s *Service) Alert(ctx context.Context, slow bool) (int, error) {
	licenses, err := s.licenses(ctx, nil, s.clock(), false, SeatsAlone)
	if err != nil {
		return 0, err
	}
	var watched []license
	for _, l := range licenses {
		if l.alerts.any() {
			watched = append(watched, l)
		}
	}
	open, err := s.openAlerts(ctx)
	if err != nil || len(watched)+len(open) == 0 {
		return 0, err
	}
	judgments, err := s.judge(ctx, watched, slow)
	if err != nil {
		return 0, err
	}
	known := map[string]bool{}
	news := 0
	for _, j := range judgments {
		known[j.License.String()+j.key()] = true
		changed, err := s.settle(ctx, j)
		news += changed
		if err != nil {
			return news, err
		}
	}
	for _, a := range open { // the threshold is gone, or what it was about is not looked at now
		if known[a.License.String()+a.key()] || !slow && a.slow() || slow && stillWatched(licenses, a) {
			continue
		}
		changed, err := s.settle(ctx, judged{Alert: a})
		news += changed
		if err != nil {
			return news, err
		}
	}
	return news, nil
}

func (a Alert) slow() bool { return a.Kind == AlertRunOut || a.Kind == AlertUtilization }

// stillWatched tells whether the threshold of an alert is still set, although nothing is known of what it is about.
func stillWatched(licenses []license, a Alert) bool {
	for _, l := range licenses {
		if l.ID == a.License {
			return a.Kind == AlertRunOut && int64(l.alerts.RunOutDays) == a.Threshold ||
				a.Kind == AlertUtilization && l.alerts.UtilizationUnder == a.Threshold
		}
	}
	return false
}

func (t thresholds) any() bool {
	return len(t.TakenPercent) > 0 || t.Waiting || t.RunOutDays > 0 || t.UtilizationUnder > 0
}

const hundred = 100

// judge looks at every threshold of which something is known. What is kept of a license tells its seats; its holders are gone over for the
// slow ones alone.
func (s *Service) judge(ctx context.Context, of []license, slow bool) ([]judged, error) {
	var all []judged
	for _, l := range of {
		all = append(all, l.judgeSeats()...)
	}
	if !slow || len(of) == 0 {
		return all, nil
	}
	reports, err := s.utilization(ctx, idsOf(of), s.clock(), false, WithUse)
	if err != nil {
		return nil, err
	}
	var foretold []Utilization
	for _, u := range reports {
		all = append(all, u.judgeUse()...)
		if u.of.alerts.RunOutDays > 0 {
			foretold = append(foretold, u)
		}
	}
	if len(foretold) == 0 {
		return all, nil
	}
	forecasts, err := s.forecasts(ctx, foretold)
	for _, u := range foretold {
		all = append(all, u.judgeRunOut(forecasts[u.License])...)
	}
	return all, err
}

func (l license) judgeSeats() []judged {
	var all []judged
	for _, limit := range l.alerts.TakenPercent {
		percent := int64(0)
		if l.Seats > 0 {
			percent = l.taken * hundred / l.Seats
		}
		a := Alert{License: l.ID, Kind: AlertTaken, Threshold: limit, Value: percent}
		all = append(all, judged{Alert: a, crossed: l.taken > 0 && l.taken*hundred >= limit*l.Seats})
	}
	if l.alerts.Waiting {
		all = append(all, judged{Alert: Alert{License: l.ID, Kind: AlertWaiting, Value: l.waiting}, crossed: l.waiting > 0})
	}
	return all
}

func (u Utilization) judgeUse() []judged {
	under := u.of.alerts.UtilizationUnder
	if under == 0 || len(u.Windows) == 0 || u.Windows[0].Active == nil || u.Purchased == 0 {
		return nil
	}
	active := *u.Windows[0].Active
	a := Alert{License: u.License, Kind: AlertUtilization, Threshold: under, Value: active * hundred / u.Purchased}
	return []judged{{Alert: a, crossed: active*hundred < under*u.Purchased}}
}

func (u Utilization) judgeRunOut(f Forecast) []judged {
	if f.RunOut == nil {
		return nil
	}
	a := Alert{License: u.License, Kind: AlertRunOut, Threshold: int64(u.of.alerts.RunOutDays)}
	j := judged{Alert: a}
	if on := f.RunOut.Expected; on != nil {
		j.Value = int64(dayAt(u.At, u.of.zone).until(*on))
		j.crossed = j.Value <= j.Threshold
	}
	return []judged{j}
}

// settle raises an alert or says that it is over, if that is news: once, whoever else looks at the same moment.
func (s *Service) settle(ctx context.Context, j judged) (int, error) {
	return store.InTx(ctx, s.db, func(ctx context.Context) (int, error) {
		now := s.clock()
		changed, err := s.saveAlert(ctx, &j.Alert, j.crossed, now)
		if err != nil || !changed {
			return 0, err
		}
		kind := "alert.over"
		if j.crossed {
			kind = "alert.raised"
		}
		_, err = s.events.Record(ctx, events.Event{Kind: kind, Subject: j.License, Data: map[string]any{
			"kind": j.Kind, "threshold": j.Threshold, "value": j.Value, "license": id.License.Format(j.License),
		}})
		if err != nil {
			return 0, fmt.Errorf("tell of an alert: %w", err)
		}
		return 1, nil
	})
}

// AlertFilter narrows a list of alerts. Its zero value takes all.
type AlertFilter struct {
	License *id.ID
	Open    *bool // only those that are not over, or only those that are
}

const alertCursor = "alert"

// AlertCursor returns the cursor of an alert.
func AlertCursor(a Alert) string { return page.Encode(alertCursor, a.ID.String()) }

// Alerts returns a page of the alerts of the tenant, in the order in which they were raised. Total is not counted: CountAlerts does that. It needs the
// scope reports:read.
func (s *Service) Alerts(ctx context.Context, args page.Args, f AlertFilter, way page.Way) (page.Page[Alert], error) {
	none := page.Page[Alert]{}
	if err := caller.Require(ctx, caller.ScopeReportsRead); err != nil {
		return none, err
	}
	limit, downwards, err := args.Toward(way)
	if err != nil {
		return none, err
	}
	found, err := s.listAlerts(ctx, f, args.Cursor(), limit+1, downwards)
	if err != nil {
		return none, err
	}
	return page.Cut(found, args, 0)
}

// AlertsByID returns those of some alerts that the tenant has. It needs the scope reports:read.
func (s *Service) AlertsByID(ctx context.Context, ids []id.ID) (map[id.ID]Alert, error) {
	if err := caller.Require(ctx, caller.ScopeReportsRead); err != nil {
		return nil, err
	}
	return s.alertsByID(ctx, ids)
}

// CountAlerts tells how many alerts a filter takes.
func (s *Service) CountAlerts(ctx context.Context, f AlertFilter) (int64, error) {
	if err := caller.Require(ctx, caller.ScopeReportsRead); err != nil {
		return 0, err
	}
	return s.countAlerts(ctx, f)
}
