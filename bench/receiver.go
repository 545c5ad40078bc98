package bench

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-json-experiment/json"
)

// Receiver takes webhooks as an ERP would, notes when each came first, and
// tells how many and which. It is a process of its own: `fakturgate bench-receiver`.
type Receiver struct {
	count    atomic.Int64 // different messages
	repeated atomic.Int64

	mu       sync.Mutex
	seen     map[string]struct{} // webhook-id
	arrivals []receipt           // in their order
}

// receipt is one line of GET /arrivals: which document's outcome came when.
type receipt struct {
	documentID string
	eventType  string
	at         int64 // microseconds since 1970
}

// NewReceiver gives one that has received nothing.
func NewReceiver() *Receiver { return &Receiver{seen: map[string]struct{}{}} }

// ServeHTTP takes a webhook at POST /, and tells at GET /count and GET /arrivals?after=N.
func (r *Receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	switch {
	case request.Method == http.MethodPost:
		r.take(w, request)
	case request.URL.Path == "/count":
		fmt.Fprintln(w, r.count.Load())
	default:
		r.tell(w, request)
	}
}

func (r *Receiver) take(w http.ResponseWriter, request *http.Request) {
	at := time.Now().UnixMicro()
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return
	}
	var message struct {
		Type string `json:"type"`
		Data struct {
			ID string `json:"id"`
		} `json:"data"`
	}
	if err := json.Unmarshal(body, &message); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	id := request.Header.Get("webhook-id")
	if _, again := r.seen[id]; again {
		r.repeated.Add(1)
		return
	}
	r.seen[id] = struct{}{}
	r.arrivals = append(r.arrivals, receipt{message.Data.ID, message.Type, at})
	r.count.Add(1)
}

func (r *Receiver) tell(w http.ResponseWriter, request *http.Request) {
	after, _ := strconv.Atoi(request.URL.Query().Get("after")) // none: from the first
	r.mu.Lock()
	arrivals := r.arrivals[min(max(after, 0), len(r.arrivals)):]
	r.mu.Unlock()
	out := bufio.NewWriter(w)
	defer out.Flush()
	for _, a := range arrivals {
		fmt.Fprintf(out, "%s %s %d\n", a.documentID, a.eventType, a.at)
	}
}
