package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"text/tabwriter"
	"time"
)

func table(w io.Writer, all []result) {
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(out, "database\tconns\trow\tusher/s\tfloor/s\tratio\tp50 µs\tfloor\tp99 µs\tfloor\tcpu µs\tfloor\tallocs\tfloor\tMB\t")
	for _, r := range all {
		fmt.Fprintf(out, "%s\t%d\t%s\t%s\t%s\t%.2f\t%d\t%d\t%d\t%d\t%.0f\t%.0f\t%.0f\t%.0f\t%d\t\n", r.Database, r.Connections, r.Row, rate(r.Usher.PerSecond), rate(r.Floor.PerSecond), r.Ratio,
			r.Usher.P50, r.Floor.P50, r.Usher.P99, r.Floor.P99, r.Usher.CPU, r.Floor.CPU, r.Usher.Allocations, r.Floor.Allocations, r.Usher.Resident>>20)
	}
	_ = out.Flush()
}

// rate spells few with a digit more.
func rate(perSecond float64) string {
	if perSecond < 10 {
		return fmt.Sprintf("%.1f", perSecond)
	}
	return fmt.Sprintf("%.0f", perSecond)
}

// write tells everything to a reader of the terminal.
func (r *report) write(w io.Writer) {
	table(w, r.Results)
	for _, fact := range r.Facts {
		fmt.Fprintln(w, fact)
	}
	fmt.Fprint(w, r.verdicts())
}

// evidence is where --record writes, between the marks.
const (
	evidence   = "docs/evidence.md"
	recordFrom = "<!-- bench: from here on make bench writes -->\n"
	recordTo   = "<!-- bench: up to here -->\n"
)

// record puts the run into the evidence in the place of the last one.
func (r *report) record() error {
	text, err := os.ReadFile(evidence)
	if err != nil {
		return err
	}
	before, rest, ok := strings.Cut(string(text), recordFrom)
	_, after, ends := strings.Cut(rest, recordTo)
	if !ok || !ends {
		return fmt.Errorf("%s has no place for the benchmark: %s", evidence, strings.TrimSpace(recordFrom))
	}
	info, err := os.Stat(evidence)
	if err != nil {
		return err
	}
	return os.WriteFile(evidence, []byte(before+recordFrom+r.markdown()+recordTo+after), info.Mode().Perm())
}

func (r *report) markdown() string {
	var text bytes.Buffer
	fmt.Fprintf(&text, "\n## %s, the benchmark, commit %s\n\n", now().Format(time.DateOnly), r.Commit)
	fmt.Fprintf(&text, "`make bench` with %d people, %s. Server, database, floor and load share the cores. Each side of each row is measured %d times, in turn, and\n"+
		"the better one counts; cpu is of server and database together, memory is resident, after the row. Nothing in a run is random: the same rows are asked for in the same order.\n\n",
		r.Settings.People, r.Machine, rounds)
	var rows bytes.Buffer
	table(&rows, r.Results)
	for line := range strings.Lines(rows.String()) {
		text.WriteString("    " + strings.TrimRight(line, " \n") + "\n")
	}
	if len(r.Facts) > 0 {
		text.WriteByte('\n')
	}
	for _, fact := range r.Facts {
		text.WriteString("- " + fact + "\n")
	}
	text.WriteString(r.verdicts() + "\n")
	return text.String()
}

// machine says what everything ran on, and nothing of whose it is.
func machine(ctx context.Context, versions ...string) string {
	return fmt.Sprintf("%d cores, %s, %s", runtime.NumCPU(), runtime.Version(), strings.Join(append(versions, system(ctx)), ", "))
}

func system(ctx context.Context) string {
	text, err := exec.CommandContext(ctx, "uname", "-sm").Output()
	if err != nil {
		return runtime.GOOS + " " + runtime.GOARCH
	}
	return strings.TrimSpace(string(text))
}

// commit is what is measured, and whether it was changed since.
func commit(ctx context.Context) string {
	head, err := exec.CommandContext(ctx, "git", "rev-parse", "--short", "HEAD").Output()
	if err != nil {
		return "unknown"
	}
	changed, err := exec.CommandContext(ctx, "git", "status", "--porcelain", "--untracked-files=no").Output()
	if err != nil || len(bytes.TrimSpace(changed)) > 0 {
		return strings.TrimSpace(string(head)) + ", changed"
	}
	return strings.TrimSpace(string(head))
}
