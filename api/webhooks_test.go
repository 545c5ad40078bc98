package api_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/fakturgate/fakturgate/handlers"
	"github.com/fakturgate/fakturgate/service"
)

type (
	endpointList = handlers.List[service.Endpoint]
	deliveryList = handlers.List[service.Delivery]
)

// receiver is a subscriber on this machine that answers with a status.
func receiver(t *testing.T, status int) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
	t.Cleanup(server.Close)
	return server.URL
}

func TestAWebhookEndpointLives(t *testing.T) {
	t.Parallel()
	g := start(t)
	made := g.post("/webhook-endpoints", `{"url": "`+receiver(t, http.StatusNoContent)+`"}`).want(http.StatusCreated)
	e := decoded[service.Endpoint](made)
	path := "/webhook-endpoints/" + e.ID
	if made.header.Get("Location") != path || !strings.HasPrefix(e.Secret, "whsec_") || len(e.Events) != 2 || e.Disabled {
		t.Errorf("made %v %s", made.header, made.body)
	}
	if found := decoded[service.Endpoint](g.get(path).want(http.StatusOK)); found.Secret != "" || found.URL != e.URL {
		t.Errorf("found %+v", found)
	}
	patched := decoded[service.Endpoint](g.send(http.MethodPatch, path, `{"description": "The ERP", "events": ["*"], "disabled": true}`).want(http.StatusOK))
	if patched.Description != "The ERP" || len(patched.Events) != 1 || !patched.Disabled || patched.URL != e.URL || patched.DisabledReason == "" {
		t.Errorf("patched to %+v", patched)
	}
	g.send(http.MethodPatch, path, `{"disabled": false}`).want(http.StatusOK)
	rotated := decoded[service.Endpoint](g.post(path+"/rotate-secret", "").want(http.StatusOK))
	if rotated.Secret == e.Secret || !strings.HasPrefix(rotated.Secret, "whsec_") {
		t.Errorf("rotated to %+v", rotated)
	}
	tested := decoded[service.Delivery](g.post(path+"/test", "").want(http.StatusOK))
	if tested.State != "delivered" || tested.EventType != "webhook.test" {
		t.Errorf("tested %+v", tested)
	}
	if list := decoded[deliveryList](g.get(path + "/deliveries?state=delivered").want(http.StatusOK)); len(list.Data) != 1 {
		t.Errorf("delivered %+v", list)
	}
	if list := decoded[endpointList](g.get("/webhook-endpoints").want(http.StatusOK)); len(list.Data) != 1 || list.Data[0].Secret != "" {
		t.Errorf("listed %+v", list)
	}
	g.post("/deliveries/"+tested.ID+"/redeliver", "").want(http.StatusAccepted)
	if r := decoded[service.Recovery](g.post(path+"/recover", `{"since": "2026-11-22T00:00:00Z"}`).want(http.StatusAccepted)); r.Count < 0 {
		t.Errorf("recovers %+v", r)
	}
	g.send(http.MethodDelete, path, "").want(http.StatusNoContent)
	g.get(path).problem(http.StatusNotFound, "not_found")
	g.send(http.MethodDelete, path, "").problem(http.StatusNotFound, "not_found")
}

// A lost answer to the making of an endpoint loses no secret.
func TestAKeyReplaysTheSecretOfAnEndpoint(t *testing.T) {
	t.Parallel()
	g := start(t)
	body := `{"url": "` + receiver(t, http.StatusOK) + `"}`
	first := g.post("/webhook-endpoints", body, idempotencyKey, "k").want(http.StatusCreated)
	again := g.post("/webhook-endpoints", body, idempotencyKey, "k").want(http.StatusCreated)
	if string(again.body) != string(first.body) || again.header.Get("Location") != first.header.Get("Location") || again.header.Get("Location") == "" {
		t.Errorf("replayed %v %s", again.header, again.body)
	}
	if list := decoded[endpointList](g.get("/webhook-endpoints").want(http.StatusOK)); len(list.Data) != 1 {
		t.Errorf("%d endpoints were made", len(list.Data))
	}
}

func TestAFailedTestIsTold(t *testing.T) {
	t.Parallel()
	g := start(t)
	e := decoded[service.Endpoint](g.post("/webhook-endpoints", `{"url": "`+receiver(t, http.StatusTeapot)+`"}`).want(http.StatusCreated))
	d := decoded[service.Delivery](g.post("/webhook-endpoints/"+e.ID+"/test", "{}").want(http.StatusOK))
	if d.State != "failed" || d.StatusCode == nil || *d.StatusCode != http.StatusTeapot {
		t.Errorf("tested %+v", d)
	}
}

func TestBadEndpointsAreRefused(t *testing.T) {
	t.Parallel()
	g := start(t)
	for body, code := range map[string]string{
		`{}`: "", `{"url": "ftp://example.com"}`: "", `{"url": 5}`: "wrong_type", `{"url": "https://example.com", "evnts": []}`: "unknown_field",
		`{"url": "http://169.254.169.254/latest"}`:                               "webhook_address_private",
		`{"url": "https://192.168.1.10/hook"}`:                                   "webhook_address_private",
		`{"url": "` + receiver(t, 200) + `", "events": ["invoice.aproved"]}`:     "event_type_unknown",
		`{"url": "` + receiver(t, 200) + `", "description": "NUL \u0000"}`:       "",
		`{"url": "` + receiver(t, 200) + `", "events": ["invoice.approved"}`:     "json_malformed",
		`{"url": "` + receiver(t, 200) + `", "events": "invoice.approved"}`:      "wrong_type",
		`{"url": "` + receiver(t, 200) + `", "events": [1]}`:                     "wrong_type",
		`{"url": "` + receiver(t, 200) + `", "secret": "whsec_of-my-own"}`:       "unknown_field",
		`{"url": "` + receiver(t, 200) + `/` + strings.Repeat("a", 10000) + `"}`: "",
	} {
		a := g.post("/webhook-endpoints", body)
		if want := map[bool]int{true: 400, false: 422}[code == "json_malformed"]; a.status != want || !strings.Contains(string(a.body), `"code":"`+code) {
			t.Errorf("%.100s answers %d %.300s, want %s", body, a.status, a.body, code)
		}
	}
	e := decoded[service.Endpoint](g.post("/webhook-endpoints", `{"url": "`+receiver(t, 200)+`"}`).want(http.StatusCreated))
	path := "/webhook-endpoints/" + e.ID
	g.post(path+"/recover", `{}`).problem(http.StatusUnprocessableEntity, "time_malformed")
	g.post(path+"/recover", `{"since": "yesterday"}`).problem(http.StatusUnprocessableEntity, "time_malformed")
	g.post(path+"/recover", "").problem(http.StatusBadRequest, "body_missing")
	g.send(http.MethodPatch, path, `{"url": "https://10.0.0.1/"}`).problem(http.StatusUnprocessableEntity, "webhook_address_private")
	g.send(http.MethodPatch, path, `[]`).problem(http.StatusUnprocessableEntity, "wrong_type")
	g.send(http.MethodPatch, path, "").problem(http.StatusBadRequest, "body_missing")
	g.get(path+"/deliveries?state=lost").problem(http.StatusUnprocessableEntity, "state_unknown")

	other := g.as("other", "webhooks")
	for _, method := range []string{http.MethodGet, http.MethodDelete} {
		other.send(method, path, "").problem(http.StatusNotFound, "not_found")
	}
	other.send(http.MethodPatch, path, `{"disabled": true}`).problem(http.StatusNotFound, "not_found")
	for _, action := range []string{"/rotate-secret", "/test"} {
		other.post(path+action, "").problem(http.StatusNotFound, "not_found")
	}
	other.post(path+"/recover", `{"since": "2026-11-22T00:00:00Z"}`).problem(http.StatusNotFound, "not_found")
	other.get(path+"/deliveries").problem(http.StatusNotFound, "not_found")
}

// What is delivered is what the feed tells, under the same id.
func TestDeliveriesAreListed(t *testing.T) {
	t.Parallel()
	g := startWith(t, options{workers: true})
	e := decoded[service.Endpoint](g.post("/webhook-endpoints", `{"url": "`+receiver(t, http.StatusOK)+`", "events": ["invoice.queued"]}`).want(http.StatusCreated))
	id := document(g.post("/invoices", invoice("A")).want(http.StatusAccepted)).ID
	var list deliveryList
	eventually(t, func() bool {
		list = decoded[deliveryList](g.get("/webhook-endpoints/" + e.ID + "/deliveries").want(http.StatusOK))
		return len(list.Data) == 1
	})
	history := decoded[handlers.List[handlers.Event]](g.get("/invoices/" + id + "/events").want(http.StatusOK))
	if d := list.Data[0]; d.MessageID != history.Data[0].ID || string(d.DocumentID) != id || d.State != "delivered" {
		t.Errorf("delivered %+v, the event is %+v", d, history.Data[0])
	}
}
