package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/fault"
	"github.com/usherhq/usher/modules/access"
	"github.com/usherhq/usher/scimadapter"
)

// welcome is what a server says once it runs.
type welcome struct {
	Listen       string     `json:"listen"`  // its address, with the port
	URL          string     `json:"url"`     // how clients reach it
	BaseURL      string     `json:"baseUrl"` // of SCIM
	GraphQLURL   string     `json:"graphqlUrl"`
	GraphiQLURL  string     `json:"graphiqlUrl"`
	ConsoleURL   string     `json:"consoleUrl"`
	OperatorFile string     `json:"operatorTokenFile"`
	Demo         *shownDemo `json:"demo,omitempty"`
}

// welcome says where everything is, once the server runs: to a person at once and again when the demo is there, to a program
// all in one value.
func (s *serving) welcome(ctx context.Context) error {
	said := welcome{
		Listen: s.address, URL: s.base, BaseURL: s.base + scimadapter.Base, GraphQLURL: s.base + "/graphql", GraphiQLURL: s.base + "/graphiql", ConsoleURL: s.base + consolePath,
		OperatorFile: filepath.Join(s.Data, "operator.token"),
	}
	if err := s.operatorToken(ctx, said.OperatorFile); err != nil {
		return err
	}
	lines := s.printer.out
	if s.JSON {
		lines = io.Discard
	}
	said.write(lines)
	if s.Demo {
		demo, err := s.demo(ctx, lines)
		if err != nil {
			return err
		}
		said.Demo = &demo
		demo.write(lines, said)
	} else {
		fmt.Fprint(lines, nextSteps)
	}
	if s.JSON {
		return s.printer.show(s.format, said, nil)
	}
	return nil
}

func (s welcome) write(w io.Writer) {
	fmt.Fprintf(w, `Usher is at %[1]s

  console    %[6]s
  SCIM       %[2]s
  GraphQL    %[3]s
  GraphiQL   %[4]s
  health     %[1]s/healthz, /readyz, /metrics
  operator   the access token in %[5]s opens GraphQL for every tenant
`, s.URL, s.BaseURL, s.GraphQLURL, s.GraphiQLURL, s.OperatorFile, s.ConsoleURL)
}

const nextSteps = `
Next: make a tenant, a license and a SCIM configuration; these work beside the running server:

  usher tenant create --name "Fjordline" --slug fjordline --plan advanced
  usher license create --tenant fjordline --product "Sales Navigator Advanced" --seats 100
  usher scim create --tenant fjordline --name Okta --provider okta --auto-assign --license sales-navigator-advanced
  usher console --tenant fjordline --admin you@example.com
`

// operatorToken keeps a good token of the operator in a file that only its owner can read.
func (s *serving) operatorToken(ctx context.Context, file string) error {
	held, err := readPrivate(file)
	switch {
	case err == nil:
		_, err := s.access.Authenticate(ctx, held)
		if f, refused := fault.As(err); err == nil || !refused || f.Kind != fault.Unauthenticated {
			return err
		}
		if err := os.Remove(file); err != nil {
			return fmt.Errorf("renew the operator's token: %w", err)
		}
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	_, secret, err := s.access.Issue(operator(ctx), access.Request{
		SubjectKind: access.SubjectOperator, Name: "operator", Scopes: caller.Scopes{caller.ScopeOperator},
	})
	if err != nil {
		return fmt.Errorf("issue the operator's token: %w", err)
	}
	if err := createPrivate(file, secret.Reveal()+"\n"); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("keep the operator's token: %w", err)
	}
	return nil
}
