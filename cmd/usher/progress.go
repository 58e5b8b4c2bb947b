package main

import (
	"fmt"
	"os"
	"time"

	"github.com/usherhq/usher/internal/clock"
	"github.com/usherhq/usher/internal/simulate"
)

// quiet is how long a command that is not watched on a terminal says nothing.
const quiet = 5 * time.Second

// progress shows how far a simulation is, on standard error: on a terminal in one line that changes, elsewhere in a line every
// few seconds. The second function ends it.
func (p *printer) progress(now clock.Clock) (show func(simulate.Progress), done func()) {
	if isTerminal(p.errs) {
		return func(at simulate.Progress) { fmt.Fprint(p.errs, "\r\x1b[K"+howFar(at)) }, func() { fmt.Fprintln(p.errs) }
	}
	said := now()
	return func(at simulate.Progress) {
		if now().Sub(said) >= quiet {
			said = now()
			fmt.Fprintln(p.errs, howFar(at))
		}
	}, func() {}
}

// counting shows how many of how many are done, as progress does.
func (p *printer) counting(now clock.Clock, what string) (show func(done, total int), over func()) {
	if isTerminal(p.errs) {
		return func(done, total int) { fmt.Fprintf(p.errs, "\r\x1b[K%d/%d %s", done, total, what) }, func() { fmt.Fprintln(p.errs) }
	}
	said := now()
	return func(done, total int) {
		if now().Sub(said) >= quiet {
			said = now()
			fmt.Fprintf(p.errs, "%d/%d %s\n", done, total, what)
		}
	}, func() {}
}

// howFar tells how far a simulation is, in less than the width of a terminal.
func howFar(at simulate.Progress) string {
	return fmt.Sprintf("%-36s %d/%d  %d calls, %d differences", at.Stage, at.Done, at.Total, at.Calls, at.Differences)
}

func isTerminal(w any) bool {
	file, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
