package main

import (
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// commands are all commands that do something.
func commands(t *testing.T) []*kong.Node {
	t.Helper()
	parser, err := kong.New(&cli{}, kong.Name("usher"), kong.Writers(io.Discard, io.Discard), kong.Vars{"version": "test"})
	if err != nil {
		t.Fatal(err)
	}
	leaves := parser.Model.Leaves(false)
	if len(leaves) < 14 {
		t.Fatalf("found %d commands only", len(leaves))
	}
	return leaves
}

func flagsOf(command *kong.Node) map[string]*kong.Flag {
	all := map[string]*kong.Flag{}
	for _, group := range command.AllFlags(false) {
		for _, flag := range group {
			if flag.Name != "help" {
				all[flag.Name] = flag
			}
		}
	}
	return all
}

func TestEveryFlagHasAnEnvironmentVariable(t *testing.T) {
	t.Parallel()
	for _, command := range commands(t) {
		taken := map[string]string{}
		for name, flag := range flagsOf(command) {
			if len(flag.Envs) != 1 || !strings.HasPrefix(flag.Envs[0], "USHER_") {
				t.Errorf("%s --%s can be set by %v", command.FullPath(), name, flag.Envs)
				continue
			}
			if other, again := taken[flag.Envs[0]]; again {
				t.Errorf("%s: --%s and --%s are both set by %s", command.FullPath(), name, other, flag.Envs[0])
			}
			taken[flag.Envs[0]] = name
			if flag.Help == "" {
				t.Errorf("%s --%s has no help", command.FullPath(), name)
			}
		}
	}
}

func TestEveryCommandSpeaksJSON(t *testing.T) {
	t.Parallel()
	for _, command := range commands(t) {
		if flagsOf(command)["json"] == nil {
			t.Errorf("%s has no --json", command.FullPath())
		}
		if command.Help == "" {
			t.Errorf("%s has no help", command.FullPath())
		}
	}
}

// TestEveryCommandButSimulateWorksBesideAServer looks for the flags that say where an installation keeps its things.
func TestEveryCommandButSimulateWorksBesideAServer(t *testing.T) {
	t.Parallel()
	for _, command := range commands(t) {
		path := strings.TrimPrefix(command.FullPath(), "usher ")
		apart := path == "version" || strings.HasPrefix(path, "simulate ")
		found := flagsOf(command)
		if (found["database"] == nil || found["data"] == nil) != apart {
			t.Errorf("%s takes --database: %v", path, found["database"] != nil)
		}
	}
}

// TestEveryFieldOfAFaultHasItsFlag knows the flags that faults of commands are told behind.
func TestEveryFieldOfAFaultHasItsFlag(t *testing.T) {
	t.Parallel()
	var all []string
	for _, command := range commands(t) {
		for name := range flagsOf(command) {
			all = append(all, name)
		}
	}
	for field, flag := range flags {
		if !slices.Contains(all, flag) {
			t.Errorf("%s is told as --%s, which no command has", field, flag)
		}
	}
}

// TestCommandsTakeWhatTheyAreDocumentedToTake names the flags that scripts of operators lean on.
func TestCommandsTakeWhatTheyAreDocumentedToTake(t *testing.T) {
	t.Parallel()
	taken := map[string]map[string]*kong.Flag{}
	for _, command := range commands(t) {
		taken[strings.TrimPrefix(command.FullPath(), "usher ")] = flagsOf(command)
	}
	for command, names := range map[string]string{
		"serve": "listen database data public-url tls-cert tls-key trusted-proxy demo json", "migrate": "database data json", "version": "json",
		"tenant create": "name slug plan", "tenant list": "json", "license create": "tenant product seats", "license list": "tenant",
		"scim create": "tenant name auto-assign license", "scim list": "tenant", "token create": "tenant name scope", "token list": "tenant", "token revoke": "json",
		"simulate okta": "base token users groups concurrency dialect seed json",
	} {
		flags, there := taken[command]
		if !there {
			t.Errorf("there is no %q", command)
			continue
		}
		for name := range strings.FieldsSeq(names) {
			if flags[name] == nil {
				t.Errorf("%s has no --%s", command, name)
			}
		}
	}
}
