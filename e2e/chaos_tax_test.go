package e2e

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// What goes wrong between the tax system and its callers, after it has done what
// it was asked for.
const (
	taxDrops      = "drops"   // the connection is cut instead of an answer
	tax502        = "502"     // a proxy answers for it
	taxSlow       = "slow"    // the answer comes after the caller's patience
	taxTwice      = "twice"   // every result is in the answer twice
	taxEmpty      = "empty"   // 200 and nothing
	taxGarbage    = "garbage" // 200 and something else
	taxLate       = "late"    // the call comes there only when its caller has given up
	taxUnderstood = ""        // nothing goes wrong
)

const (
	share = 0.4 // of the calls go wrong, while some do
	// slowness is that of taxSlow: nobody waits so long.
	slowness = 30 * time.Second
	// lateness is that of taxLate. What comes then is in the look-up before a
	// settle window is over that began when the call and its lease had ended.
	lateness = 2 * callTime
)

// wayToTax stands between gateways and simulator.
type wayToTax struct {
	url  string // of the simulator
	mu   sync.Mutex
	dice *rand.Rand
	how  string
	hide []string // ids of documents of whose hand-over nobody hears
}

// startWay opens a way to a simulator and gives its address.
func startWay(t *testing.T, url string, seed uint64) (*wayToTax, string) {
	t.Helper()
	w := &wayToTax{url: url, dice: rand.New(rand.NewPCG(seed, 7))}
	server := httptest.NewServer(w)
	t.Cleanup(server.Close)
	return w, server.URL
}

// goes sets what goes wrong from now on.
func (w *wayToTax) goes(how string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.how = how
}

// hides makes the answers to hand-overs of some documents get lost, and the news,
// which would tell of them; of none ends that.
func (w *wayToTax) hides(ids []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.hide = ids
}

// isHidden says whether a call would tell of what is hidden.
func (w *wayToTax) isHidden(path string, content []byte) bool {
	switch path {
	case "/v1/changes":
		return len(w.hide) > 0
	case "/v1/submissions":
		return slices.ContainsFunc(w.hide, func(id string) bool { return bytes.Contains(content, []byte(id)) })
	}
	return false
}

// draw says what goes wrong with a call.
func (w *wayToTax) draw(path string, content []byte) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.isHidden(path, content) {
		return taxDrops
	}
	if w.how == taxUnderstood || w.dice.Float64() >= share {
		return taxUnderstood
	}
	return w.how
}

// ServeHTTP passes a call on, and an answer back unless something goes wrong.
func (w *wayToTax) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	content, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	how := w.draw(r.URL.Path, content)
	ctx := r.Context()
	if how == taxLate {
		time.Sleep(lateness)
		ctx = context.WithoutCancel(ctx)
	}
	onward, err := http.NewRequestWithContext(ctx, r.Method, w.url+r.URL.RequestURI(), bytes.NewReader(content))
	if err != nil {
		http.Error(out, err.Error(), http.StatusBadRequest)
		return
	}
	onward.Header = r.Header.Clone()
	answer, err := http.DefaultTransport.RoundTrip(onward)
	if err != nil {
		panic(http.ErrAbortHandler) // the tax system is away, or its caller is
	}
	defer answer.Body.Close()
	said, err := io.ReadAll(answer.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	switch how {
	case taxDrops:
		panic(http.ErrAbortHandler)
	case tax502:
		http.Error(out, "<html>Bad Gateway</html>", http.StatusBadGateway)
		return
	case taxSlow:
		select {
		case <-time.After(slowness):
		case <-r.Context().Done():
		}
	case taxEmpty:
		said = nil
	case taxGarbage:
		said = []byte("<html>Sedang dalam pemeliharaan</html>")
	case taxTwice:
		said = twice(said)
	}
	out.Header().Set("Content-Type", answer.Header.Get("Content-Type"))
	out.Header().Set("Content-Length", strconv.Itoa(len(said)))
	out.WriteHeader(answer.StatusCode)
	_, _ = out.Write(said) // the caller may be gone
}

// twice doubles the results of an answer that has any.
func twice(said []byte) []byte {
	var answer map[string]jsontext.Value
	if json.Unmarshal(said, &answer) != nil {
		return said
	}
	var results []jsontext.Value
	if json.Unmarshal(answer["results"], &results) != nil {
		return said
	}
	doubled, err := json.Marshal(append(results, results...))
	if err != nil {
		return said
	}
	answer["results"] = doubled
	if text, err := json.Marshal(answer); err == nil {
		return text
	}
	return said
}
