package reporting

import (
	"context"
	"database/sql"

	"github.com/usherhq/usher/internal/id"
)

// dimension is where a holder's key and its label are found.
type dimension struct{ key, label, join string }

var dimensions = map[Dimension]dimension{
	ByGroup: {
		key: `COALESCE(g.id::text, '')`, label: `COALESCE(g.display_name, '')`,
		join: ` LEFT JOIN memberships m ON m.tenant_id = $1 AND m.member_id = h.user_id LEFT JOIN groups g ON g.tenant_id = $1 AND g.id = m.group_id`,
	},
	ByDepartment: {
		key: `COALESCE(u.department, '')`, label: `COALESCE(u.department, '')`,
		join: ` LEFT JOIN users u ON u.tenant_id = $1 AND u.id = h.user_id`,
	},
	ByConfig: {
		key: `COALESCE(c.id::text, '')`, label: `COALESCE(c.name, '')`,
		join: ` LEFT JOIN links k ON k.tenant_id = $1 AND k.user_id = h.user_id AND k.ended_at IS NULL
			LEFT JOIN scim_configs c ON c.tenant_id = $1 AND c.id = k.scim_config_id`,
	},
	ByManager: {
		key: `COALESCE(u.manager, '')`, label: `COALESCE(u.manager, '')`,
		join: ` LEFT JOIN users u ON u.tenant_id = $1 AND u.id = h.user_id`,
	},
}

func (s *Service) readParts(ctx context.Context, of []Utilization, by Dimension) (map[id.ID][]Part, error) {
	q, err := begin(ctx)
	if err != nil {
		return nil, err
	}
	d, at := dimensions[by], of[0].At
	query := q.holders(licensesOf(of), at, of[0].Past, WithUse) + ` SELECT h.license_id, ` + d.key + ` AS part, ` + d.label + ` AS label, h.state, ` + q.counts(at) +
		` FROM holders h` + d.join + ` GROUP BY h.license_id, part, label, h.state`
	type part struct {
		license id.ID
		key     string
	}
	tallies, labels := map[part]*tally{}, map[part]string{}
	err = s.each(ctx, "break a report down", query, q.args, func(rows *sql.Rows) error {
		var one part
		var label string
		var t tally
		if err := counted(rows, &t, &one.license, &one.key, &label); err != nil {
			return err
		}
		if tallies[one] == nil {
			tallies[one] = &tally{}
		}
		tallies[one].merge(t)
		labels[one] = label
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(tallies) > maxRows {
		return nil, ErrInvalidReport.At("by").Sayf("the report falls into too many parts")
	}
	all := make(map[id.ID][]Part, len(of))
	reports := make(map[id.ID]Utilization, len(of))
	for _, u := range of {
		reports[u.License], all[u.License] = u, []Part{}
	}
	for one, t := range tallies {
		all[one.license] = append(all[one.license], reports[one.license].part(one.key, labels[one], t))
	}
	for license := range all {
		sortParts(all[license])
	}
	return all, nil
}
