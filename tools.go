//go:build tools

// Package tools pins the generators that build Usher, so that go.mod and go.sum hold their versions.
package tools

import (
	_ "entgo.io/ent/entc"
	_ "github.com/99designs/gqlgen"
	_ "github.com/99designs/gqlgen/graphql/introspection"
)
