package simulator_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/fakturgate/fakturgate/simulator"
)

// BenchmarkLife is what one submission costs the simulator: taken in a batch
// of 500 and asked for twice. b.N counts submissions.
func BenchmarkLife(b *testing.B) {
	for name, state := range map[string]string{"memory": "", "file": filepath.Join(b.TempDir(), "state")} {
		b.Run(name, func(b *testing.B) {
			sim, err := simulator.New(simulator.Config{State: state})
			if err != nil {
				b.Fatal(err)
			}
			defer sim.Close()
			const size = 500
			for batch := 0; b.N > batch*size; batch++ {
				b.StopTimer()
				submit, ask := calls(b, fmt.Sprintf("%s%d", b.Name(), b.N), batch, size)
				b.StartTimer()
				post(b, sim.Handler(), "/v1/submissions", submit)
				post(b, sim.Handler(), "/v1/submissions/status", ask)
				post(b, sim.Handler(), "/v1/submissions/status", ask)
			}
		})
	}
}

func calls(b *testing.B, run string, batch, size int) (submit, ask []byte) {
	b.Helper()
	var submissions []any
	var ids []string
	for i := range size {
		id := fmt.Sprintf("0199c9a4-7a52-7d0e-%s-%d-%d-1", run[len(run)-8:], batch, i)
		for j := range id {
			if id[j] == '/' {
				id = id[:j] + "_" + id[j+1:]
			}
		}
		ids = append(ids, id)
		submissions = append(submissions, submission(id, fmt.Sprintf("INV/2026/11/%d/%d", batch, i)))
	}
	var err error
	if submit, err = json.Marshal(object{"livemode": false, "submissions": submissions}); err != nil {
		b.Fatal(err)
	}
	if ask, err = json.Marshal(object{"client_ids": ids}); err != nil {
		b.Fatal(err)
	}
	return submit, ask
}

func post(b *testing.B, handler http.Handler, path string, body []byte) {
	b.Helper()
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequestWithContext(b.Context(), http.MethodPost, path, bytes.NewReader(body)))
	if w.Code != http.StatusOK {
		text, _ := io.ReadAll(w.Body)
		b.Fatalf("%s: %d %s", path, w.Code, text)
	}
}
