package adapter_test

import (
	"compress/gzip"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/fakturgate/fakturgate/adapter"
)

// An answer of a megabyte that unpacks to a gigabyte is read no further than any other.
func TestAnAnswerThatUnpacksWithoutEndIsCutOff(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		packed := gzip.NewWriter(w)
		defer packed.Close()
		for range 1 << 10 {
			if _, err := packed.Write(make([]byte, 1<<20)); err != nil {
				return // it was cut off
			}
		}
	}))
	t.Cleanup(server.Close)
	answer, err := adapter.NewHTTP(nil, "").Exchange(t.Context(), http.MethodGet, server.URL, nil, nil)
	if err == nil || !strings.Contains(err.Error(), "larger than 16 MiB") || len(answer.Body) != adapter.MaxAnswer+1 {
		t.Errorf("%d bytes were read: %v", len(answer.Body), err)
	}
}
