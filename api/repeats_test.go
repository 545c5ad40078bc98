package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/fakturgate/fakturgate/repository"
	"github.com/fakturgate/fakturgate/repository/repotest"
)

// Whoever sends a document again because no answer came hears that it was accepted,
// though its seller's settings have changed since and would refuse it now.
func TestWhatWasAcceptedStaysAccepted(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		g := startWith(t, options{db: db})
		tolerate := func(tolerance string) {
			t.Helper()
			g.put("/taxpayers/"+seller, `{"name": "PT Penjual", "channel": "pjap", "settings": {`+tolerance+`}}`).want(http.StatusOK)
		}
		off := invoice("INV/1", `"discount": "0.00"`, `"discount": "0.00", "dpp": "100004"`)
		ret := returned(t, `"return_quantity": "2"`, `"return_quantity": "2", "return_dpp": "1"`)
		tolerate(`"tolerance": "999999999"`)
		first := g.post("/invoices", off, idempotencyKey, "k").want(http.StatusAccepted)
		firstReturn := g.post("/returns", ret, idempotencyKey, "k").want(http.StatusAccepted)
		tolerate("")

		replayed := func(a *answer, status int, first *answer) {
			t.Helper()
			a.want(status)
			if a.header.Get("Idempotent-Replayed") != "true" || document(a).ID != document(first).ID {
				t.Errorf("answered %v %s", a.header, a.body)
			}
		}
		replayed(g.post("/invoices", off, idempotencyKey, "k"), http.StatusAccepted, first)
		replayed(g.post("/invoices", off), http.StatusOK, first)
		replayed(g.post("/returns", ret, idempotencyKey, "k"), http.StatusAccepted, firstReturn)
		replayed(g.post("/returns", ret), http.StatusOK, firstReturn)
		rows := decoded[batchAnswer](g.post("/invoices/batch", batch(off, strings.Replace(off, "INV/1", "INV/2", 1))).want(http.StatusMultiStatus)).Results
		if rows[0].Status != http.StatusOK || rows[0].Document.ID != document(first).ID || rows[1].Status != http.StatusUnprocessableEntity {
			t.Errorf("the batch answers %+v", rows)
		}
		// Other content is refused for what it is, but under a used key for that.
		other := strings.Replace(off, "100004", "100003", 1)
		g.post("/invoices", other).problem(http.StatusUnprocessableEntity, "dpp_mismatch")
		for _, path := range []string{"/invoices", "/returns"} {
			for _, body := range []string{other, `{`, strings.Replace(off, "INV/1", `INV\u0000`, 1)} {
				g.post(path, body, idempotencyKey, "k").problem(http.StatusUnprocessableEntity, "idempotency_key_reused")
			}
			g.post(path, `{`, idempotencyKey, "unused").want(http.StatusBadRequest)
			g.post(path, strings.Replace(off, "INV/1", `INV\u0000`, 1), idempotencyKey, "unused").want(http.StatusUnprocessableEntity)
		}
	})
}
