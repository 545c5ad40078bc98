package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// receiver is the ERP's webhook endpoint: it verifies every signature, as a
// receiver should, with the published library.
type receiver struct {
	printer *printer
	server  *http.Server
	url     string

	mu       sync.Mutex
	verifier *standardwebhooks.Webhook
	seen     map[string]feedEvent // by webhook-id
	unshown  []feedEvent
	refused  int
}

func startReceiver(ctx context.Context, p *printer) (*receiver, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r := &receiver{printer: p, url: "http://" + listener.Addr().String() + "/webhooks", seen: map[string]feedEvent{}}
	r.server = &http.Server{Handler: http.HandlerFunc(r.receive), ReadHeaderTimeout: 5 * time.Second}
	go func() {
		if err := r.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			p.note("the webhook receiver stopped: " + err.Error())
		}
	}()
	return r, nil
}

// subscribe registers the endpoint with its default events.
func (r *receiver) subscribe(ctx context.Context, e *erp) error {
	var endpoint struct {
		Secret string `json:"secret"`
	}
	if err := e.call(ctx, http.MethodPost, "/webhook-endpoints", map[string]any{"url": r.url, "description": "demo"}, &endpoint); err != nil {
		return err
	}
	verifier, err := standardwebhooks.NewWebhook(endpoint.Secret)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.verifier = verifier
	return err
}

func (r *receiver) receive(w http.ResponseWriter, request *http.Request) {
	body, err := readAll(request.Body)
	if err != nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	var event feedEvent
	if err := errors.Join(r.verifier.Verify(body, request.Header), json.Unmarshal(body, &event)); err != nil {
		r.refused++
		r.printer.note("a webhook was refused: " + err.Error())
		http.Error(w, "signature", http.StatusUnauthorized)
		return
	}
	id := request.Header.Get("webhook-id")
	if _, again := r.seen[id]; !again {
		r.seen[id] = event
		r.unshown = append(r.unshown, event)
	}
	w.WriteHeader(http.StatusNoContent)
}

// count says how many different webhooks came, and how many were refused.
func (r *receiver) count() (seen, refused int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.seen), r.refused
}

// arrived gives the webhooks that came since it was last asked.
func (r *receiver) arrived() []feedEvent {
	r.mu.Lock()
	defer r.mu.Unlock()
	arrived := r.unshown
	r.unshown = nil
	return arrived
}

// received says whether at least n different webhooks have come.
func (r *receiver) received(n int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.seen) >= n
}
