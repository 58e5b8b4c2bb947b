// Package wire holds the few types that GraphQL's generated code needs and no module has: arbitrary JSON, and anything with an id.
package wire

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/99designs/gqlgen/graphql"
)

// Node is any thing that node(id) can return. The schema says which types these are.
type Node any

// MarshalJSON writes a JSON value as it is.
func MarshalJSON(value json.RawMessage) graphql.Marshaler {
	return graphql.WriterFunc(func(w io.Writer) {
		if len(value) == 0 {
			value = json.RawMessage("null")
		}
		_, _ = w.Write(value) // the writer is a buffer of the answer
	})
}

// UnmarshalJSON reads a JSON value of a client.
func UnmarshalJSON(value any) (json.RawMessage, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("read a JSON value: %w", err)
	}
	return text, nil
}
