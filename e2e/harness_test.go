// Package e2e tests whole processes: the gateway, the simulated tax system and a
// webhook receiver, each in a process of its own, over loopback only.
//
// Every test prints its seed; FAKTURGATE_E2E_SEED sets another one.
package e2e

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fakturgate/fakturgate/bench"
	"github.com/fakturgate/fakturgate/repository/repotest"
)

func TestMain(m *testing.M) {
	if os.Getenv(receiverVariable) != "" {
		os.Exit(receive())
	}
	code := m.Run()
	if err := clearUp(); err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		code = max(code, 1)
	}
	os.Exit(code)
}

// lookAtSources opens every folder of sources, so that go test's cache, which
// notes what a test opens, does not take an old binary's success for a new one's.
func lookAtSources() error {
	return filepath.WalkDir("..", func(_ string, entry fs.DirEntry, err error) error {
		if name := entry.Name(); err == nil && entry.IsDir() && (name == "node_modules" || name == "dist" || len(name) > 2 && name[0] == '.') {
			return fs.SkipDir
		}
		return err
	})
}

// workshop is where the binary under test is built, once a run.
var workshop = sync.OnceValues(func() (string, error) {
	if err := lookAtSources(); err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp("", "fakturgate-e2e")
	if err != nil {
		return "", err
	}
	out, err := exec.Command("go", "build", "-o", filepath.Join(dir, "fakturgate"), "../cmd/fakturgate").CombinedOutput()
	if err != nil {
		return dir, fmt.Errorf("build fakturgate: %w\n%s", err, out)
	}
	return dir, nil
})

// faulty is the path of the binary under test with the faults that it can be told to have.
var faulty = sync.OnceValues(func() (string, error) {
	used.workshop.Store(true)
	dir, err := workshop()
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "fakturgate-faulty")
	if out, err := exec.Command("go", "build", "-tags", "faults", "-o", path, "../cmd/fakturgate").CombinedOutput(); err != nil {
		return "", fmt.Errorf("build fakturgate with faults: %w\n%s", err, out)
	}
	return path, nil
})

// binary is the path of the binary under test.
func binary(t testing.TB) string {
	t.Helper()
	used.workshop.Store(true)
	dir, err := workshop()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "fakturgate")
}

// postgres is the PostgreSQL of this run, as a fresh installation sets it up:
// what it has committed is on the disk.
var postgres = sync.OnceValues(func() (*repotest.Server, error) { return repotest.StartServer() })

// used says which of the above have been made.
var used struct{ workshop, postgres atomic.Bool }

func clearUp() error {
	var errs []error
	if used.postgres.Load() {
		server, err := postgres()
		if err == nil {
			err = server.Stop()
		}
		errs = append(errs, err)
	}
	if used.workshop.Load() {
		dir, _ := workshop()
		errs = append(errs, os.RemoveAll(dir))
	}
	return errors.Join(errs...)
}

// newDatabase makes an empty database of a kind and gives its address.
func newDatabase(t testing.TB, kind string) string {
	t.Helper()
	if kind == "sqlite" {
		return "sqlite:" + filepath.Join(t.TempDir(), "fakturgate.db")
	}
	used.postgres.Store(true)
	server, err := postgres()
	if err != nil {
		t.Fatalf("PostgreSQL for tests: %v", err)
	}
	return server.Create(t)
}

// eachDatabase runs a test on every kind of database that is under test.
func eachDatabase(t *testing.T, test func(t *testing.T, kind string)) {
	t.Helper()
	for _, kind := range repotest.Kinds() {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			test(t, kind)
		})
	}
}

// seed makes a test's dice; it is printed with the test's name.
func seed(t *testing.T) uint64 {
	t.Helper()
	seed := uint64(20261122)
	if given := os.Getenv("FAKTURGATE_E2E_SEED"); given != "" {
		var err error
		if seed, err = strconv.ParseUint(given, 10, 64); err != nil {
			t.Fatalf("FAKTURGATE_E2E_SEED: %v", err)
		}
	}
	t.Logf("seed %d", seed)
	return seed
}

// patience is how long a test waits for what processes bring about. Only a test
// that fails waits so long, so it is far more than the busiest machine needs.
const patience = 3 * time.Minute

// eventually waits until a condition holds. It gives up when its patience
// is at an end, or when the test has failed anyway.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !condition(); time.Sleep(10 * time.Millisecond) {
		if t.Failed() {
			t.FailNow()
		}
		if time.Now().After(deadline) {
			t.Fatalf("not within %v: %s", patience, what)
		}
	}
}

func freeAddress(t testing.TB) string {
	t.Helper()
	address, err := bench.FreeAddress(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return address
}
