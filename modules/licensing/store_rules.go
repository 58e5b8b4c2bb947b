package licensing

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/usherhq/usher/internal/id"
)

// byPeople is the kind of the rules that look at people; the other kind is the switch of a configuration.
const byPeople = "people"

const (
	ruleColumns     = `id, license_id, name, status, published, created_at, updated_at`
	revisionColumns = `rule_id, number, status, definition, author, created_at, published_at`
	runColumns      = `id, rule_id, revision, state, position, total, done, gained, lost, started_at, ended_at`
)

func scanRule(from row) (r Rule, err error) {
	err = from.Scan(&r.ID, &r.License, &r.Name, &r.Status, &r.Published, &r.CreatedAt, &r.UpdatedAt)
	r.CreatedAt, r.UpdatedAt = r.CreatedAt.UTC(), r.UpdatedAt.UTC()
	return r, err
}

func scanRevision(from row) (v Revision, err error) {
	var definition string
	if err := from.Scan(&v.Rule, &v.Number, &v.Status, &definition, &v.Author, &v.CreatedAt, &v.PublishedAt); err != nil {
		return v, err
	}
	v.CreatedAt = v.CreatedAt.UTC()
	return v, json.Unmarshal([]byte(definition), &v.Definition)
}

func scanRun(from row) (r RuleRun, err error) {
	err = from.Scan(&r.ID, &r.Rule, &r.Revision, &r.State, &r.position, &r.Total, &r.Done, &r.Gained, &r.Lost, &r.StartedAt, &r.EndedAt)
	r.StartedAt = r.StartedAt.UTC()
	return r, err
}

func (s *Service) countRules(ctx context.Context) (count int, err error) {
	tenant, err := tenantOf(ctx)
	if err != nil {
		return 0, err
	}
	err = s.db.QueryRow(ctx, `SELECT count(id) FROM rules WHERE tenant_id = $1 AND kind = $2`, tenant, byPeople).Scan(&count)
	return count, err
}

func (s *Service) insertRule(ctx context.Context, r Rule) error {
	tenant, err := tenantOf(ctx)
	if err != nil {
		return err
	}
	_, err = s.db.Exec(ctx, `INSERT INTO rules (tenant_id, id, license_id, kind, source_id, priority, definition, name, status, published, version, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $2, 0, '{}', $5, $6, 0, 1, $7, $7)`, tenant, r.ID, r.License, byPeople, r.Name, r.Status, r.CreatedAt)
	if err != nil {
		return fmt.Errorf("insert rule: %w", err)
	}
	return nil
}

func (s *Service) saveRuleStatus(ctx context.Context, r Rule) error {
	tenant, err := tenantOf(ctx)
	if err != nil {
		return err
	}
	_, err = s.db.Exec(ctx, `UPDATE rules SET status = $3, published = $4, updated_at = $5, version = version + 1 WHERE tenant_id = $1 AND id = $2`,
		tenant, r.ID, r.Status, r.Published, r.UpdatedAt)
	if err != nil {
		return fmt.Errorf("save rule: %w", err)
	}
	return nil
}

// saveRevision writes a revision, in place of one of the same number.
func (s *Service) saveRevision(ctx context.Context, v Revision) error {
	tenant, err := tenantOf(ctx)
	if err != nil {
		return err
	}
	_, err = s.db.Exec(ctx, `INSERT INTO rule_revisions (tenant_id, id, rule_id, number, status, priority, definition, author, created_at, published_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		ON CONFLICT (tenant_id, rule_id, number) DO UPDATE SET status = excluded.status, priority = excluded.priority,
		definition = excluded.definition, author = excluded.author, published_at = excluded.published_at`,
		tenant, id.New(), v.Rule, v.Number, v.Status, v.Definition.Priority, policyText(v.Definition), v.Author, v.CreatedAt, moment(v.PublishedAt))
	if err != nil {
		return fmt.Errorf("save a revision: %w", err)
	}
	return nil
}

func (s *Service) loadRule(ctx context.Context, of id.ID) (Rule, error) {
	tenant, err := tenantOf(ctx)
	if err != nil {
		return Rule{}, err
	}
	r, err := scanRule(s.db.QueryRow(ctx, `SELECT `+ruleColumns+` FROM rules WHERE tenant_id = $1 AND id = $2 AND kind = $3`, tenant, of, byPeople))
	if errors.Is(err, sql.ErrNoRows) {
		return Rule{}, ErrRuleNotFound
	}
	if err != nil {
		return Rule{}, fmt.Errorf("load rule: %w", err)
	}
	return r, nil
}

// lockRule holds the rule's license, and with it all rules of that license, until the end of the unit of work.
func (s *Service) lockRule(ctx context.Context, of id.ID) (Rule, error) {
	r, err := s.loadRule(ctx, of)
	if err != nil {
		return Rule{}, err
	}
	if _, err := s.lock(ctx, r.License); err != nil {
		return Rule{}, err
	}
	return s.loadRule(ctx, of)
}

// revision returns a revision of a rule, or ErrRevisionNotFound.
func (s *Service) revision(ctx context.Context, of id.ID, number int64) (Revision, error) {
	return s.oneRevision(ctx, ` AND number = $3`, of, number)
}

func (s *Service) latestRevision(ctx context.Context, of id.ID) (Revision, error) {
	return s.oneRevision(ctx, ` ORDER BY number DESC LIMIT 1`, of)
}

func (s *Service) oneRevision(ctx context.Context, which string, args ...any) (Revision, error) {
	tenant, err := tenantOf(ctx)
	if err != nil {
		return Revision{}, err
	}
	v, err := scanRevision(s.db.QueryRow(ctx, `SELECT `+revisionColumns+` FROM rule_revisions WHERE tenant_id = $1 AND rule_id = $2`+which, append([]any{tenant}, args...)...))
	if errors.Is(err, sql.ErrNoRows) {
		return Revision{}, ErrRevisionNotFound
	}
	if err != nil {
		return Revision{}, fmt.Errorf("load a revision: %w", err)
	}
	return v, nil
}

// Revisions returns every version of some rules, by rule, the newest first.
func (s *Service) Revisions(ctx context.Context, rules []id.ID) (map[id.ID][]Revision, error) {
	tenant, err := tenantOf(ctx)
	if err != nil {
		return nil, err
	}
	found, err := many(ctx, s, scanRevision, `SELECT `+revisionColumns+` FROM rule_revisions WHERE tenant_id = $1 AND rule_id = ANY($2)
		ORDER BY rule_id, number DESC`, tenant, rules)
	if err != nil {
		return nil, fmt.Errorf("load revisions: %w", err)
	}
	return by(found, func(v Revision) id.ID { return v.Rule }), nil
}

// Rules returns the rules of some licenses, by license, in the order in which they were made.
func (s *Service) Rules(ctx context.Context, licenses []id.ID) (map[id.ID][]Rule, error) {
	found, err := s.rulesWhere(ctx, `license_id = ANY($3)`, licenses)
	return by(found, func(r Rule) id.ID { return r.License }), err
}

// RulesByID returns those of some rules that the tenant has.
func (s *Service) RulesByID(ctx context.Context, ids []id.ID) (map[id.ID]Rule, error) {
	found, err := s.rulesWhere(ctx, `id = ANY($3)`, ids)
	all := make(map[id.ID]Rule, len(found))
	for _, r := range found {
		all[r.ID] = r
	}
	return all, err
}

func (s *Service) rulesWhere(ctx context.Context, condition string, args ...any) ([]Rule, error) {
	tenant, err := tenantOf(ctx)
	if err != nil {
		return nil, err
	}
	found, err := many(ctx, s, scanRule, `SELECT `+ruleColumns+` FROM rules WHERE tenant_id = $1 AND kind = $2 AND `+condition+` ORDER BY id`,
		append([]any{tenant, byPeople}, args...)...)
	if err != nil {
		return nil, fmt.Errorf("load rules: %w", err)
	}
	return found, nil
}

// defined is a rule with what it says: what is published and what is drafted.
type defined struct {
	rule    Rule
	current []Revision
}

func (s *Service) rulesOf(ctx context.Context, license id.ID) ([]defined, error) {
	rules, err := s.rulesWhere(ctx, `license_id = $3`, license)
	if err != nil {
		return nil, err
	}
	return s.define(ctx, rules)
}

func (s *Service) define(ctx context.Context, rules []Rule) ([]defined, error) {
	ids := make([]id.ID, len(rules))
	for i, r := range rules {
		ids[i] = r.ID
	}
	revisions, err := s.Revisions(ctx, ids)
	if err != nil {
		return nil, err
	}
	all := make([]defined, len(rules))
	for i, r := range rules {
		all[i].rule = r
		for _, v := range revisions[r.ID] {
			if v.Status != RevisionSuperseded {
				all[i].current = append(all[i].current, v)
			}
		}
	}
	return all, nil
}

// supersede ends what holds of a rule, and the run that brings people in line with it.
func (s *Service) supersede(ctx context.Context, of id.ID) error {
	tenant, err := tenantOf(ctx)
	if err != nil {
		return err
	}
	_, err = s.db.Exec(ctx, `UPDATE rule_revisions SET status = $3 WHERE tenant_id = $1 AND rule_id = $2 AND status = $4`,
		tenant, of, RevisionSuperseded, RevisionPublished)
	if err != nil {
		return fmt.Errorf("supersede a revision: %w", err)
	}
	return nil
}

func (s *Service) endRuns(ctx context.Context, of id.ID) error {
	tenant, err := tenantOf(ctx)
	if err != nil {
		return err
	}
	_, err = s.db.Exec(ctx, `UPDATE rule_runs SET state = $3, ended_at = $4 WHERE tenant_id = $1 AND rule_id = $2 AND state = $5`,
		tenant, of, RunSuperseded, s.clock(), RunRunning)
	if err != nil {
		return fmt.Errorf("end a run: %w", err)
	}
	return nil
}

func (s *Service) insertRun(ctx context.Context, r RuleRun) error {
	tenant, err := tenantOf(ctx)
	if err != nil {
		return err
	}
	_, err = s.db.Exec(ctx, `INSERT INTO rule_runs (tenant_id, id, rule_id, revision, state, position, total, done, gained, lost, started_at)
		VALUES ($1, $2, $3, $4, $5, $6, 0, 0, 0, 0, $7)`, tenant, r.ID, r.Rule, r.Revision, r.State, r.position, r.StartedAt)
	if err != nil {
		return fmt.Errorf("start a run: %w", err)
	}
	return nil
}

// holdRun returns a run and keeps others from it until the end of the unit of work; ok is false when it is no longer running.
func (s *Service) holdRun(ctx context.Context, of id.ID) (r RuleRun, ok bool, err error) {
	tenant, err := tenantOf(ctx)
	if err != nil {
		return r, false, err
	}
	rows, err := s.db.QueryNow(ctx, `UPDATE rule_runs SET state = state WHERE tenant_id = $1 AND id = $2 AND state = $3 RETURNING `+runColumns, tenant, of, RunRunning)
	if err != nil {
		return r, false, fmt.Errorf("hold a run: %w", err)
	}
	defer func() { _ = rows.Close() }()
	if !rows.Next() {
		return r, false, rows.Err()
	}
	if r, err = scanRun(rows); err != nil {
		return r, false, fmt.Errorf("hold a run: %w", err)
	}
	return r, true, rows.Close()
}

func (s *Service) saveRun(ctx context.Context, r RuleRun) error {
	tenant, err := tenantOf(ctx)
	if err != nil {
		return err
	}
	_, err = s.db.Exec(ctx, `UPDATE rule_runs SET state = $3, position = $4, total = $5, done = $6, gained = $7, lost = $8, ended_at = $9
		WHERE tenant_id = $1 AND id = $2`, tenant, r.ID, r.State, r.position, r.Total, r.Done, r.Gained, r.Lost, moment(r.EndedAt))
	if err != nil {
		return fmt.Errorf("save a run: %w", err)
	}
	return nil
}

// Runs returns the latest run of some rules, by rule.
func (s *Service) Runs(ctx context.Context, rules []id.ID) (map[id.ID]RuleRun, error) {
	tenant, err := tenantOf(ctx)
	if err != nil {
		return nil, err
	}
	found, err := many(ctx, s, scanRun, `SELECT `+runColumns+` FROM rule_runs r WHERE tenant_id = $1 AND rule_id = ANY($2)
		AND NOT EXISTS (SELECT 1 FROM rule_runs n WHERE n.tenant_id = $1 AND n.rule_id = r.rule_id AND n.id > r.id)`, tenant, rules)
	if err != nil {
		return nil, fmt.Errorf("load runs: %w", err)
	}
	all := make(map[id.ID]RuleRun, len(found))
	for _, r := range found {
		all[r.Rule] = r
	}
	return all, nil
}

// openRuns are those runs of the tenant that were started by a time, the oldest first.
func (s *Service) openRuns(ctx context.Context, by time.Time) ([]RuleRun, error) {
	tenant, err := tenantOf(ctx)
	if err != nil {
		return nil, err
	}
	return many(ctx, s, scanRun, `SELECT `+runColumns+` FROM rule_runs WHERE tenant_id = $1 AND state = $2 AND started_at <= $3 ORDER BY id`, tenant, RunRunning, by)
}

// restRules are the tenant's rules that nobody has gone over since a time.
func (s *Service) restRules(ctx context.Context, since time.Time) ([]Rule, error) {
	return s.rulesWhere(ctx, `status = 'active' AND NOT EXISTS
		(SELECT 1 FROM rule_runs x WHERE x.tenant_id = $1 AND x.rule_id = rules.id AND (x.started_at > $3 OR x.state = 'running'))`, since)
}

// claimedBy returns up to limit people with a claim by a rule, those after the given one in the order of their ids.
func (s *Service) claimedBy(ctx context.Context, rule, after id.ID, limit int) ([]id.ID, error) {
	tenant, err := tenantOf(ctx)
	if err != nil {
		return nil, err
	}
	return many(ctx, s, func(from row) (of id.ID, err error) { return of, from.Scan(&of) },
		`SELECT user_id FROM claims WHERE tenant_id = $1 AND reason_id = $2 AND user_id > $3 AND reason = 'rule' ORDER BY user_id LIMIT $4`, tenant, rule, after, limit)
}

func (s *Service) countClaimedBy(ctx context.Context, rule id.ID) (count int64, err error) {
	tenant, err := tenantOf(ctx)
	if err != nil {
		return 0, err
	}
	err = s.db.QueryRow(ctx, `SELECT count(user_id) FROM claims WHERE tenant_id = $1 AND reason_id = $2 AND reason = 'rule'`, tenant, rule).Scan(&count)
	return count, err
}

// claimsOfPeople returns every claim of some people, by person.
func (s *Service) claimsOfPeople(ctx context.Context, people []id.ID) (map[id.ID][]Claim, error) {
	tenant, err := tenantOf(ctx)
	if err != nil {
		return nil, err
	}
	found, err := many(ctx, s, scanClaim, `SELECT license_id, user_id, reason, reason_id, since, priority FROM claims
		WHERE tenant_id = $1 AND user_id = ANY($2) ORDER BY user_id, license_id, since`, tenant, people)
	if err != nil {
		return nil, fmt.Errorf("read claims: %w", err)
	}
	return by(found, func(c Claim) id.ID { return c.User }), nil
}
