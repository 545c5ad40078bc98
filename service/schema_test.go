package service_test

import (
	"context"
	"database/sql"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/repository"
	"github.com/fakturgate/fakturgate/repository/repotest"
	"github.com/fakturgate/fakturgate/service"
	"github.com/fakturgate/fakturgate/simulator"
)

// rawDatabase opens a migrated database beside what is under test.
func rawDatabase(t *testing.T, kind, url string) *sql.DB {
	t.Helper()
	repotest.Open(t, url)
	source := url
	if kind == "sqlite" {
		source = "file:" + strings.TrimPrefix(url, "sqlite:") + "?_pragma=busy_timeout(10000)"
	}
	raw, err := sql.Open(kind, source)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { raw.Close() })
	return raw
}

// laterRelease changes a schema as the rules for migrations allow: it only adds.
func laterRelease(t *testing.T, raw *sql.DB) {
	t.Helper()
	for _, statement := range []string{
		"ALTER TABLE taxpayers ADD COLUMN later TEXT NOT NULL DEFAULT ''",
		"ALTER TABLE documents ADD COLUMN later TEXT NOT NULL DEFAULT 'new'",
		"ALTER TABLE document_bodies ADD COLUMN later BIGINT NOT NULL DEFAULT 7",
		"ALTER TABLE events ADD COLUMN later TEXT NOT NULL DEFAULT ''",
		"ALTER TABLE webhook_endpoints ADD COLUMN later TEXT NOT NULL DEFAULT ''",
		"ALTER TABLE deliveries ADD COLUMN later BIGINT NOT NULL DEFAULT 0",
		"CREATE TABLE of_later (id TEXT PRIMARY KEY)",
		"CREATE INDEX documents_later ON documents (tenant, later)",
		"INSERT INTO goose_db_version (version_id, is_applied) VALUES (9001, TRUE)",
	} {
		if _, err := raw.ExecContext(context.Background(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

// A release works on the schema of a later one, so that both can run side by
// side while processes are restarted one after the other.
func TestAReleaseWorksOnALaterSchema(t *testing.T) {
	t.Parallel()
	for _, kind := range repotest.Kinds() {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			url := repotest.URL(t, kind)
			laterRelease(t, rawDatabase(t, kind, url))
			db := repotest.Open(t, url) // it migrates, and has nothing to do
			g := start(t, db, simulator.Config{})
			told := make(chan struct{}, 10)
			receiver := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { told <- struct{}{} }))
			t.Cleanup(receiver.Close)
			if _, err := g.CreateEndpoint(t.Context(), tenant, service.EndpointInput{URL: receiver.URL}); err != nil {
				t.Fatal(err)
			}
			g.becomes(t, g.post(t, "INV/1"), faktur.Approved)
			<-told
			g.becomes(t, g.post(t, "INV/2/SIM-SAVED-INVALID"), faktur.SavedInvalid)
		})
	}
}

// A later schema that took something away says which releases can still work
// there; the others refuse it before they touch anything.
func TestAReleaseRefusesASchemaThatItCannotWorkIn(t *testing.T) {
	t.Parallel()
	for _, kind := range repotest.Kinds() {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			url := repotest.URL(t, kind)
			raw := rawDatabase(t, kind, url)
			laterRelease(t, raw)
			if _, err := raw.ExecContext(t.Context(), "UPDATE installation SET value = '9001' WHERE name = 'oldest_schema'"); err != nil {
				t.Fatal(err)
			}
			db, err := repository.Open(t.Context(), url)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			_, err = db.MigrateTogether(t.Context())
			if err == nil || !strings.Contains(err.Error(), "the database has schema 9001, in which only releases that know schema 9001 or later can work") {
				t.Errorf("it starts all the same: %v", err)
			}
		})
	}
}
