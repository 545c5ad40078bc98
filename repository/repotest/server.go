package repotest

import (
	"bytes"
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
	"syscall"
	"time"
)

// Server is a PostgreSQL server of our own.
type Server struct {
	dir   string
	keep  io.Closer // the server ends when this is closed, by us or by our death
	ended chan error
}

// URL is the address of one of the server's databases.
func (s *Server) URL(database string) string {
	q := url.Values{"host": {s.dir}, "user": {"postgres"}, "sslmode": {"disable"}}
	return "postgres:///" + database + "?" + q.Encode()
}

// Stop ends the server and removes its data.
func (s *Server) Stop() error {
	if err := s.keep.Close(); err != nil {
		return err
	}
	return <-s.ended
}

// StartServer starts a PostgreSQL server with settings like "fsync=off".
func StartServer(settings ...string) (*Server, error) {
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	// Short, because the path of a unix socket is limited to 107 bytes.
	dir, err := os.MkdirTemp("/tmp", "fgpg")
	if err != nil {
		return nil, err
	}
	attributes, err := asPostgres(dir)
	if err != nil {
		return nil, err
	}
	data := filepath.Join(dir, "data")
	initdb := exec.Command(filepath.Join(bin, "initdb"), "--no-sync", "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "-D", data) //nolint:gosec,noctx // our own binary
	initdb.SysProcAttr, initdb.Dir = attributes, dir
	if out, err := initdb.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w\n%s", err, out)
	}
	return start(bin, dir, data, attributes, settings)
}

// start runs the server below a shell that outlives us just long enough to end
// it and to clear up: its standard input closes when we do.
func start(bin, dir, data string, attributes *syscall.SysProcAttr, settings []string) (*Server, error) {
	const script = `"$@" & server=$!; cat >/dev/null; kill -INT $server; wait $server; rm -rf "$DIR"`
	args := []string{"-c", script, "sh", filepath.Join(bin, "postgres"), "-D", data, "-k", dir, "-h", "", "-c", "max_connections=200"}
	for _, setting := range settings {
		args = append(args, "-c", setting)
	}
	shell := exec.Command("sh", args...) //nolint:gosec,noctx // it ends when its input closes
	shell.Dir, shell.SysProcAttr = dir, attributes
	shell.Env = append(os.Environ(), "DIR="+dir)
	var output bytes.Buffer
	shell.Stdout, shell.Stderr = &output, &output
	keep, err := shell.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := shell.Start(); err != nil {
		return nil, err
	}
	s := &Server{dir: dir, keep: keep, ended: make(chan error, 1)}
	go func() { s.ended <- shell.Wait() }()
	if err := s.await(20 * time.Second); err != nil {
		return nil, errors.Join(err, s.Stop(), errors.New(output.String()))
	}
	return s, nil
}

func (s *Server) await(limit time.Duration) error {
	deadline := time.Now().Add(limit)
	for {
		err := s.admin("SELECT 1")
		if err == nil || time.Now().After(deadline) {
			return err
		}
		time.Sleep(20 * time.Millisecond) // the server has no other way to say that it is up
	}
}

// binaries finds the newest PostgreSQL as Debian installs it.
func binaries() (string, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(found) == 0 {
		return "", errors.New("no PostgreSQL in /usr/lib/postgresql: install it (apt-get install postgresql), or run `make test-fast`, which needs none")
	}
	slices.Sort(found)
	return filepath.Dir(found[len(found)-1]), nil
}

// asPostgres gives dir to the user postgres and says how to run as that user.
// PostgreSQL refuses to run as root; for anybody else there is nothing to do.
func asPostgres(dir string) (*syscall.SysProcAttr, error) {
	attributes := &syscall.SysProcAttr{Setpgid: true} // a Ctrl-C at the terminal is for the test, not for the server
	if os.Geteuid() != 0 {
		return attributes, nil
	}
	account, err := user.Lookup("postgres")
	if err != nil {
		return nil, err
	}
	uid, err := strconv.Atoi(account.Uid)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.Atoi(account.Gid)
	if err != nil {
		return nil, err
	}
	attributes.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)} //nolint:gosec // an id of the system's own
	return attributes, os.Chown(dir, uid, gid)
}
