//go:build ignore

// entc generates ent/generated from ent/schema. Run it from the repository root: go run -mod=mod ./ent/entc.go.
package main

import (
	"log"

	"entgo.io/ent/entc"
	"entgo.io/ent/entc/gen"
)

func main() {
	config := &gen.Config{
		Target:   "./ent/generated",
		Package:  "github.com/usherhq/usher/ent/generated",
		Features: []gen.Feature{gen.FeatureIntercept, gen.FeatureExecQuery, gen.FeatureModifier, gen.FeatureLock},
	}
	if err := entc.Generate("./ent/schema", config); err != nil {
		log.Fatalf("generate ent code: %v", err)
	}
}
