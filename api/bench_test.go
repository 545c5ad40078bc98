package api_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/fakturgate/fakturgate/api"
	"github.com/fakturgate/fakturgate/handlers"
)

// BenchmarkPostInvoice measures POST /invoices through the whole API, without a
// network, by many callers at once.
func BenchmarkPostInvoice(b *testing.B) {
	logger := slog.New(slog.DiscardHandler)
	g := startWith(b, options{})
	public, _ := api.New(api.Config{Handlers: &handlers.Handlers{Service: g.service, Logger: logger}, Logger: logger})
	var n atomic.Int64
	b.SetParallelism(32)
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			body := strings.NewReader(invoice("INV/" + strconv.FormatInt(n.Add(1), 10)))
			r := httptest.NewRequest(http.MethodPost, "/invoices", body)
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("Authorization", "Bearer "+bootstrapKey)
			w := httptest.NewRecorder()
			public.ServeHTTP(w, r)
			if w.Code != http.StatusAccepted {
				text, _ := io.ReadAll(w.Body)
				b.Fatalf("answered %d %s", w.Code, text)
			}
		}
	})
}
