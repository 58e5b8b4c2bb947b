package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// process is a server under load.
type process struct {
	base     string
	command  *exec.Cmd
	database int // the process of PostgreSQL, whose children do the work; 0 where the server has its database within
}

func (p *process) stop() {
	_ = p.command.Process.Kill()
	_ = p.command.Wait()
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it is closed at once
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

func (w *world) startUsher(ctx context.Context) (*process, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	return w.started(ctx, address, exec.Command(w.program, "serve", "--listen", address, "--database", w.database, "--data", w.data, //nolint:noctx // stop ends it
		"--scim-rate", "0"))
}

// started waits until a server is ready.
func (w *world) started(ctx context.Context, address string, command *exec.Cmd) (*process, error) {
	var said bytes.Buffer
	command.Stderr = &said
	if err := command.Start(); err != nil {
		return nil, err
	}
	p := &process{base: "http://" + address, command: command, database: w.postmaster}
	for range 400 {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, p.base+"/readyz", nil)
		if err != nil {
			return nil, err
		}
		if answer, err := http.DefaultClient.Do(r); err == nil {
			_ = answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return p, nil
			}
		}
		time.Sleep(25 * time.Millisecond)
	}
	p.stop()
	return nil, fmt.Errorf("%s is not ready: %s", command.Path, said.String())
}

// resident is the memory that a process holds, in bytes (Linux).
func (p *process) resident() int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.command.Process.Pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			n, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			if err != nil {
				return 0
			}
			return n << 10
		}
	}
	return 0
}

// busy is how long the processors have worked for the server and its database (Linux).
func (p *process) busy() time.Duration {
	sum, _ := worked(p.command.Process.Pid)
	if p.database == 0 {
		return sum
	}
	all, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return 0
	}
	for _, path := range all {
		of, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if err != nil {
			continue
		}
		if took, parent := worked(of); parent == p.database {
			sum += took
		}
	}
	return sum
}

// tick is what Linux counts the time of a process in.
const tick = 10 * time.Millisecond

// worked reads the processor time of a process and its parent; see proc(5). A process that has ended has none.
func worked(of int) (took time.Duration, parent int) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", of))
	if err != nil {
		return 0, 0
	}
	_, rest, _ := strings.Cut(string(text), ") ") // the name in front may have blanks
	fields := strings.Fields(rest)
	const parentAt, userAt, systemAt = 1, 11, 12
	if len(fields) <= systemAt {
		return 0, 0
	}
	for _, at := range []int{userAt, systemAt} {
		n, err := strconv.Atoi(fields[at])
		if err != nil {
			return 0, 0
		}
		took += time.Duration(n) * tick
	}
	if parent, err = strconv.Atoi(fields[parentAt]); err != nil {
		return 0, 0
	}
	return took, parent
}

// postmasterOf finds the process of a PostgreSQL whose socket is in a folder beside its data.
func postmasterOf(folder string) int {
	text, err := os.ReadFile(filepath.Join(folder, "data", "postmaster.pid"))
	if err != nil {
		return 0
	}
	first, _, _ := strings.Cut(string(text), "\n")
	of, err := strconv.Atoi(first)
	if err != nil {
		return 0
	}
	return of
}

// allocations is how often a process has allocated since its start.
func (p *process) allocations(ctx context.Context) float64 {
	answer, err := once(ctx, http.DefaultClient, p.base, ask{method: http.MethodGet, path: "/metrics"})
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(answer)) {
		if rest, ok := strings.CutPrefix(line, "go_memstats_mallocs_total "); ok {
			n, err := strconv.ParseFloat(strings.TrimSpace(rest), 64)
			if err != nil {
				return 0
			}
			return n
		}
	}
	return 0
}
