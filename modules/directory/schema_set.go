package directory

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/usherhq/usher/internal/id"
)

// SchemaSet are the schemas of a tenant at a time. It is shared and never changes: another set has another address.
type SchemaSet struct {
	All []*Schema // by their URN

	byURN   map[string]*Schema
	leaving map[string]bool // URNs of removed schemas of which there may still be what was never shown
	hides   bool            // some attribute is never shown
	fields  *fieldSet       // what filters and sorts of people can name
}

var noSchemas = &SchemaSet{fields: userFields}

func newSchemaSet(all []*Schema) *SchemaSet {
	k := &SchemaSet{byURN: make(map[string]*Schema, len(all)), leaving: map[string]bool{}}
	for _, s := range all {
		if s.Status == schemaRemoving {
			k.leaving[urnKey(s.URN)] = true
			continue
		}
		k.All = append(k.All, s)
		k.byURN[urnKey(s.URN)] = s
		s.leaves(func(parent, leaf *Attribute) {
			s.hides = s.hides || leaf.hidden() || parent != nil && parent.hidden()
			s.uniques = s.uniques || leaf.unique()
		})
		k.hides = k.hides || s.hides
	}
	k.fields = k.allFields()
	return k
}

// Hidden tells whether nobody is shown what stands under a URN: its schema has been removed, and what was never shown is still
// to be erased.
func (k *SchemaSet) Hidden(urn string) bool { return k.leaving[urnKey(urn)] }

// allFields are those of people and the attributes of the schemas. What is never shown cannot be asked for either: a filter
// would tell it letter by letter.
func (k *SchemaSet) allFields() *fieldSet {
	var own []field
	unshown, waiting := map[string]bool{}, map[string]bool{}
	for _, s := range k.All {
		if s.Status == SchemaIndexing {
			waiting[s.URN] = true
		}
		s.leaves(func(parent, leaf *Attribute) {
			holder := leaf
			if parent != nil {
				holder = parent
			}
			if holder.hidden() || leaf.hidden() {
				unshown[attributeKey(s.URN, holder.Name)] = true
				return
			}
			own = append(own, field{s.code + leaf.number, leaf.path(parent), s.URN, leaf.kind(), holder.MultiValued})
		})
	}
	all := userFields.with(own)
	all.unshown, all.waiting = unshown, waiting
	return all
}

// ByURN returns the schema of a URN, without case, or nil.
func (k *SchemaSet) ByURN(urn string) *Schema { return k.byURN[urnKey(urn)] }

// urnKey is what URNs are compared by.
func urnKey(urn string) string { return strings.ToLower(urn) }

// public leaves out of a person's rendered attributes what is never shown to anybody.
func (k *SchemaSet) public(text []byte) ([]byte, error) {
	if !k.hides && len(k.leaving) == 0 {
		return text, nil
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(text, &all); err != nil {
		return nil, err
	}
	count := len(all)
	maps.DeleteFunc(all, func(name string, _ json.RawMessage) bool { return k.Hidden(name) })
	changed := len(all) < count
	for _, s := range k.All {
		object := objectOf(all[s.URN])
		if object == nil || !withoutHidden(s.Attributes, object) {
			continue
		}
		changed = true
		if len(object) == 0 {
			delete(all, s.URN)
			continue
		}
		rendered, err := json.Marshal(object)
		if err != nil {
			return nil, err
		}
		all[s.URN] = rendered
	}
	if !changed {
		return text, nil
	}
	return json.Marshal(all)
}

// withoutHidden takes out what is never shown, and tells whether there was any.
func withoutHidden(attributes []Attribute, object map[string]any) bool {
	found := false
	for i := range attributes {
		a := &attributes[i]
		value, there := object[a.Name]
		switch {
		case !there:
		case a.hidden():
			delete(object, a.Name)
			found = true
		default:
			elements, isList := value.([]any)
			if !isList {
				elements = []any{value}
			}
			for _, element := range elements {
				if parts, ok := element.(map[string]any); ok && withoutHidden(a.SubAttributes, parts) {
					found = true
				}
			}
		}
	}
	return found
}

const (
	schemaLife     = time.Second // how long another replica may not know of a change, should the news of it be lost
	maxKnownTenant = 10_000
)

// schemaCache remembers the schemas of tenants for a moment.
type schemaCache struct {
	mu    sync.RWMutex
	known map[id.ID]knownSet
	news  int // how often something was heard of
}

type knownSet struct {
	set   *SchemaSet
	until time.Time
}

func newSchemaCache() *schemaCache { return &schemaCache{known: map[id.ID]knownSet{}} }

func (c *schemaCache) find(tenant id.ID, now time.Time) (*SchemaSet, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	found, ok := c.known[tenant]
	return found.set, ok && now.Before(found.until)
}

// heard tells how much news there has been: what was loaded before the last of it is not to be kept.
func (c *schemaCache) heard() int {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.news
}

// keep remembers a set, or only prolongs the one that is known when nothing has changed, so that what was made of it stays good.
func (c *schemaCache) keep(tenant id.ID, set *SchemaSet, until time.Time, news int) *SchemaSet {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.news != news {
		return set
	}
	if was, ok := c.known[tenant]; ok && was.set.same(set) {
		set = was.set
	}
	if len(c.known) >= maxKnownTenant {
		clear(c.known)
	}
	c.known[tenant] = knownSet{set: set, until: until}
	return set
}

func (c *schemaCache) forget(tenant id.ID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.news++
	if found, ok := c.known[tenant]; ok {
		found.until = time.Time{}
		c.known[tenant] = found
	}
}

func (c *schemaCache) forgetAll() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.news++
	for tenant, found := range c.known {
		found.until = time.Time{}
		c.known[tenant] = found
	}
}

// same tells whether two sets are of the same versions.
func (k *SchemaSet) same(other *SchemaSet) bool {
	return maps.Equal(k.leaving, other.leaving) &&
		slices.EqualFunc(k.All, other.All, func(a, b *Schema) bool { return a.ID == b.ID && a.Version == b.Version })
}

// Schemas returns the schemas of the caller's tenant, as they were a moment ago. For a tenant that asked a moment ago it asks no
// database.
func (s *Service) Schemas(ctx context.Context) (*SchemaSet, error) {
	q, err := scopeOf(ctx)
	if err != nil {
		return nil, err
	}
	return s.schemas(ctx, q)
}

func (s *Service) schemas(ctx context.Context, q scope) (*SchemaSet, error) {
	now := s.clock()
	if set, ok := s.known.find(q.tenant, now); ok {
		return set, nil
	}
	news := s.known.heard()
	set, err := s.loadSchemas(ctx, q)
	if err != nil {
		return nil, err
	}
	for _, one := range set.All {
		if one.Status == SchemaIndexing { // whoever began may be gone
			s.unready.add(q.tenant)
		}
	}
	return s.known.keep(q.tenant, set, now.Add(schemaLife), news), nil
}
