// Package repotest opens a fresh, migrated database of each kind for a test.
//
// PostgreSQL is started once a test binary, on a unix socket in a folder of its
// own; it ends, and its folder goes, when the binary does. A machine without
// PostgreSQL fails the test: nothing is skipped. FAKTURGATE_TEST_DATABASES=sqlite
// leaves PostgreSQL out and is what `make test-fast` sets.
package repotest

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fakturgate/fakturgate/repository"
)

// Patience is how long a test waits for what others bring about. Only a test that
// fails waits so long, so it is far more than the busiest machine needs.
const Patience = 2 * time.Minute

// Each runs a test on a fresh database of every kind that is under test.
func Each(t *testing.T, test func(t *testing.T, db *repository.DB)) {
	t.Helper()
	for _, kind := range Kinds() {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			test(t, Open(t, URL(t, kind)))
		})
	}
}

// Kinds are the databases under test: sqlite and postgres, unless
// FAKTURGATE_TEST_DATABASES names fewer.
func Kinds() []string {
	if named := os.Getenv("FAKTURGATE_TEST_DATABASES"); named != "" {
		return strings.Split(named, ",")
	}
	return []string{"sqlite", "postgres"}
}

// SQLite opens a fresh SQLite file.
func SQLite(t testing.TB) *repository.DB { t.Helper(); return Open(t, URL(t, "sqlite")) }

// URL makes a fresh database of a kind and gives its address. PostgreSQL's is
// migrated already; SQLite's file does not exist yet.
func URL(t testing.TB, kind string) string {
	t.Helper()
	if kind == "sqlite" {
		return "sqlite:" + filepath.Join(t.TempDir(), "fakturgate.db")
	}
	return postgresURL(t)
}

// Open opens a database, migrates it, and closes it when the test ends.
func Open(t testing.TB, url string) *repository.DB {
	t.Helper()
	db, err := repository.Open(context.Background(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := db.MigrateUp(context.Background()); err != nil {
		t.Fatal(err)
	}
	return db
}

// server is the PostgreSQL of this test binary.
var server = sync.OnceValues(func() (*Server, error) {
	s, err := StartServer("fsync=off", "synchronous_commit=off", "full_page_writes=off")
	if err != nil {
		return nil, err
	}
	return s, s.migrateTemplate()
})

var databases atomic.Int64

func postgresURL(t testing.TB) string {
	t.Helper()
	s, err := server()
	if err != nil {
		t.Fatalf("PostgreSQL for tests: %v", err)
	}
	return s.create(t, "template_migrated")
}

// Create makes an empty database, without our schema, and gives its address. It
// goes when the test ends.
func (s *Server) Create(t testing.TB) string { t.Helper(); return s.create(t, "template1") }

// CreateNamed makes an empty database, without our schema, for a caller that is
// no test.
func (s *Server) CreateNamed(name string) error { return s.createNamed(name, "template1") }

func (s *Server) createNamed(name, template string) error {
	return s.admin("CREATE DATABASE " + name + " TEMPLATE " + template)
}

func (s *Server) create(t testing.TB, template string) string {
	t.Helper()
	name := fmt.Sprintf("test%d", databases.Add(1))
	if err := s.createNamed(name, template); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.admin("DROP DATABASE " + name + " WITH (FORCE)"); err != nil {
			t.Error(err)
		}
	})
	return s.URL(name)
}

func (s *Server) migrateTemplate() error {
	if err := s.admin("CREATE DATABASE template_migrated"); err != nil {
		return err
	}
	db, err := repository.Open(context.Background(), s.URL("template_migrated"))
	if err != nil {
		return err
	}
	if _, err := db.MigrateUp(context.Background()); err != nil {
		return err
	}
	return db.Close()
}

func (s *Server) admin(statement string) error {
	pool, err := sql.Open("postgres", s.URL("postgres"))
	if err != nil {
		return err
	}
	defer pool.Close()
	if _, err := pool.ExecContext(context.Background(), statement); err != nil {
		return fmt.Errorf("%s: %w", statement, err)
	}
	return nil
}
