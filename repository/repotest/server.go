package repotest

import (
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

// Server is a PostgreSQL server of our own.
type Server struct {
	bin, dir   string
	attributes *syscall.SysProcAttr
	settings   []string
	keep       io.Closer // the server ends when this is closed, by us or by our death
	ended      chan error
	shell      *os.Process
}

// URL is the address of one of the server's databases.
func (s *Server) URL(database string) string {
	q := url.Values{"host": {s.dir}, "user": {"postgres"}, "sslmode": {"disable"}}
	return "postgres:///" + database + "?" + q.Encode()
}

// OwnFolder gives a folder to the user that the server runs as.
func (s *Server) OwnFolder(dir string) error {
	if s.attributes.Credential == nil {
		return nil
	}
	return os.Chown(dir, int(s.attributes.Credential.Uid), int(s.attributes.Credential.Gid))
}

// Stop ends the server and removes its data.
func (s *Server) Stop() error {
	if err := s.keep.Close(); err != nil {
		return err
	}
	return <-s.ended
}

// Pid is the server's first process, the parent of all its others.
func (s *Server) Pid() (int, error) {
	text, err := os.ReadFile(filepath.Join(s.data(), "postmaster.pid"))
	if err != nil {
		return 0, err
	}
	first, _, _ := strings.Cut(string(text), "\n")
	return strconv.Atoi(first)
}

// Crash ends the server as a crash would, in the middle of everything, and
// keeps its data for Restart.
func (s *Server) Crash() error {
	pid, err := s.Pid()
	if err != nil {
		return err
	}
	// The shell first: it would clear up.
	if err := s.shell.Kill(); err != nil {
		return err
	}
	<-s.ended //nolint:errcheck // it says that it was killed, as it should be
	if err := syscall.Kill(pid, syscall.SIGQUIT); err != nil {
		return err
	}
	return until(20*time.Second, func() error {
		if _, err := os.Stat(filepath.Join(s.data(), "postmaster.pid")); err == nil {
			return errors.New("the crashed PostgreSQL does not end")
		}
		return nil
	})
}

// Kill ends the server and all of its children by kill -9, and keeps its data for
// Restart. Nobody gets to say goodbye, or to write anything out.
func (s *Server) Kill() error {
	pid, err := s.Pid()
	if err != nil {
		return err
	}
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		return err
	}
	pids := []int{pid}
	for child := range strings.FieldsSeq(string(children)) {
		n, err := strconv.Atoi(child)
		if err != nil {
			return err
		}
		pids = append(pids, n)
	}
	if err := s.shell.Kill(); err != nil { // first: it would clear up
		return err
	}
	<-s.ended //nolint:errcheck // it says that it was killed, as it should be
	for _, pid := range pids {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			return err
		}
	}
	err = until(20*time.Second, func() error {
		for _, pid := range pids {
			stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
			if err == nil && !strings.Contains(string(stat), ") Z ") {
				return errors.New("the killed PostgreSQL does not end")
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	// Until somebody reaps it, a dead process looks alive to the next server.
	return errors.Join(os.Remove(filepath.Join(s.data(), "postmaster.pid")), os.Remove(filepath.Join(s.dir, ".s.PGSQL.5432.lock")))
}

// Restart starts the server again on the data and the address that it had.
func (s *Server) Restart() error { return s.start() }

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
	s := &Server{bin: bin, dir: dir, attributes: attributes, settings: settings}
	initdb := exec.Command(filepath.Join(bin, "initdb"), "--no-sync", "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "-D", s.data()) //nolint:gosec,noctx // our own binary
	initdb.SysProcAttr, initdb.Dir = attributes, dir
	if out, err := initdb.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w\n%s", err, out)
	}
	return s, s.start()
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

// start runs the server below a shell that outlives us just long enough to end
// it and to clear up: its standard input closes when we do.
func (s *Server) start() error {
	const script = `"$@" & server=$!; cat >/dev/null; kill -INT $server; wait $server; rm -rf "$DIR"`
	args := []string{"-c", script, "sh", filepath.Join(s.bin, "postgres"), "-D", s.data(), "-k", s.dir, "-h", "", "-c", "max_connections=200"}
	for _, setting := range s.settings {
		args = append(args, "-c", setting)
	}
	shell := exec.Command("sh", args...) //nolint:gosec,noctx // it ends when its input closes
	shell.Dir, shell.SysProcAttr = s.dir, s.attributes
	shell.Env = append(os.Environ(), "DIR="+s.dir)
	log, err := os.CreateTemp("", "fgpg*.log") // a file, for a crashed server's children keep it open
	if err != nil {
		return err
	}
	defer log.Close()
	defer os.Remove(log.Name())
	shell.Stdout, shell.Stderr = log, log
	if s.keep, err = shell.StdinPipe(); err != nil {
		return err
	}
	if err := shell.Start(); err != nil {
		return err
	}
	s.shell, s.ended = shell.Process, make(chan error, 1)
	go func() { s.ended <- shell.Wait() }()
	if err := until(20*time.Second, func() error { return s.admin("SELECT 1") }); err != nil {
		output, _ := os.ReadFile(log.Name())
		return errors.Join(err, s.Stop(), errors.New(string(output)))
	}
	return nil
}

// until tries again until there is no error, or gives the last one.
func until(limit time.Duration, try func() error) error {
	deadline := time.Now().Add(limit)
	for {
		err := try()
		if err == nil || time.Now().After(deadline) {
			return err
		}
		time.Sleep(20 * time.Millisecond) // the server has no other way to say that it is up, or gone
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
	attributes.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return attributes, os.Chown(dir, uid, gid)
}
