package licensing

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"

	"github.com/usherhq/usher/internal/id"
)

// ReclaimPolicy says when a seat that nobody uses is taken back, and in which steps. Its zero value takes nothing back.
type ReclaimPolicy struct {
	Automatic    bool    `json:"automatic,omitempty"`    // candidates are noticed without an administrator
	IdleDays     int64   `json:"idleDays,omitempty"`     // without use after which a seat is a candidate; 0 for never
	InvitedDays  int64   `json:"invitedDays,omitempty"`  // without a first use after which it is one; 0 for never
	NoticeDays   int64   `json:"noticeDays,omitempty"`   // from the notice to the pause
	PauseDays    int64   `json:"pauseDays,omitempty"`    // from the pause to the taking back
	ExemptGroups []id.ID `json:"exemptGroups,omitempty"` // whose direct members keep their seats
}

// Alerts are the thresholds that raise an alert when they are crossed. Its zero value raises none.
type Alerts struct {
	TakenPercent     []int64 `json:"takenPercent,omitempty"`     // of the seats bought
	Waiting          bool    `json:"waiting,omitempty"`          // somebody waits
	RunOutDays       int64   `json:"runOutDays,omitempty"`       // the seats will be gone within so many days
	UtilizationUnder int64   `json:"utilizationUnder,omitempty"` // percent of the seats bought
}

// Bounds of policies.
const (
	maxPolicyDays   = 3660
	maxExemptGroups = 100
	maxThresholds   = 10
	maxPercent      = 1000
)

func (p ReclaimPolicy) check() error {
	for _, d := range []struct {
		name string
		days int64
	}{{"idleDays", p.IdleDays}, {"invitedDays", p.InvitedDays}, {"noticeDays", p.NoticeDays}, {"pauseDays", p.PauseDays}} {
		if d.days < 0 || d.days > maxPolicyDays {
			return ErrInvalidLicense.At("reclaimPolicy."+d.name).Sayf("%s is 0 to %d days", d.name, maxPolicyDays)
		}
	}
	if p.Automatic && p.IdleDays == 0 && p.InvitedDays == 0 {
		return ErrInvalidLicense.At("reclaimPolicy.automatic").Sayf("say after how many days seats are taken back: idleDays, invitedDays or both")
	}
	if len(p.ExemptGroups) > maxExemptGroups {
		return ErrInvalidLicense.At("reclaimPolicy.exemptGroupIds").Sayf("at most %d groups are exempt", maxExemptGroups)
	}
	return nil
}

func (a Alerts) check() error {
	if len(a.TakenPercent) > maxThresholds {
		return ErrInvalidLicense.At("alerts.takenPercent").Sayf("a license has at most %d thresholds", maxThresholds)
	}
	for _, one := range a.TakenPercent {
		if one < 1 || one > maxPercent {
			return ErrInvalidLicense.At("alerts.takenPercent").Sayf("a threshold is 1 to %d percent", maxPercent)
		}
	}
	if a.RunOutDays < 0 || a.RunOutDays > maxPolicyDays {
		return ErrInvalidLicense.At("alerts.runOutDays").Sayf("runOutDays is 0 to %d days", maxPolicyDays)
	}
	if a.UtilizationUnder < 0 || a.UtilizationUnder > percent {
		return ErrInvalidLicense.At("alerts.utilizationUnder").Sayf("utilizationUnder is 0 to 100 percent")
	}
	return nil
}

// checkExempt refuses groups that are not there, unless they were exempt before: a group may have gone since.
func (s *Service) checkExempt(ctx context.Context, was, now []id.ID) error {
	fresh := slices.DeleteFunc(slices.Clone(now), func(of id.ID) bool { return slices.Contains(was, of) })
	if len(fresh) == 0 {
		return nil
	}
	found, err := s.people.Groups(ctx, fresh)
	if err != nil {
		return err
	}
	for _, of := range fresh {
		if found[of] == nil {
			return ErrInvalidLicense.At("reclaimPolicy.exemptGroupIds").Sayf("there is no group %s to exempt", id.Group.Format(of))
		}
	}
	return nil
}

// samePolicies tells whether the policies of a license are those of another.
func (l License) samePolicies(was License) bool {
	return reflect.DeepEqual(l.Reclaim, was.Reclaim) && reflect.DeepEqual(l.Alerts, was.Alerts)
}

// policyText is a policy as its column keeps it.
func policyText(policy any) string {
	text, err := json.Marshal(policy)
	if err != nil { // numbers, flags and ids always marshal
		return noPolicy
	}
	return string(text)
}

func readPolicies(l *License, reclaim, alerts string) error {
	if err := json.Unmarshal([]byte(reclaim), &l.Reclaim); err != nil {
		return fmt.Errorf("read the policy of reclaiming: %w", err)
	}
	if err := json.Unmarshal([]byte(alerts), &l.Alerts); err != nil {
		return fmt.Errorf("read the thresholds: %w", err)
	}
	return nil
}
