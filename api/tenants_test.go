package api_test

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/google/go-cmp/cmp"

	"github.com/fakturgate/fakturgate/adapter/coretax"
	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/handlers"
	"github.com/fakturgate/fakturgate/repository"
	"github.com/fakturgate/fakturgate/repository/repotest"
	"github.com/fakturgate/fakturgate/service"
)

const (
	otherSeller = "0023456785012000" // whose invoices go into files
	nobody      = "0199c9a4-7a52-7d0e-8f3c-2b1f6d1c9a10"
	ownersWord  = "PT Milik Sendiri" // stands in the owner's things only
)

// open are the routes that ask for no key.
var open = []string{"GET /", "GET /swagger", "GET /swagger/*", "GET /openapi.json", "GET /healthz", "GET /readyz"}

// owned is a tenant that has one of everything.
type owned struct {
	*gateway
	ids  map[string]string // by the beginning of the paths that name them
	line int               // of the file, that names an invoice
}

// ownEverything makes one of everything and waits until it is at rest.
func ownEverything(t *testing.T, db *repository.DB) owned {
	t.Helper()
	g := startWith(t, options{db: db, workers: true, change: func(c *service.Config) {
		c.Channels, c.GatherAfter = append(c.Channels, coretax.New()), time.Nanosecond
	}})
	g.put("/taxpayers/"+otherSeller, `{"name": "`+ownersWord+`", "channel": "coretax_xml", "settings": {}}`).want(http.StatusCreated)
	g.put(signersPath+"/"+siti, `{"name": "`+ownersWord+`", "passphrase": "`+secretWord+`"}`).want(http.StatusCreated)
	endpoint := decoded[service.Endpoint](g.post("/webhook-endpoints", `{"url": "`+receiver(t, http.StatusOK)+`", "description": "`+ownersWord+`"}`).want(http.StatusCreated))
	delivery := decoded[service.Delivery](g.post("/webhook-endpoints/"+endpoint.ID+"/test", "").want(http.StatusOK))
	approved := document(g.post("/invoices", invoice("INV/1", "PT Pembeli", ownersWord)).want(http.StatusAccepted)).ID
	again := document(g.post("/invoices", invoice("INV/2 SIM-SAVED-INVALID")).want(http.StatusAccepted)).ID
	filed := document(g.post("/invoices", strings.ReplaceAll(invoice("INV/3"), seller, otherSeller)).want(http.StatusAccepted)).ID
	returned := document(g.post("/returns", returned(t)).want(http.StatusAccepted)).ID
	g.await(again, faktur.SavedInvalid)
	job := decoded[service.ReuploadResult](g.post("/invoices/reupload", `{"references": ["INV/2 SIM-SAVED-INVALID"]}`).want(http.StatusAccepted))
	g.await(approved, faktur.Approved)
	eventually(t, func() bool {
		return decoded[service.ReuploadProgress](g.get("/invoices/reupload/"+job.ID).want(http.StatusOK)).Done == 1
	})
	g.await(filed, faktur.AwaitingUpload)
	eventually(t, func() bool {
		return decoded[faktur.StatusView](g.get("/returns/"+returned+"/status").want(http.StatusOK)).Status == faktur.Approved
	})
	eventually(t, func() bool {
		page := decoded[deliveryList](g.get("/webhook-endpoints/" + endpoint.ID + "/deliveries?state=delivered").want(http.StatusOK))
		return len(page.Data) == 4 // the test, one approval, and one that was refused twice
	})
	files := decoded[handlers.List[faktur.File]](g.get("/taxpayers/" + otherSeller + "/files").want(http.StatusOK)).Data
	content := string(g.get("/files/" + files[0].ID + "/content").want(http.StatusOK).body)
	before, _, _ := strings.Cut(content, "<TaxInvoice>")
	return owned{gateway: g, line: 1 + strings.Count(before, "\n"), ids: map[string]string{
		"/invoices/{id}": approved, "/invoices/reupload/{id}": job.ID, "/returns/{id}": returned, "/files/{id}": files[0].ID,
		"/webhook-endpoints/{id}": endpoint.ID, "/deliveries/{id}": delivery.ID, "/taxpayers/{npwp}/signers/{id}": siti,
	}}
}

// walked is a route of the routing table.
type walked struct{ method, pattern string }

func (r walked) String() string { return r.method + " " + r.pattern }

// walk lists the routing table itself, so that no route can be forgotten.
func (g *gateway) walk() []walked {
	g.t.Helper()
	var list []walked
	err := chi.Walk(g.public.(chi.Routes), func(method, pattern string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		list = append(list, walked{method, pattern})
		return nil
	})
	if err != nil || len(list) < 60 {
		g.t.Fatalf("the routing table has %d routes: %v", len(list), err)
	}
	return list
}

// guarded are the routes that ask for a key.
func (g *gateway) guarded() []walked {
	return slices.DeleteFunc(g.walk(), func(r walked) bool { return slices.Contains(open, r.String()) })
}

// path names the owner's thing, and a thing that nobody has.
func (o *owned) path(r walked) (own, none string) {
	o.t.Helper()
	id := ""
	for prefix, known := range o.ids {
		if strings.HasPrefix(r.pattern, prefix) {
			id = known
		}
	}
	npwp, nobodys := seller, nobody
	if strings.Contains(r.pattern, "/files") {
		npwp = otherSeller
	}
	if strings.Contains(r.pattern, "{id}") && id == "" {
		o.t.Fatalf("%s: no thing of the owner's is known for it; make one in ownEverything", r)
	}
	line := fmt.Sprint(o.line)
	own = strings.NewReplacer("{id}", id, "{npwp}", npwp, "{n}", line, "{list}", "units").Replace(r.pattern)
	if strings.Contains(r.pattern, "/signers") {
		nobodys = "3174015506809999"
	}
	none = strings.NewReplacer("{id}", nobodys, "{npwp}", "0099999999999000", "{n}", line, "{list}", "units").Replace(r.pattern)
	if strings.Contains(own, "{") {
		o.t.Fatalf("%s has a parameter that this walk does not know", r)
	}
	return own, none
}

// bodies are what routes are sent; "" is none. A route that takes a body and is
// not here fails the walk.
func bodies(t *testing.T) map[string]string {
	const since, list = `{"since": "2026-11-22T00:00:00Z"}`, "Referensi,Tanggal Faktur Pajak,Nomor Faktur Pajak,Status Faktur\nINV/1,22/11/2026,,Draft\nINV/3,22/11/2026,,Saved Invalid\n"
	return map[string]string{
		"PUT /taxpayers/{npwp}": `{"name": "PT Lain", "channel": "pjap", "settings": {}}`, "PUT /taxpayers/{npwp}/signers/{id}": `{"name": "X", "passphrase": "x"}`,
		"PUT /taxpayers/{npwp}/nsfp-ranges": `{"ranges": [{"first": "0002600000001", "last": "0002600000100"}]}`, "POST /taxpayers/{npwp}/status-imports": list,
		"POST /taxpayers/{npwp}/pause": "", "POST /taxpayers/{npwp}/resume": "", "POST /taxpayers/{npwp}/signers/{id}/pause": "", "POST /taxpayers/{npwp}/signers/{id}/resume": "",
		"POST /files/{id}/uploaded": "", "POST /files/{id}/rejected": `{"message": "no"}`,
		"POST /invoices": invoice("INV/9"), "POST /invoices/validate": invoice("INV/9"), "POST /invoices/batch": `{"invoices": [` + invoice("INV/9") + `]}`,
		"POST /invoices/reupload": `{"npwp": "` + seller + `"}`, "PUT /invoices/{id}": invoice("INV/1"), "POST /invoices/{id}/replace": invoice("INV/1"),
		"POST /invoices/{id}/reupload": "", "POST /invoices/{id}/cancel": "", "POST /invoices/{id}/resolve": `{"outcome": "not_filed"}`, "POST /returns/{id}/resolve": `{"outcome": "not_filed"}`,
		"POST /returns": returned(t), "POST /returns/validate": returned(t), "PUT /returns/{id}": returned(t), "POST /returns/{id}/reupload": "", "POST /returns/{id}/cancel": "",
		"POST /webhook-endpoints": `{"url": "https://127.0.0.1:1/"}`, "PATCH /webhook-endpoints/{id}": `{"disabled": true}`,
		"POST /webhook-endpoints/{id}/rotate-secret": "", "POST /webhook-endpoints/{id}/test": "", "POST /webhook-endpoints/{id}/recover": since, "POST /deliveries/{id}/redeliver": "",
	}
}

// ask sends a route what it takes.
func (g *gateway) ask(r walked, path string, header ...string) *answer {
	g.t.Helper()
	body, known := bodies(g.t.(*testing.T))[r.String()]
	if !known && slices.Contains([]string{"POST", "PUT", "PATCH"}, r.method) {
		g.t.Fatalf("what %s takes is not known to this walk; say it in bodies", r)
	}
	if strings.HasSuffix(r.pattern, "/status-imports") {
		header = append(header, "Content-Type", "text/csv")
	}
	return g.send(r.method, path, body, header...)
}

var everChanging = regexp.MustCompile(`"(request_id|instance)":"[^"]*"`)

// seen is everything of an answer that tells something: not who asked when and for what.
func (a *answer) seen() string {
	header := a.header.Clone()
	for _, name := range []string{"Date", "X-Request-Id", "Content-Length"} {
		header.Del(name)
	}
	return fmt.Sprintf("%d %v %s", a.status, header, everChanging.ReplaceAll(a.body, nil))
}

// everything is all that the owner can read.
func (o *owned) everything() string {
	var all strings.Builder
	for _, r := range o.guarded() {
		if r.method == http.MethodGet {
			path, _ := o.path(r)
			fmt.Fprintf(&all, "%s %s\n", r, o.ask(r, path).seen())
		}
	}
	return all.String()
}

// tellsNothing fails the test when an answer to another tenant holds anything of
// the owner's but the path that was asked for.
func (o *owned) tellsNothing(r walked, path string, a *answer) {
	o.t.Helper()
	told := strings.ReplaceAll(string(a.body), path, "")
	for _, word := range []string{ownersWord, o.ids["/invoices/{id}"], o.ids["/returns/{id}"], o.ids["/files/{id}"], o.ids["/webhook-endpoints/{id}"], o.ids["/deliveries/{id}"]} {
		if strings.Contains(told, word) {
			o.t.Errorf("%s tells another tenant %q: %s", r, word, a.body)
		}
	}
}

// Another tenant's things are not there: each route answers about them as about
// what nobody has, and nothing of them is told or changed.
func TestAnotherTenantsThingsAreNotThere(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		o := ownEverything(t, db)
		before := o.everything()
		if !strings.Contains(before, ownersWord) {
			t.Fatal("the owner does not see its own things")
		}
		for i, r := range o.guarded() {
			own, none := o.path(r)
			// Each route is asked by a tenant of its own: a seller may be registered by anybody.
			stranger := o.as(fmt.Sprint("stranger", i), service.Scopes()...)
			a := stranger.ask(r, own)
			o.tellsNothing(r, own, a)
			if !strings.Contains(r.pattern, "{") || r.pattern == "/reference/{list}" || r.String() == "PUT /taxpayers/{npwp}" {
				continue // it names nothing of the owner's
			}
			a.problem(http.StatusNotFound, "not_found")
			if diff := cmp.Diff(stranger.ask(r, none).seen(), a.seen()); diff != "" {
				t.Errorf("%s tells what exists (-nobody's +another's):\n%s", r, diff)
			}
		}
		if diff := cmp.Diff(before, o.everything()); diff != "" {
			t.Errorf("strangers changed (-before +after):\n%s", diff)
		}
		// The walk asked for what is there: its owner is not told otherwise.
		for _, r := range o.guarded() {
			own, _ := o.path(r)
			if r.method == http.MethodDelete {
				continue // the other routes need it
			}
			if a := o.ask(r, own); slices.Contains([]int{http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound}, a.status) {
				t.Errorf("%s answers its owner %d: %s", r, a.status, a.body)
			}
		}
	})
}

// Two tenants may have the same seller, with the same references and the same
// keys: each has its own documents, and neither meets the other's.
func TestTwoTenantsOfOneSellerKeepApart(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		o := ownEverything(t, db)
		const key = "one-key-of-both"
		content := invoice("INV/1", "PT Pembeli", ownersWord)
		o.post("/invoices", content, idempotencyKey, key).want(http.StatusOK)
		before := o.everything()
		twin := o.as("twin", service.Scopes()...)
		twin.put("/taxpayers/"+otherSeller, `{"name": "PT Kembar", "channel": "coretax_xml", "settings": {}}`).want(http.StatusCreated)
		twin.put("/taxpayers/"+seller, `{"name": "PT Kembar", "channel": "pjap", "settings": {}}`).want(http.StatusCreated)
		twin.put(signersPath+"/"+siti, `{"name": "Kembar", "passphrase": "x"}`).want(http.StatusCreated)
		own := document(twin.post("/invoices", strings.Replace(content, ownersWord, "PT Lain", 1), idempotencyKey, key).want(http.StatusAccepted))
		if own.ID == o.ids["/invoices/{id}"] {
			t.Fatal("it is the other tenant's")
		}
		twin.post("/returns", returned(t, `"return_quantity": "2"`, `"return_quantity": "10"`)).want(http.StatusAccepted)
		for _, r := range o.guarded() {
			path, _ := o.path(r)
			if r.method != http.MethodDelete {
				o.tellsNothing(r, path, twin.ask(r, path))
			}
		}
		for _, query := range []string{"?reference=INV/1", "?npwp=" + seller, "?buyer=" + "0098765431109000"} {
			o.tellsNothing(walked{"GET", query}, "", twin.get("/invoices"+query).want(http.StatusOK))
		}
		twin.send(http.MethodDelete, signersPath+"/"+siti, "").want(http.StatusNoContent)
		if diff := cmp.Diff(before, o.everything()); diff != "" {
			t.Errorf("the twin changed (-before +after):\n%s", diff)
		}
	})
}

// Without a key, with a wrong one, a revoked one, or one that lacks the scope,
// every route answers alike, whether the thing exists or not.
func TestEveryRouteIsShutWithoutItsKey(t *testing.T) {
	t.Parallel()
	o := ownEverything(t, repotest.SQLite(t))
	revoked, key, err := o.service.CreateKey(t.Context(), "default", "leaver", service.Scopes())
	if err != nil {
		t.Fatal(err)
	}
	if err := o.service.RevokeKey(t.Context(), key.ID); err != nil {
		t.Fatal(err)
	}
	scopes := map[string]string{}
	for _, operation := range operations(t) {
		scopes[operation.method+" "+operation.path] = operation.scope
	}
	holders := map[string]*gateway{}
	for _, scope := range service.Scopes() {
		holders[scope] = o.as("default", scope)
	}
	before := o.everything()
	for _, r := range o.guarded() {
		own, none := o.path(r)
		for name, secret := range map[string]string{"no key": "", "a revoked key": "Bearer " + revoked, "a wrong key": "Bearer " + bootstrapKey[:45] + "3"} {
			a := o.ask(r, own, "Authorization", secret)
			a.problem(http.StatusUnauthorized, "unauthorized")
			if diff := cmp.Diff(o.ask(r, none, "Authorization", secret).seen(), a.seen()); diff != "" {
				t.Errorf("%s with %s tells what exists (-nobody's +somebody's):\n%s", r, name, diff)
			}
			if r.method == http.MethodGet {
				o.send(http.MethodHead, own, "", "Authorization", secret).want(http.StatusUnauthorized)
			}
		}
		needed, documented := scopes[r.String()]
		if !documented {
			t.Errorf("%s is not in the document", r)
		}
		for scope, holder := range holders {
			if needed != "" && scope != needed {
				holder.ask(r, own).problem(http.StatusForbidden, "scope_missing")
			}
		}
	}
	if diff := cmp.Diff(before, o.everything()); diff != "" {
		t.Errorf("those without a key changed (-before +after):\n%s", diff)
	}
}
