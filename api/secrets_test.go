package api_test

import (
	"bytes"
	"database/sql"
	"encoding/base64"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/fakturgate/fakturgate/adapter"
	"github.com/fakturgate/fakturgate/adapter/klikpajak"
	"github.com/fakturgate/fakturgate/adapter/pajakio"
	"github.com/fakturgate/fakturgate/adapter/pjap"
	"github.com/fakturgate/fakturgate/api"
	"github.com/fakturgate/fakturgate/docs/docstest"
	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/handlers"
	"github.com/fakturgate/fakturgate/repository/repotest"
	"github.com/fakturgate/fakturgate/service"
	"github.com/fakturgate/fakturgate/simulator"
)

// canaries are secrets that must be seen nowhere.
var canaries = struct{ passphrase, token, client, user, connector, master string }{
	"Kanari-SIM-WRONG-Sandi", "kanari-provider-token", "kanari-client-secret", "kanari-user-token", "kanari-connector-token", "kanari-master-key-of-32-bytes-ok"}

// second and third are sellers that sign in at a provider by themselves.
const second, third = "0098765431109001", "0098765431109002"

// No passphrase, token, client secret or master key is in an answer, a log line, a metric, the
// database or the simulator's state, even when the connector says it back.
func TestNoSecretIsSeen(t *testing.T) {
	t.Parallel()
	for _, kind := range repotest.Kinds() {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			url, state := repotest.URL(t, kind), filepath.Join(t.TempDir(), "state")
			g := startWithCanaries(t, url, state)
			var seen bytes.Buffer
			look := func(a *answer) *answer { seen.Write(a.body); return a }

			look(g.put("/taxpayers/"+seller, `{"name": "PT Penjual", "channel": "pjap", "settings": {"provider": {"token": "`+canaries.token+`"}}}`).want(http.StatusOK))
			path := signersPath + "/" + siti
			look(g.put(path, `{"name": "Siti", "passphrase": "`+canaries.passphrase+`"}`).want(http.StatusCreated))
			look(g.put(path, `{"name": "", "passphrase": "`+canaries.passphrase+`\u0007"}`).want(http.StatusUnprocessableEntity))
			look(g.put(path, `{"name": "Siti", "passphrase": ["`+canaries.passphrase+`"]}`).want(http.StatusUnprocessableEntity))
			look(g.put(path, `{"name": "Siti", "passphrase": "`+canaries.passphrase+`"`).want(http.StatusBadRequest))
			id := document(look(g.post("/invoices", invoice("INV/1")).want(http.StatusAccepted))).ID
			if view := g.await(id, faktur.SavedInvalid); view.Reason.Code != "REG-KODJP-00024" || !strings.Contains(view.Reason.Message, "[secret]") {
				t.Errorf("the passphrase did not travel, or was not said back: %+v", view.Reason)
			}
			look(g.put("/taxpayers/"+second, `{"name": "PT Kedua", "channel": "klikpajak", "settings": {"provider": {"client_id": "app-1", "client_secret": "`+canaries.client+`"}}}`).want(http.StatusCreated))
			refused := document(look(g.post("/invoices", strings.ReplaceAll(invoice("INV/2"), seller, second)).want(http.StatusAccepted))).ID
			if view := g.await(refused, faktur.SavedInvalid); view.Reason.Code != "provider_refused" || !strings.Contains(view.Reason.Message, "[secret]") {
				t.Errorf("the client secret was not said back: %+v", view.Reason)
			}
			look(g.put("/taxpayers/"+third, `{"name": "PT Ketiga", "channel": "pajakio", "settings": {"provider": {"token": "`+canaries.user+`"}}}`).want(http.StatusCreated))
			look(g.put("/taxpayers/"+third+"/signers/"+siti, `{"name": "Siti", "position": "Direktur", "city": "Jakarta", "passphrase": "`+canaries.passphrase+`"}`).want(http.StatusCreated))
			turned := document(look(g.post("/invoices", strings.ReplaceAll(invoice("INV/3"), seller, third)).want(http.StatusAccepted))).ID
			if view := g.await(turned, faktur.SavedInvalid); view.Reason.Code != "provider_refused" || strings.Count(view.Reason.Message, "[secret]") != 2 {
				t.Errorf("token and passphrase were not said back: %+v", view.Reason)
			}
			for _, path := range []string{"/invoices/" + turned, "/invoices/" + turned + "/events", "/taxpayers/" + third, "/taxpayers/" + third + "/signers", "/invoices/" + refused, "/invoices/" + refused + "/events", "/taxpayers/" + second, "/invoices/" + id, "/invoices/" + id + "/events", "/events", "/audit", "/taxpayers", "/taxpayers/" + seller, signersPath} {
				look(g.get(path).want(http.StatusOK))
			}
			metrics := httptest.NewRecorder()
			g.internal.ServeHTTP(metrics, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
			kept, err := os.ReadFile(state)
			if err != nil || len(kept) == 0 {
				t.Fatalf("the simulator's state: %v", err)
			}
			for where, text := range map[string]string{"an answer": seen.String(), "the log": g.log.String(), "the metrics": metrics.Body.String(),
				"the simulator's state": string(kept), "the database": dump(t, kind, url)} {
				if len(text) == 0 {
					t.Errorf("%s is empty", where)
				}
				for _, secret := range []string{canaries.passphrase, canaries.token, canaries.client, canaries.user, canaries.connector, canaries.master} {
					if strings.Contains(text, secret) || strings.Contains(text, base64.StdEncoding.EncodeToString([]byte(secret))) {
						t.Errorf("%s is in %s", secret, where)
					}
				}
			}
		})
	}
}

// startWithCanaries runs a gateway whose secrets are the canaries, on a connector
// that says every passphrase back.
func startWithCanaries(t *testing.T, url, state string) *gateway {
	t.Helper()
	sim, err := simulator.New(simulator.Config{Token: canaries.connector, State: state})
	if err != nil {
		t.Fatal(err)
	}
	connector := httptest.NewServer(sayingBack(sim.Handler()))
	t.Cleanup(connector.Close)
	channel, err := pjap.New(pjap.Config{BaseURL: connector.URL, Token: canaries.connector})
	if err != nil {
		t.Fatal(err)
	}
	channels := append(providersSayingBack(t), channel)
	sealer, err := service.NewSealer([]byte(canaries.master))
	if err != nil {
		t.Fatal(err)
	}
	db := repotest.Open(t, url)
	g := &gateway{t: t, db: db, key: bootstrapKey, log: &logBuffer{}, client: docstest.Client(t)}
	logger := slog.New(slog.NewJSONHandler(g.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	g.service = service.New(service.Config{DB: db, Rules: faktur.NewRules(nil), Sealer: sealer, Channels: channels,
		Logger: logger, PollMin: 10 * time.Millisecond, Now: clock(true)})
	g.run(true)
	var public http.Handler
	registry := prometheus.NewRegistry()
	registry.MustRegister(g.service.Collectors()...)
	public, g.internal = api.New(api.Config{Handlers: &handlers.Handlers{Service: g.service, Logger: logger}, Logger: logger, Metrics: registry})
	server := httptest.NewServer(public)
	t.Cleanup(server.Close)
	g.url = server.URL
	if err := g.service.EnsureBootstrapKey(t.Context(), bootstrapKey); err != nil {
		t.Fatal(err)
	}
	g.put("/taxpayers/"+seller, `{"name": "PT Penjual", "channel": "pjap", "settings": {}}`).want(http.StatusCreated)
	return g
}

// providersSayingBack are Klikpajak and Pajak.io, who refuse every invoice with
// the secrets in their words.
func providersSayingBack(t *testing.T) []adapter.Channel {
	t.Helper()
	saying := func(words string) string {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodGet {
				w.WriteHeader(http.StatusUnprocessableEntity)
				_, _ = w.Write([]byte(`{"code": 422, "status": "GAGAL", "message": "` + words + ` salah"}`))
				return
			}
			_, _ = w.Write([]byte(`{"data": []}`)) // it holds nothing
		}))
		t.Cleanup(server.Close)
		return server.URL
	}
	klikPajak, err := klikpajak.New(klikpajak.Config{BaseURL: saying("rahasia " + canaries.client)})
	if err != nil {
		t.Fatal(err)
	}
	pajakIO, err := pajakio.New(pajakio.Config{BaseURL: saying("token " + canaries.user + " sandi " + canaries.passphrase)})
	if err != nil {
		t.Fatal(err)
	}
	return []adapter.Channel{klikPajak, pajakIO}
}

// sayingBack turns the first call with a passphrase away with it in its words,
// and puts it into every reason.
func sayingBack(sim http.Handler) http.Handler {
	var turnedAway sync.Once
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		refused := false
		if bytes.Contains(body, []byte(canaries.passphrase)) {
			turnedAway.Do(func() { refused = true })
		}
		if refused {
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusBadRequest)
			_, _ = w.Write([]byte(`{"code": "odd", "detail": "passphrase ` + canaries.passphrase + ` and ` + canaries.connector + `"}`))
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		answer := httptest.NewRecorder()
		sim.ServeHTTP(answer, r)
		w.Header().Set("Content-Type", answer.Header().Get("Content-Type"))
		w.WriteHeader(answer.Code)
		_, _ = w.Write(bytes.ReplaceAll(answer.Body.Bytes(), []byte("passphrase salah"), []byte("passphrase "+canaries.passphrase+" salah")))
	})
}

// dump is all that a database holds.
func dump(t *testing.T, kind, url string) string {
	t.Helper()
	var all strings.Builder
	if path, ok := strings.CutPrefix(url, "sqlite:"); ok {
		for _, suffix := range []string{"", "-wal"} {
			content, err := os.ReadFile(path + suffix)
			if err != nil {
				t.Fatal(err)
			}
			all.Write(content)
		}
		return all.String()
	}
	db, err := sql.Open(kind, url)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, table := range column(t, db, `SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'`) {
		all.WriteString(strings.Join(column(t, db, `SELECT row_to_json(t)::text FROM "`+table+`" AS t`), "\n"))
	}
	return all.String()
}

// column gives the one column that a query has.
func column(t *testing.T, db *sql.DB, query string) []string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var texts []string
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			t.Fatal(err)
		}
		texts = append(texts, text)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return texts
}
