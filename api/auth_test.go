package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/fakturgate/fakturgate/docs"
)

// operation is what the published document says of a route.
type operation struct {
	method, path string
	scope        string // "" for any key
	open         bool   // no key is asked for
}

func operations(t *testing.T) []operation {
	t.Helper()
	var doc struct {
		Paths map[string]map[string]struct {
			Security []map[string][]string `json:"security"`
		} `json:"paths"`
	}
	if err := json.Unmarshal(docs.OpenAPI, &doc); err != nil {
		t.Fatal(err)
	}
	var list []operation
	for path, methods := range doc.Paths {
		for method, o := range methods {
			found := operation{method: strings.ToUpper(method), path: path, open: len(o.Security) == 0}
			if !found.open && len(o.Security[0]["bearer"]) > 0 {
				found.scope = o.Security[0]["bearer"][0]
			}
			list = append(list, found)
		}
	}
	if len(list) < 25 {
		t.Fatalf("the document has only %d operations", len(list))
	}
	return list
}

// anywhere is a path that the route matches and that names nothing that exists.
func (o operation) anywhere() string {
	return strings.NewReplacer("{id}", "0199c9a4-7a52-7d0e-8f3c-2b1f6d1c9a10", "{npwp}", "0000000000000000", "{list}", "none").Replace(o.path)
}

// Every route asks for the scope that the document names, and for nothing else.
func TestEveryRouteAsksForItsScope(t *testing.T) {
	t.Parallel()
	g := start(t)
	scopes := []string{"invoices:write", "invoices:read", "webhooks", "admin"}
	holders := map[string]*gateway{}
	for _, scope := range scopes {
		holders[scope] = g.as("default", scope)
	}
	for _, o := range operations(t) {
		if o.open {
			continue
		}
		for _, scope := range scopes {
			a := holders[scope].send(o.method, o.anywhere(), "")
			switch refused := a.status == http.StatusForbidden; {
			case refused != (o.scope != "" && o.scope != scope):
				t.Errorf("%s %s with scope %s answers %d", o.method, o.path, scope, a.status)
			case refused && !strings.Contains(string(a.body), o.scope):
				t.Errorf("%s %s does not name its scope: %s", o.method, o.path, a.body)
			}
		}
	}
}

func TestEveryRouteAsksForAKey(t *testing.T) {
	t.Parallel()
	g := start(t)
	for _, o := range operations(t) {
		for _, authorization := range []string{"", "Bearer", "Bearer fg_nobody", "Basic " + bootstrapKey, bootstrapKey,
			"Bearer " + strings.Replace(bootstrapKey, "2", "3", 1), "Bearer " + bootstrapKey + " x"} {
			a := g.send(o.method, o.anywhere(), "", "Authorization", authorization)
			if o.open {
				a.want(http.StatusOK)
				continue
			}
			if a.status != http.StatusUnauthorized || !strings.HasPrefix(a.header.Get("WWW-Authenticate"), "Bearer") {
				t.Errorf("%s %s with %q answers %d", o.method, o.path, authorization, a.status)
			}
		}
	}
	g.get("/invoices", "Authorization", "bearer "+bootstrapKey).want(http.StatusOK)
}

func TestARevokedKeyIsUnknown(t *testing.T) {
	t.Parallel()
	g := start(t)
	secret, key, err := g.service.CreateKey(t.Context(), "default", "leaver", []string{"invoices:read"})
	if err != nil {
		t.Fatal(err)
	}
	if err := g.service.RevokeKey(t.Context(), key.ID); err != nil {
		t.Fatal(err)
	}
	g.get("/invoices", "Authorization", "Bearer "+secret).problem(http.StatusUnauthorized, "unauthorized")
}

// No secret comes into the log, whatever is done with it.
func TestNoSecretIsLogged(t *testing.T) {
	t.Parallel()
	g := start(t)
	g.get("/invoices").want(http.StatusOK)
	g.get("/invoices", "Authorization", "Bearer fg_a-typo-of-a-key-that-is-just-as-secret-as-the-key").want(http.StatusUnauthorized)
	g.get("/invoices?cursor=fg_secret").want(http.StatusUnprocessableEntity)
	g.post("/invoices", invoice("A", "PT Pembeli", "PT Rahasia")).want(http.StatusAccepted)
	for _, secret := range []string{bootstrapKey, "just-as-secret", "fg_secret", "PT Rahasia"} {
		if strings.Contains(g.log.String(), secret) {
			t.Errorf("the log has %s:\n%s", secret, g.log)
		}
	}
}
