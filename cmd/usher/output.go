package main

import (
	"encoding/json"
	"fmt"
	"io"
	"runtime/debug"
	"strings"
	"text/tabwriter"
)

// printer writes what a command has to say.
type printer struct{ out, errs io.Writer }

// format is the flag of every command that prints a result.
type format struct {
	JSON bool `name:"json" help:"Print JSON for programs." env:"USHER_JSON"`
}

// show prints one JSON value, or the lines for a person.
func (p *printer) show(f format, value any, lines func(w io.Writer)) error {
	if f.JSON {
		text, err := json.MarshalIndent(value, "", "  ")
		if err != nil {
			return fmt.Errorf("print: %w", err)
		}
		_, err = fmt.Fprintln(p.out, string(text))
		return wrote(err)
	}
	table := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0) //nolint:mnd // two blanks between columns
	lines(table)
	return wrote(table.Flush())
}

func wrote(err error) error {
	if err != nil {
		return fmt.Errorf("print: %w", err)
	}
	return nil
}

// line prints the cells of a row.
func line(w io.Writer, cells ...any) {
	texts := make([]string, len(cells))
	for i, cell := range cells {
		texts[i] = fmt.Sprint(cell)
	}
	fmt.Fprintln(w, strings.Join(texts, "\t"))
}

type versionCommand struct {
	format
}

// Run tells the version.
func (c *versionCommand) Run(p *printer) error {
	return p.show(c.format, map[string]string{"version": version()}, func(w io.Writer) { line(w, "usher "+version()) })
}

// version is what the build knows of itself: a release's tag, or a commit.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" {
			return setting.Value
		}
	}
	return "development"
}
