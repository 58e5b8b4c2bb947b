package graph

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"sync"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"
)

// Bounds of one request. Those of the document hold before it is validated: validating many fields of one name takes
// quadratic time, so that 40 KB of them would hold a core for seconds.
const (
	maxDocument   = 64 << 10 // bytes
	maxVariables  = 4 << 20  // bytes
	maxTokens     = 2000
	maxAliases    = 50
	maxDirectives = 50
	maxDepth      = 12
	maxFields     = 2000 // after fragments are spread
	maxRepeats    = 2000 // pairs of fields with one name in one place
	maxCost       = 10000
	maxErrors     = 10
	maxVarDepth   = 32
)

// checkedDocuments remembers documents that passed the bounds and, for the executor, their validated form.
type checkedDocuments struct {
	mu        sync.Mutex
	documents map[string]*ast.QueryDocument
}

const rememberedDocuments = 512

func newCheckedDocuments() *checkedDocuments {
	return &checkedDocuments{documents: make(map[string]*ast.QueryDocument)}
}

// Get returns the validated form of a document.
func (c *checkedDocuments) Get(_ context.Context, query string) (*ast.QueryDocument, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	document := c.documents[query]
	return document, document != nil
}

// Add remembers the validated form of a document, forgetting all others when there are too many.
func (c *checkedDocuments) Add(_ context.Context, query string, document *ast.QueryDocument) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.documents) >= rememberedDocuments {
		clear(c.documents)
	}
	c.documents[query] = document
}

// check refuses a document that is out of bounds. A document that was valid before has been checked before.
func (c *checkedDocuments) check(ctx context.Context, query string) error {
	if _, known := c.Get(ctx, query); known {
		return nil
	}
	if len(query) > maxDocument {
		return errTooLarge.Sayf("the document has more than %d bytes", maxDocument)
	}
	document, err := parser.ParseQueryWithTokenLimit(&ast.Source{Input: query}, maxTokens)
	if err != nil {
		return parseError(err)
	}
	if len(document.Operations) != 1 {
		return errBody.Sayf("send one operation a request, not %d", len(document.Operations))
	}
	m := measure{fragments: document.Fragments}
	return m.operation(document.Operations[0])
}

// subscribes tells whether a document is a subscription. One that cannot be read is none.
func (c *checkedDocuments) subscribes(ctx context.Context, query string) bool {
	document, known := c.Get(ctx, query)
	if !known {
		if len(query) > maxDocument {
			return false
		}
		var err error
		if document, err = parser.ParseQueryWithTokenLimit(&ast.Source{Input: query}, maxTokens); err != nil {
			return false
		}
	}
	return len(document.Operations) == 1 && document.Operations[0].Operation == ast.Subscription
}

func parseError(err error) error {
	var known *gqlerror.Error
	if e, ok := err.(*gqlerror.Error); ok { //nolint:errorlint // the parser returns it bare
		known = e
	}
	if known == nil {
		return errBody.Because(err)
	}
	return errBody.Sayf("the document cannot be read: %s", known.Message)
}

// measure walks a document as it would be spread out, and stops at the first bound.
type measure struct {
	fragments                   ast.FragmentDefinitionList
	fields, aliases, directives int
	repeats                     int
	open                        []string
}

func (m *measure) operation(o *ast.OperationDefinition) error {
	m.directives += len(o.Directives)
	return m.selection(o.SelectionSet, 1)
}

// selection measures one place of the answer: all fields that end up beside each other, through whatever fragments.
func (m *measure) selection(set ast.SelectionSet, depth int) error {
	if depth > maxDepth {
		return errTooMuch.Sayf("the query is more than %d levels deep", maxDepth)
	}
	var fields []*ast.Field
	if err := m.spread(set, &fields); err != nil {
		return err
	}
	seen := make(map[string]int, len(fields))
	for _, field := range fields {
		m.repeats += seen[field.Alias]
		seen[field.Alias]++
	}
	if m.repeats > maxRepeats {
		return errTooMuch.Sayf("the query repeats the same field too often")
	}
	for _, field := range fields {
		if field.Name == "__schema" || field.Name == "__type" {
			continue // introspection: bounded by the tokens alone, and for administrators only
		}
		if err := m.selection(field.SelectionSet, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func (m *measure) spread(set ast.SelectionSet, into *[]*ast.Field) error {
	for _, selected := range set {
		switch s := selected.(type) {
		case *ast.Field:
			if err := m.count(s); err != nil {
				return err
			}
			*into = append(*into, s)
		case *ast.InlineFragment:
			m.directives += len(s.Directives)
			if err := m.spread(s.SelectionSet, into); err != nil {
				return err
			}
		case *ast.FragmentSpread:
			m.directives += len(s.Directives)
			if err := m.fragment(s.Name, into); err != nil {
				return err
			}
		}
	}
	return nil
}

func (m *measure) fragment(name string, into *[]*ast.Field) error {
	fragment := m.fragments.ForName(name)
	if fragment == nil || slices.Contains(m.open, name) {
		return nil // unknown or circular: the validator says so
	}
	m.fields++
	m.open = append(m.open, name)
	defer func() { m.open = m.open[:len(m.open)-1] }()
	return m.spread(fragment.SelectionSet, into)
}

func (m *measure) count(f *ast.Field) error {
	m.fields++
	m.directives += len(f.Directives)
	if f.Alias != f.Name {
		m.aliases++
	}
	switch {
	case m.fields > maxFields:
		return errTooMuch.Sayf("the query names more than %d fields", maxFields)
	case m.aliases > maxAliases:
		return errTooMuch.Sayf("the query has more than %d aliases", maxAliases)
	case m.directives > maxDirectives:
		return errTooMuch.Sayf("the query has more than %d directives", maxDirectives)
	}
	return nil
}

func readVariables(text []byte) (map[string]any, error) {
	depth := 0
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	for {
		token, err := decoder.Token()
		if err != nil {
			break
		}
		if bracket, ok := token.(json.Delim); ok {
			if bracket == '{' || bracket == '[' {
				depth++
			} else {
				depth--
			}
			if depth > maxVarDepth {
				return nil, errTooMuch.Sayf("the variables are more than %d levels deep", maxVarDepth)
			}
		}
	}
	var variables map[string]any
	decoder = json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&variables); err != nil {
		return nil, errBody.Sayf("variables must be a JSON object").Because(err)
	}
	return variables, nil
}
