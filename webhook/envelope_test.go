package webhook

import (
	"testing"
	"time"

	"github.com/fakturgate/fakturgate/faktur"
)

func TestBody(t *testing.T) {
	t.Parallel()
	e := faktur.Event{Type: "invoice.approved", At: time.Date(2026, 11, 22, 15, 0, 0, 0, faktur.Jakarta),
		Data: []byte(`{"id":"1","nsfp":null,"name":"PT \"A\" & <B>"}`)}
	const want = `{"type":"invoice.approved","timestamp":"2026-11-22T08:00:00Z","data":{"id":"1","nsfp":null,"name":"PT \"A\" & <B>"}}`
	got, err := Body(&e)
	if err != nil || string(got) != want {
		t.Errorf("got  %s, %v\nwant %s", got, err, want)
	}
	e.Data = []byte(`{"id":`)
	if got, err := Body(&e); err == nil {
		t.Errorf("broken data gives %s and no error", got)
	}
}
