package repository_test

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/repository"
	"github.com/fakturgate/fakturgate/repository/repotest"
)

// What was handed over longer ago than a call takes is of unknown fate; what is
// just being handed over is not.
func TestUnknownDocumentsAreCounted(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		accept(t, db, newAcceptance(t, db, "INV/1"))
		step := submitting(t, accept(t, db, newAcceptance(t, db, "INV/2")).Stored.Document)
		if _, err := db.Save(t.Context(), repository.Fence{}, []repository.Step{step}); err != nil {
			t.Fatal(err)
		}
		since := step.Document.Work.StatusSince
		for before, want := range map[time.Time]int64{since: 0, since.Add(time.Millisecond): 1} {
			depths, err := db.QueueDepths(t.Context(), before)
			if err != nil || len(depths) != 2 {
				t.Fatalf("%+v, %v", depths, err)
			}
			slices.SortFunc(depths, func(a, b repository.QueueDepth) int { return strings.Compare(a.Status, b.Status) })
			if depths[0].Unknown != 0 || depths[1].Status != "submitting" || depths[1].Count != 1 || depths[1].Unknown != want {
				t.Errorf("%+v, want %d unknown", depths, want)
			}
		}
	})
}

func TestEndpointsThatAreBehind(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		for _, e := range []string{"a1", "a2", "b1", "c1", "c2"} {
			addEndpoint(t, db, e[:1], e) // of tenants a, b, c; before any event
		}
		tellAt := func(tenant string, at time.Time) {
			if err := db.Tell(t.Context(), faktur.Event{Tenant: tenant, Type: "invoice.approved", At: at, Data: []byte(`{}`)}); err != nil {
				t.Fatal(err)
			}
		}
		tellAt("a", noon)
		tellAt("c", noon.Add(-time.Minute))
		tellAt("a", noon.Add(-time.Hour)) // behind another, so not the oldest that waits
		off, now := true, noon
		if _, err := db.ChangeEndpoint(t.Context(), "c", "c1", repository.EndpointChange{Disabled: &off}, now); err != nil {
			t.Fatal(err)
		}
		for _, lease := range take(t, db, "worker", time.Hour) {
			if lease.EndpointID == "a2" { // it has tried all, in vain
				save(t, db, lease, repository.Tried{Position: 3, FailedAt: noon})
			}
		}
		lags, err := db.EndpointLags(t.Context(), noon.Add(time.Second), 10)
		want := []repository.EndpointLag{{EndpointID: "c2", Oldest: noon.Add(-time.Minute).UnixMicro()}, {EndpointID: "a1", Oldest: noon.UnixMicro()}}
		if diff := cmp.Diff(want, lags); err != nil || diff != "" {
			t.Errorf("%v %s", err, diff)
		}
		if lags, err := db.EndpointLags(t.Context(), noon, 1); err != nil || len(lags) != 1 || lags[0].EndpointID != "c2" {
			t.Errorf("the one that is furthest behind: %v, %v", lags, err)
		}
		counts, err := db.EndpointCounts(t.Context())
		if err != nil || counts != (repository.EndpointCounts{Healthy: 3, Failing: 1, Disabled: 1}) {
			t.Errorf("%+v, %v", counts, err)
		}
	})
}

// What metrics ask costs by what waits, not by what there is: neither database
// reads a whole table of what is kept for good.
func TestMetricsReadNoWholeTable(t *testing.T) {
	t.Parallel()
	for _, kind := range repotest.Kinds() {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			url := repotest.URL(t, kind)
			db := repotest.Open(t, url)
			raw := fill(t, kind, url)
			execute(t, raw, "VACUUM", "ANALYZE")
			for _, c := range []struct {
				query string
				args  []any
				steps map[string]string
			}{
				{db.QueueDepthsQuery(), []any{int64(1)}, map[string]string{"postgres": "using documents_by_status", "sqlite": "COVERING INDEX documents_by_status"}},
				{db.EndpointLagsQuery(), []any{int64(1), int64(100)}, map[string]string{
					"postgres": "Index Cond: (ROW(tenant, \"position\") > ROW(e.tenant, e.\"position\"))", "sqlite": "events_tenant (tenant=? AND position>?)"}},
			} {
				plan := explain(t, raw, kind, c.query, c.args...)
				if !strings.Contains(plan, c.steps[kind]) || strings.Contains(plan, "Seq Scan on documents") || strings.Contains(plan, "Seq Scan on events") {
					t.Errorf("it reads more than it must, and not by %q:\n%s", c.steps[kind], plan)
				}
			}
		})
	}
}

// A list that few documents are in costs by these, not by what there is; in a new
// database, which knows nothing yet of how many there are, as in one that does.
func TestListsReadNoWholeTable(t *testing.T) {
	t.Parallel()
	for _, kind := range repotest.Kinds() {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			url := repotest.URL(t, kind)
			db := repotest.Open(t, url)
			raw := fill(t, kind, url)
			checkListPlans(t, db, raw, kind, "a new database")
			execute(t, raw, "VACUUM", "ANALYZE")
			checkListPlans(t, db, raw, kind, "a database with statistics")
		})
	}
}

func checkListPlans(t *testing.T, db *repository.DB, raw *sql.DB, kind, what string) {
	t.Helper()
	for index, filter := range map[string]repository.DocumentFilter{
		"document_bodies_newest":      {Kind: faktur.KindReturn},
		"document_bodies_taxpayer":    {Kind: faktur.KindInvoice, TaxpayerNPWP: "1000000000000007"},
		"document_bodies_counterpart": {Kind: faktur.KindInvoice, Buyer: "1000000000000009000000"},
		"document_references":         {Kind: faktur.KindInvoice, Reference: "INV/5"},
		"documents_other_reference":   {Kind: faktur.KindInvoice, Reference: "INV/5", Status: faktur.Queued},
		"documents_nsfp":              {Kind: faktur.KindInvoice, NSFP: "04002600000000001"},
		"documents_by_status":         {Kind: faktur.KindReturn, Status: faktur.SavedInvalid},
	} {
		filter.Limit = 51
		query, args := db.DocumentsQuery("a", filter)
		plan := explain(t, raw, kind, query, args...)
		if !strings.Contains(plan, index) || strings.Contains(plan, "Seq Scan") || strings.Contains(plan, "SCAN d ") ||
			index != "document_bodies_newest" && strings.Contains(plan, "document_bodies_newest") {
			t.Errorf("in %s %+v is not found by %s:\n%s", what, filter, index, plan)
		}
		few := filter.Reference != "" || filter.NSFP != ""
		if !few && (strings.Contains(plan, "Sort") || strings.Contains(plan, "ORDER BY")) {
			t.Errorf("in %s %+v is sorted, and not read in its order:\n%s", what, filter, plan)
		}
	}
}

// Nor does it read on through an index behind what it looks for.
func TestAListOfNothingReadsNextToNothing(t *testing.T) {
	t.Parallel()
	if !slices.Contains(repotest.Kinds(), "postgres") {
		return // SQLite does not say how many pages it read
	}
	url := repotest.URL(t, "postgres")
	db := repotest.Open(t, url)
	raw := fill(t, "postgres", url)
	checkNothingIsRead(t, db, raw, "a new database")
	execute(t, raw, "VACUUM", "ANALYZE")
	checkNothingIsRead(t, db, raw, "a database with statistics")
}

func checkNothingIsRead(t *testing.T, db *repository.DB, raw *sql.DB, what string) {
	t.Helper()
	for _, filter := range []repository.DocumentFilter{
		{Kind: faktur.KindReturn},
		{Kind: faktur.KindReturn, Status: faktur.SavedInvalid},
		{Kind: faktur.KindInvoice, TaxpayerNPWP: "2"},
		{Kind: faktur.KindInvoice, Buyer: "2"},
		{Kind: faktur.KindInvoice, Reference: "INV/none"},
		{Kind: faktur.KindInvoice, NSFP: "04002600000000001"},
	} {
		filter.Limit = 51
		query, args := db.DocumentsQuery("a", filter)
		plan := explain(t, raw, "postgres", "(ANALYZE, BUFFERS) "+query, args...)
		var pages, read int
		_, buffers, _ := strings.Cut(plan, "Buffers: shared ")
		if n, _ := fmt.Sscanf(buffers, "hit=%d read=%d", &pages, &read); n == 0 || pages+read > 20 {
			t.Errorf("in %s %+v reads %d pages:\n%s", what, filter, pages+read, plan)
		}
	}
}

// How many documents have a status changes faster than what a database knows of
// it. With its statistics taken while all of them waited, the plan is the same.
func TestAListByStatusDoesNotGoByStatistics(t *testing.T) {
	t.Parallel()
	for _, kind := range repotest.Kinds() {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			url := repotest.URL(t, kind)
			db := repotest.Open(t, url)
			raw := fill(t, kind, url)
			execute(t, raw, "UPDATE documents SET status = 'queued'", "VACUUM", "ANALYZE", "UPDATE documents SET status = 'approved'")
			for _, filter := range []repository.DocumentFilter{
				{Kind: faktur.KindInvoice, Status: faktur.Queued, Limit: 51}, {Kind: faktur.KindReturn, Status: faktur.SavedInvalid, BeforeID: "d5", Limit: 51},
			} {
				query, args := db.DocumentsQuery("a", filter)
				if plan := explain(t, raw, kind, query, args...); !strings.Contains(plan, "documents_by_status") || strings.Contains(plan, "Sort") {
					t.Errorf("%+v is not found in the order of its index:\n%s", filter, plan)
				}
			}
		})
	}
}

// fill puts 20,000 approved documents of 200 sellers and 400 buyers, with an event
// each, and 200 queued ones into a database, past all rules.
func fill(t *testing.T, kind, url string) *sql.DB {
	t.Helper()
	raw, err := sql.Open(kind, strings.TrimPrefix(url, "sqlite:"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { raw.Close() })
	if kind == "postgres" {
		raw.SetMaxOpenConns(1)
		execute(t, raw, "SET enable_seqscan = off") // as the gateway's sessions
	}
	execute(t, raw,
		`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20200)
			INSERT INTO documents (id, tenant, taxpayer_npwp, kind, reference, channel, shard, livemode, status, attempt,
			sequence, invoice_date, counterpart, upload_deadline, deadline_at, leave_by, turn_at, status_since, created_at, updated_at)
			SELECT 'd' || i, 'a', 1000000000000000 + i % 200, 'invoice', 'INV/' || i, 'pjap', 1, FALSE, CASE WHEN i <= 20000 THEN 'approved' ELSE 'queued' END, 1,
			1, '2026-11-22', (1000000000000000 + i % 400) || '000000', '2026-12-20', 1, 1, i, 1, 1, 1 FROM n`,
		`INSERT INTO document_bodies (document_id, content, assessment, content_hashes, tenant, kind, taxpayer_npwp, counterpart)
			SELECT id, '{}', '{}', '', tenant, kind, taxpayer_npwp, counterpart FROM documents`,
		`INSERT INTO document_references SELECT tenant, reference, taxpayer_npwp, kind, id FROM documents`,
		`INSERT INTO events (tenant, document_id, sequence, type, at, data) SELECT 'a', id, 1, 'invoice.approved', 1, '{}' FROM documents WHERE status = 'approved'`,
		`INSERT INTO webhook_endpoints (id, tenant, url, description, events, secret, position, created_at, updated_at)
			SELECT 'e' || id, 'a', '', '', '', '', 20000, 1, 1 FROM documents WHERE taxpayer_npwp = '1000000000000001'`,
	)
	return raw
}

func execute(t *testing.T, raw *sql.DB, statements ...string) {
	t.Helper()
	for _, statement := range statements {
		if _, err := raw.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

func explain(t *testing.T, raw *sql.DB, kind, query string, args ...any) string {
	t.Helper()
	command := "EXPLAIN "
	if kind == "sqlite" {
		command = "EXPLAIN QUERY PLAN "
	}
	rows, err := raw.QueryContext(t.Context(), command+query, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var plan strings.Builder
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		values := make([]any, len(columns))
		var text string
		for i := range values {
			values[i] = new(any)
		}
		values[len(values)-1] = &text
		if err := rows.Scan(values...); err != nil {
			t.Fatal(err)
		}
		plan.WriteString(text + "\n")
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return plan.String()
}

// While another transaction appends to the feed, the next one waits, and how long is measured.
func TestWaitsForTheFeedAreMeasured(t *testing.T) {
	t.Parallel()
	for _, kind := range repotest.Kinds() {
		if kind == "sqlite" {
			continue // there are none
		}
		url := repotest.URL(t, kind)
		db := repotest.Open(t, url)
		other, err := sql.Open(kind, url)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { other.Close() })
		tx, err := other.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.ExecContext(t.Context(), fmt.Sprint("SELECT pg_advisory_xact_lock(", repository.FeedLock, ")")); err != nil {
			t.Fatal(err)
		}
		told := make(chan error, 1)
		go func() {
			told <- db.Tell(context.Background(), faktur.Event{Tenant: "a", Type: "invoice.approved", At: noon, Data: []byte(`{}`)})
		}()
		awaitWaiter(t, other)
		seen := time.Now()
		for range 50 { // they take their time
			awaitWaiter(t, other)
		}
		least := time.Since(seen)
		if err := tx.Commit(); err != nil {
			t.Fatal(err)
		}
		if err := <-told; err != nil {
			t.Fatal(err)
		}
		registry := prometheus.NewRegistry()
		registry.MustRegister(db.Collectors()...)
		families, err := registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		h := families[0].GetMetric()[0].GetHistogram()
		if name := families[0].GetName(); name != "fakturgate_feed_lock_wait_seconds" || h.GetSampleCount() != 1 || h.GetSampleSum() < least.Seconds() {
			t.Errorf("%s has %d waits of %v s, want one of %v at least", name, h.GetSampleCount(), h.GetSampleSum(), least)
		}
	}
}

// awaitWaiter waits until somebody waits for an advisory lock in this database.
func awaitWaiter(t *testing.T, db *sql.DB) {
	t.Helper()
	for deadline := time.Now().Add(repotest.Patience); time.Now().Before(deadline); {
		var waiting int
		err := db.QueryRowContext(t.Context(), `SELECT COUNT(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
			AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`).Scan(&waiting)
		if err != nil {
			t.Fatal(err)
		}
		if waiting > 0 {
			return
		}
	}
	t.Fatal("nobody waits for the feed")
}
