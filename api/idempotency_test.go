package api_test

import (
	"database/sql"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fakturgate/fakturgate/handlers"
	"github.com/fakturgate/fakturgate/repository"
	"github.com/fakturgate/fakturgate/repository/repotest"
)

const idempotencyKey = "Idempotency-Key"

// The key goes before the reference: the same body replays, another is refused.
func TestAKeyReplaysAnInvoice(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		g := startWith(t, options{db: db})
		first := g.post("/invoices", invoice("A"), idempotencyKey, "k1").want(http.StatusAccepted)
		again := g.post("/invoices", invoice("A"), idempotencyKey, "k1").want(http.StatusAccepted)
		if string(again.body) != string(first.body) || again.header.Get("Idempotent-Replayed") != "true" ||
			again.header.Get("Location") != first.header.Get("Location") {
			t.Errorf("replayed %v %s", again.header, again.body)
		}
		g.post("/invoices", invoice("B"), idempotencyKey, "k1").problem(http.StatusUnprocessableEntity, "idempotency_key_reused")
		g.post("/invoices", invoice("A", `"quantity": "1"`, `"quantity": 1`), idempotencyKey, "k1").problem(http.StatusUnprocessableEntity, "idempotency_key_reused")
		// A refusal is not remembered.
		g.post("/invoices", invoice("C", `"100000.00"`, `"1.005"`), idempotencyKey, "k2").want(http.StatusUnprocessableEntity)
		g.post("/invoices", invoice("C"), idempotencyKey, "k2").want(http.StatusAccepted)
		// Another tenant's key is another key.
		other := g.as("other", "invoices:write", "admin")
		other.post("/invoices", invoice("A"), idempotencyKey, "k1").problem(http.StatusUnprocessableEntity, "seller_not_registered")
	})
}

// On every other POST too, and per route and document.
func TestAKeyReplaysEveryOtherPost(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		g := startWith(t, options{db: db})
		first := g.post("/invoices/batch", batch(invoice("A")), idempotencyKey, "k").want(http.StatusMultiStatus)
		again := g.post("/invoices/batch", batch(invoice("A")), idempotencyKey, "k").want(http.StatusMultiStatus)
		if string(again.body) != string(first.body) || again.header.Get("Idempotent-Replayed") != "true" || first.header.Get("Idempotent-Replayed") != "" {
			t.Errorf("replayed %v %s", again.header, again.body)
		}
		g.post("/invoices/batch", batch(invoice("B")), idempotencyKey, "k").problem(http.StatusUnprocessableEntity, "idempotency_key_reused")
		g.post("/invoices/validate", invoice("A"), idempotencyKey, "k").want(http.StatusOK)

		one := document(g.post("/invoices", invoice("ONE")).want(http.StatusAccepted)).ID
		two := document(g.post("/invoices", invoice("TWO")).want(http.StatusAccepted)).ID
		cancelled := g.post("/invoices/"+one+"/cancel", "", idempotencyKey, "k").want(http.StatusOK)
		if d := document(g.post("/invoices/"+two+"/cancel", "", idempotencyKey, "k").want(http.StatusOK)); d.ID != two {
			t.Errorf("the key of one document answered for another: %+v", d)
		}
		replayed := g.post("/invoices/"+one+"/cancel", "", idempotencyKey, "k").want(http.StatusOK)
		if string(replayed.body) != string(cancelled.body) || replayed.header.Get("Idempotent-Replayed") != "true" ||
			replayed.header.Get("ETag") == "" || replayed.header.Get("ETag") != cancelled.header.Get("ETag") {
			t.Errorf("replayed %v %s", replayed.header, replayed.body)
		}
		g.post("/invoices/"+one+"/reupload", "", idempotencyKey, "k").problem(http.StatusConflict, "transition_not_allowed")
		g.post("/invoices/"+one+"/reupload", `{"signer": "3174015506800001"}`, idempotencyKey, "k").problem(http.StatusConflict, "transition_not_allowed")
	})
}

// A dry run must not answer for the real import of the same list.
func TestAKeyNamesTheQueryToo(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		g := startWith(t, options{db: db})
		path, list := "/taxpayers/"+seller+"/status-imports", listTitles+"INV/1;22/11/2026;04002600000000001;Approved\r\n"
		post := func(query string) *answer {
			return g.post(path+query, list, "Content-Type", "text/csv", idempotencyKey, "k")
		}
		first := post("?dry_run=true").want(http.StatusOK)
		post("").problem(http.StatusUnprocessableEntity, "idempotency_key_reused")
		post("?dry_run=false").problem(http.StatusUnprocessableEntity, "idempotency_key_reused")
		if again := post("?dry_run=true").want(http.StatusOK); string(again.body) != string(first.body) || again.header.Get("Idempotent-Replayed") != "true" {
			t.Errorf("replayed %v %s", again.header, again.body)
		}
	})
}

// An answer whose keeping fails at first is kept all the same: the same key
// must not do the work again.
func TestAnAnswerIsKeptThoughTheFirstTryFails(t *testing.T) {
	t.Parallel()
	if !slices.Contains(repotest.Kinds(), "postgres") {
		return // only a sequence of PostgreSQL counts tries that were rolled back
	}
	url := repotest.URL(t, "postgres")
	g := startWith(t, options{db: repotest.Open(t, url)})
	raw, err := sql.Open("postgres", url)
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	if _, err := raw.ExecContext(t.Context(), `CREATE SEQUENCE tries;
		CREATE FUNCTION fail_once() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
			IF nextval('tries') = 1 THEN RAISE EXCEPTION 'not now'; END IF; RETURN NEW; END $$;
		CREATE TRIGGER fail_once BEFORE UPDATE ON idempotency_keys FOR EACH ROW EXECUTE FUNCTION fail_once()`); err != nil {
		t.Fatal(err)
	}
	body := `{"url": "` + receiver(t, 200) + `"}`
	first := g.post("/webhook-endpoints", body, idempotencyKey, "k").want(http.StatusCreated)
	if again := g.post("/webhook-endpoints", body, idempotencyKey, "k").want(http.StatusCreated); string(again.body) != string(first.body) {
		t.Errorf("a second endpoint: %s\n%s", again.body, first.body)
	}
}

// A key counts as abandoned after two minutes: its request ends before.
func TestARequestUnderAKeyEndsBeforeItsKeyIsFree(t *testing.T) {
	t.Parallel()
	g := start(t)
	h := &handlers.Handlers{Service: g.service, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))}
	r := httptest.NewRequestWithContext(handlers.WithVisit(t.Context(), &handlers.Visit{}), http.MethodPost, "/x", nil)
	r.Header.Set(idempotencyKey, "k")
	err := h.Once(func(w http.ResponseWriter, r *http.Request) error {
		ends, bounded := r.Context().Deadline()
		if left := time.Until(ends); !bounded || left > 90*time.Second {
			t.Errorf("it may run for %v", left)
		}
		w.WriteHeader(http.StatusOK)
		return nil
	})(httptest.NewRecorder(), r)
	if err != nil {
		t.Error(err)
	}
}

func TestAKeyIsVisibleASCII(t *testing.T) {
	t.Parallel()
	g := start(t)
	for name, key := range map[string]string{
		"nothing": "", "a space": "a b", "too long": strings.Repeat("k", 256), "not ASCII": "kunci-é",
	} {
		for _, path := range []string{"/invoices", "/invoices/validate"} {
			if a := g.post(path, invoice("A"), idempotencyKey, key); a.status != http.StatusUnprocessableEntity ||
				!strings.Contains(string(a.body), "idempotency_key_malformed") {
				t.Errorf("%s at %s answers %d %s", name, path, a.status, a.body)
			}
		}
	}
	g.post("/invoices", invoice("A"), idempotencyKey, strings.Repeat("k", 255)).want(http.StatusAccepted)
}
