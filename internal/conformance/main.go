// Command conformance runs the tests that show items of the SCIM standards and of providers' behavior, and writes the table of
// all items with their verdicts, docs/scim-conformance.md.
//
//	go run ./internal/conformance          runs the tests and writes the table; fails when an item fails or is missing
//	go run ./internal/conformance --list   only tells which items nothing shows
//
// An item is shown by every test whose comment has a line "Conformance: ID ID", and by every conversation with providers whose
// head has "# Shows: ID ID". What is not done stands in excused.go with its reason. Run it from the root of the repository.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
)

const table = "docs/scim-conformance.md"

func main() {
	log.SetFlags(0)
	list := flag.Bool("list", false, "only tell which items nothing shows")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, *list)
	stop()
	if err != nil {
		log.Fatalf("conformance: %v", err)
	}
}

func run(ctx context.Context, listOnly bool) error {
	shown, err := find(".")
	if err != nil {
		return err
	}
	if missing := shown.missing(); len(missing) > 0 || listOnly {
		for _, one := range missing {
			fmt.Fprintf(os.Stdout, "%-24s %s\n", one.id, one.title)
		}
		if len(missing) > 0 {
			return fmt.Errorf("%d items are shown by no test and excused by no reason", len(missing))
		}
		return nil
	}
	results, err := runTests(ctx, shown.packages(), shown.tests())
	if err != nil {
		return err
	}
	text, failed := render(shown, results)
	if err := os.WriteFile(table, []byte(text), 0o644); err != nil { //nolint:gosec // a page of the docs
		return fmt.Errorf("write the table: %w", err)
	}
	log.Printf("wrote %s", table)
	if failed > 0 {
		return errors.New("an item is not as it should be: see the table")
	}
	return nil
}
