package api_test

import (
	"encoding/base64"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"github.com/fakturgate/fakturgate/docs"
	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/repository"
	"github.com/fakturgate/fakturgate/repository/repotest"
	"github.com/fakturgate/fakturgate/service"
)

// injections are texts that end a string of SQL, or stand for one of its parameters.
var injections = []string{
	`' OR 1=1 --`, `'; DROP TABLE documents; --`, `') OR ('1'='1`, `" OR ""="`, `\' OR 1=1 --`, `%' OR '%'='`, `' UNION SELECT hash, 1 FROM api_keys --`,
	`1; UPDATE documents SET tenant='stranger'`, `$1`, `?`, `:tenant`, `'||(SELECT prefix FROM api_keys)||'`, `%`, `_`, `'`, `\`, `{"$gt": ""}`,
}

// parameter is one that the document gives a route.
type parameter struct {
	Name string `json:"name"`
	In   string `json:"in"`
	Ref  string `json:"$ref"` // or its name among the components
}

// parameters are those of each route, so that a new one cannot be forgotten.
func parameters(t *testing.T) map[string][]parameter {
	t.Helper()
	var doc struct {
		Paths map[string]map[string]struct {
			Parameters []parameter `json:"parameters"`
		} `json:"paths"`
		Components struct {
			Parameters map[string]parameter `json:"parameters"`
		} `json:"components"`
	}
	if err := json.Unmarshal(docs.OpenAPI, &doc); err != nil {
		t.Fatal(err)
	}
	found, count := map[string][]parameter{}, 0
	for path, methods := range doc.Paths {
		for method, operation := range methods {
			for i, p := range operation.Parameters {
				if p.Ref != "" {
					operation.Parameters[i] = doc.Components.Parameters[strings.TrimPrefix(p.Ref, "#/components/parameters/")]
				}
			}
			found[strings.ToUpper(method)+" "+path] = operation.Parameters
			count += len(operation.Parameters)
		}
	}
	if count < 100 {
		t.Fatalf("the document has only %d parameters", count)
	}
	return found
}

// harmless holds an answer to a hostile text: refused in words or taken as a
// text, and nothing of the database in it.
func (g *gateway) harmless(what string, a *answer) {
	g.t.Helper()
	if a.status >= http.StatusInternalServerError {
		g.t.Errorf("%s answers %d: %s", what, a.status, a.body)
	}
	lower := strings.ToLower(string(a.body))
	for _, word := range []string{"syntax error", "pq:", "sqlstate", "sqlite", "select prefix", bootstrapKey[:9] + `"`} {
		if strings.Contains(lower, word) && !strings.Contains(strings.ToLower(what), word) {
			g.t.Errorf("%s answers with %q: %s", what, word, a.body)
		}
	}
}

// Every parameter of every route takes SQL as a text, or refuses it: as a
// stranger sends it, nothing of the owner's is found by it.
func TestNoParameterReachesSQL(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		o := ownEverything(t, db)
		stranger := o.as("stranger", service.Scopes()...)
		before := o.everything()
		for route, list := range parameters(t) {
			method, pattern, _ := strings.Cut(route, " ")
			r := walked{method, pattern}
			if pattern == "/audit" {
				stranger = o.as("auditor", service.Scopes()...) // it tells what was said, SQL too
			}
			for _, p := range list {
				for _, text := range injections {
					if p.Name == "cursor" || p.Name == "after" {
						stranger.try(&o, r, p, base64.RawURLEncoding.EncodeToString([]byte("c1:"+text)))
					}
					stranger.try(&o, r, p, text)
				}
			}
		}
		if diff := cmp.Diff(before, o.everything()); diff != "" {
			t.Errorf("what was asked changed (-before +after):\n%s", diff)
		}
		if strings.Contains(o.log.String(), `"level":"ERROR"`) {
			t.Errorf("a caller's text was logged as our fault: %.3000s", o.log)
		}
	})
}

// try asks a route with one parameter set to text.
func (g *gateway) try(o *owned, r walked, p parameter, text string) {
	g.t.Helper()
	own, _ := o.path(r)
	path := own
	what := r.String() + " with " + p.Name + "=" + text
	var header []string
	switch p.In {
	case "query":
		path += "?" + p.Name + "=" + url.QueryEscape(text)
	case "header":
		header = []string{p.Name, text}
	case "path":
		parts := strings.Split(own, "/")
		parts[slices.Index(strings.Split(r.pattern, "/"), "{"+p.Name+"}")] = url.PathEscape(text)
		own = strings.Join(parts, "/")
		path = own
	default:
		g.t.Fatalf("%s: a parameter in %s", r, p.In)
	}
	a := g.ask(r, path, header...)
	g.harmless(what, a)
	o.tellsNothing(r, own, a)
	if p.In == "path" && a.status < 300 && r.pattern != "/reference/{list}" {
		g.t.Errorf("%s answers %d: %s", what, a.status, a.body)
	}
}

// The owner's own filters find nothing by SQL, and the whole of a text or nothing by a wildcard.
func TestAFilterIsAText(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		o := ownEverything(t, db)
		for _, list := range []string{"/invoices", "/returns"} {
			for _, filter := range parameters(t)["GET "+list] {
				for _, text := range injections {
					a := o.get(list + "?" + filter.Name + "=" + url.QueryEscape(text))
					o.harmless(list+" by "+filter.Name, a)
					if a.status == http.StatusOK && !strings.Contains(string(a.body), `"data":[]`) {
						t.Errorf("%s?%s=%s finds %s", list, filter.Name, text, a.body)
					}
				}
			}
		}
	})
}

// A cursor of another tenant, or forged, only ever leads to places in the caller's own lists.
func TestAForgedCursorOpensNothing(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		o := ownEverything(t, db)
		stranger := o.as("stranger", service.Scopes()...)
		seal := func(position string) string { return base64.RawURLEncoding.EncodeToString([]byte("c1:" + position)) }
		forged := []string{seal("zzzzzzzz"), seal("0"), seal("ffffffff-ffff-ffff-ffff-ffffffffffff"), seal("9223372036854775807"), seal("9223372036854775808"),
			seal("-1"), seal("-"), seal("_"), seal(strings.Repeat("9", 100)), "YzE6", "c1:0", "=", "..", "%00"}
		for _, id := range o.ids {
			forged = append(forged, seal(id))
		}
		for route, list := range parameters(t) {
			for _, p := range list {
				if p.Name != "cursor" && route+p.Name != "GET /eventsafter" {
					continue
				}
				method, pattern, _ := strings.Cut(route, " ")
				r := walked{method, pattern}
				own, _ := o.path(r)
				for _, cursor := range forged {
					path := own + "?" + p.Name + "=" + url.QueryEscape(cursor)
					a := stranger.get(path)
					stranger.harmless(path, a)
					o.tellsNothing(r, own, a)
					if a.status == http.StatusOK && !strings.Contains(string(a.body), `"data":[]`) {
						t.Errorf("%s finds another tenant %s", path, a.body)
					}
				}
			}
		}
	})
}

// Every text of every body is stored as it is, or refused.
func TestNoBodyReachesSQL(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		g := startWith(t, options{db: db})
		sent := 0
		for route, body := range bodies(t) {
			if !strings.HasPrefix(body, "{") {
				continue
			}
			method, pattern, _ := strings.Cut(route, " ")
			path := strings.NewReplacer("{npwp}/signers/{id}", seller+"/signers/"+siti, "{npwp}", seller, "{id}", nobody).Replace(pattern)
			var whole any
			if err := json.Unmarshal([]byte(body), &whole); err != nil {
				t.Fatalf("%s: %v", route, err)
			}
			for _, text := range injections {
				for _, variant := range variants(whole, text+strconv.Itoa(sent)) { // a reference is taken once
					changed, err := json.Marshal(variant)
					if err != nil {
						t.Fatal(err)
					}
					g.harmless(route+" "+string(changed), g.send(method, path, string(changed)))
					sent++
				}
			}
		}
		if sent < 1000 || strings.Contains(g.log.String(), `"level":"ERROR"`) {
			t.Errorf("after %d texts, the log: %.3000s", sent, g.log)
		}
		for _, text := range injections {
			if strings.ContainsAny(text, `\`) { // no reference has one
				continue
			}
			content, err := json.Marshal(text)
			if err != nil {
				t.Fatal(err)
			}
			a := g.post("/invoices", strings.Replace(invoice("REFERENCE", `"PT Pembeli"`, string(content)), `"REFERENCE"`, string(content), 1))
			if a.status == http.StatusUnprocessableEntity {
				continue
			}
			kept := decoded[faktur.StoredInvoice](g.get("/invoices/" + document(a.want(http.StatusAccepted)).ID).want(http.StatusOK))
			if kept.Reference != text || kept.Buyer.Name != text {
				t.Errorf("%q is kept as %q and %q", text, kept.Reference, kept.Buyer.Name)
			}
		}
	})
}

// variants gives a body once for each text in it, with another in its place.
func variants(body any, text string) []any {
	var list []any
	switch body := body.(type) {
	case string:
		list = append(list, text)
	case []any:
		for i, element := range body {
			for _, variant := range variants(element, text) {
				changed := slices.Clone(body)
				changed[i] = variant
				list = append(list, changed)
			}
		}
	case map[string]any:
		for name, member := range body {
			for _, variant := range variants(member, text) {
				changed := maps.Clone(body)
				changed[name] = variant
				list = append(list, changed)
			}
		}
	}
	return list
}
