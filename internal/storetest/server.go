package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// ErrNoPostgres says that this machine has no PostgreSQL that could be started.
var ErrNoPostgres = errors.New("no PostgreSQL was found: install it (Debian: postgresql; npm: @embedded-postgres), " +
	"or set USHER_TEST_POSTGRES to postgres://… of a server where databases may be created")

var errEnded = errors.New("it ended at once")

// Server is a PostgreSQL of this process's own, in a temporary folder. It ends with the process, however that ends.
type Server struct {
	address *url.URL
	alive   io.Closer     // as long as it is open the server lives
	done    chan struct{} // closed when it has ended
}

// ServerOptions say how a server keeps its data.
type ServerOptions struct {
	Durable bool // commits reach the disk, as in production; otherwise they do not, and tests are quick
}

// watchScript runs the server until its input ends, which it does when this process ends, even by a kill. Then it stops the
// server and removes the folder.
const watchScript = `PATH="$PATH:/usr/bin:/bin"
"$1" -D "$2/data" -c config_file="$2/data/postgresql.conf" >"$2/log" 2>&1 &
server=$!
cat >/dev/null
kill -INT $server 2>/dev/null
wait $server
rm -rf "$2"`

// Start starts a server from local binaries. It returns ErrNoPostgres when there are none.
func Start(ctx context.Context, options ServerOptions) (*Server, error) {
	bin, err := findBinaries()
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp(parentFolder(options), "usher-postgres-")
	if err != nil {
		return nil, fmt.Errorf("make a folder for PostgreSQL: %w", err)
	}
	started, err := startIn(ctx, bin, folder, options)
	if err != nil {
		_ = os.RemoveAll(folder)
		return nil, err
	}
	return started, nil
}

const (
	memory         = "/dev/shm"
	memoryRequired = 2 << 30
)

// parentFolder keeps what need not last in memory, where there is enough of it: copying a database is twenty times quicker.
func parentFolder(options ServerOptions) string {
	var stat syscall.Statfs_t
	if options.Durable || syscall.Statfs(memory, &stat) != nil || stat.Bavail*uint64(stat.Bsize) < memoryRequired {
		return ""
	}
	probe, err := os.CreateTemp(memory, "usher-")
	if err != nil {
		return ""
	}
	_ = probe.Close()
	_ = os.Remove(probe.Name())
	return memory
}

func startIn(ctx context.Context, bin, folder string, options ServerOptions) (*Server, error) {
	as, err := serverUser(folder)
	if err != nil {
		return nil, err
	}
	initialize := exec.CommandContext(ctx, filepath.Join(bin, "initdb"), "--pgdata="+filepath.Join(folder, "data"),
		"--username=usher", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")
	initialize.SysProcAttr, initialize.Dir = as, folder
	if said, err := initialize.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w: %s", err, bytes.TrimSpace(said))
	}
	if err := configure(folder, options); err != nil {
		return nil, err
	}
	watch := exec.Command("/bin/sh", "-c", watchScript, "sh", filepath.Join(bin, "postgres"), folder) //nolint:noctx // it lives as long as its input
	watch.SysProcAttr, watch.Dir = as, folder
	alive, err := watch.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start PostgreSQL: %w", err)
	}
	if err := watch.Start(); err != nil {
		return nil, fmt.Errorf("start PostgreSQL: %w", err)
	}
	query := url.Values{"host": {folder}, "sslmode": {"disable"}}
	server := &Server{
		address: &url.URL{Scheme: "postgres", User: url.User("usher"), Path: "/postgres", RawQuery: query.Encode()},
		alive:   alive, done: make(chan struct{}),
	}
	go func() { // it ends when alive is closed, by Stop or with this process
		defer close(server.done)
		_ = watch.Wait()
	}()
	if err := server.ready(ctx); err != nil {
		said, _ := os.ReadFile(filepath.Join(folder, "log"))
		_ = server.Stop()
		return nil, fmt.Errorf("start PostgreSQL: %w: %s", err, bytes.TrimSpace(said))
	}
	return server, nil
}

func configure(folder string, options ServerOptions) error {
	durable := "off"
	if options.Durable {
		durable = "on"
	}
	settings := []string{
		"listen_addresses = ''", "unix_socket_directories = '" + folder + "'", "max_connections = 300",
		"shared_buffers = '128MB'", "max_wal_size = '2GB'", "lc_messages = 'C'", "timezone = 'UTC'",
		"fsync = " + durable, "full_page_writes = " + durable, "synchronous_commit = on",
	}
	file, err := os.OpenFile(filepath.Join(folder, "data", "postgresql.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("configure PostgreSQL: %w", err)
	}
	_, err = file.WriteString(strings.Join(settings, "\n") + "\n")
	return errors.Join(err, file.Close())
}

// ready waits until the server answers.
func (s *Server) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	pause := time.NewTicker(20 * time.Millisecond)
	defer pause.Stop()
	for {
		err := ping(ctx, s.address.String())
		if err == nil {
			return nil
		}
		select {
		case <-s.done:
			return errEnded
		case <-ctx.Done():
			return err
		case <-pause.C:
		}
	}
}

// URL is the address of the server's maintenance database, for a user who may create databases.
func (s *Server) URL() string { return s.address.String() }

// Stop ends the server and removes its folder.
func (s *Server) Stop() error {
	err := s.alive.Close()
	<-s.done
	if errors.Is(err, os.ErrClosed) {
		return nil
	}
	return err
}

// findBinaries returns the folder of initdb and postgres.
func findBinaries() (string, error) {
	var folders []string
	if said, err := exec.Command("pg_config", "--bindir").Output(); err == nil { //nolint:noctx // it prints one line
		folders = append(folders, strings.TrimSpace(string(said)))
	}
	if found, err := exec.LookPath("initdb"); err == nil {
		folders = append(folders, filepath.Dir(found))
	}
	installed, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
	slices.SortFunc(installed, func(a, b string) int { return majorVersion(b) - majorVersion(a) })
	folders = append(folders, installed...)
	for dir, err := os.Getwd(); err == nil; dir = filepath.Dir(dir) {
		modules, _ := filepath.Glob(filepath.Join(dir, "node_modules", "@embedded-postgres", "*", "native", "bin"))
		inConsole, _ := filepath.Glob(filepath.Join(dir, "web", "node_modules", "@embedded-postgres", "*", "native", "bin"))
		folders = append(append(folders, modules...), inConsole...)
		if dir == filepath.Dir(dir) {
			break
		}
	}
	for _, folder := range folders {
		if runnable(folder, "initdb") && runnable(folder, "postgres") {
			return folder, nil
		}
	}
	return "", ErrNoPostgres
}

func majorVersion(bin string) int {
	version, _ := strconv.Atoi(filepath.Base(filepath.Dir(bin)))
	return version
}

func runnable(folder, name string) bool {
	info, err := os.Stat(filepath.Join(folder, name))
	return err == nil && !info.IsDir() && info.Mode()&0o111 != 0
}

// serverUser says as whom the server runs: PostgreSQL refuses root, so root hands the folder to somebody else. The process
// gets a group of its own, so that an interrupt at the keyboard leaves it to clean up.
func serverUser(folder string) (*syscall.SysProcAttr, error) {
	as := &syscall.SysProcAttr{Setpgid: true}
	if os.Getuid() != 0 {
		return as, nil
	}
	found, err := user.Lookup("postgres")
	if err != nil {
		found, err = user.Lookup("nobody")
	}
	if err != nil {
		return nil, fmt.Errorf("find somebody to run PostgreSQL, which refuses root: %w", err)
	}
	uid, errUID := strconv.ParseUint(found.Uid, 10, 32)
	gid, errGID := strconv.ParseUint(found.Gid, 10, 32)
	if err := errors.Join(errUID, errGID, os.Chown(folder, int(uid), int(gid))); err != nil {
		return nil, fmt.Errorf("hand the folder to %s: %w", found.Username, err)
	}
	as.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return as, nil
}
