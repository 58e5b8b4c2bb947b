package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"os/exec"
	"strings"
)

// results tell of each test, by folder and name, whether it passed on every database.
type results map[proof]bool

// runTests runs the tests of those names in some packages, on every database.
func runTests(ctx context.Context, packages, tests []string) (results, error) {
	args := []string{"test", "-json", "-count=1", "-timeout", "30m", "-run", "^(" + strings.Join(tests, "|") + ")$"}
	for _, folder := range packages {
		args = append(args, "./"+folder)
	}
	log.Printf("running the tests of %s", strings.Join(packages, ", "))
	command := exec.CommandContext(ctx, "go", args...) //nolint:gosec // names of tests and folders of this tree
	command.Env = append(os.Environ(), "CI=true")      // a database that is missing is a failure
	command.Stderr = os.Stderr
	out, err := command.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("run the tests: %w", err)
	}
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("run the tests: %w", err)
	}
	found := results{}
	reader := bufio.NewScanner(out)
	reader.Buffer(make([]byte, 0, 1<<16), 1<<24)
	for reader.Scan() {
		found.take(reader.Bytes())
	}
	if err := reader.Err(); err != nil {
		return nil, fmt.Errorf("read the results: %w", err)
	}
	// Tests that fail make the command fail; the table says which.
	_ = command.Wait()
	return found, nil
}

const module = "github.com/usherhq/usher/"

func (r results) take(line []byte) {
	var event struct {
		Action  string `json:"Action"`
		Package string `json:"Package"`
		Test    string `json:"Test"`
	}
	if json.Unmarshal(line, &event) != nil || event.Test == "" {
		return
	}
	of := proof{strings.TrimPrefix(event.Package, module), event.Test}
	switch event.Action {
	case "pass":
		r[of] = true
		log.Printf("ok    %s", event.Test)
	case "fail":
		r[of] = false
		log.Printf("FAIL  %s", event.Test)
	}
}
