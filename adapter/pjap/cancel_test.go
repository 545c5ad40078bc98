package pjap_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/fakturgate/fakturgate/adapter"
	"github.com/fakturgate/fakturgate/adapter/adaptertest"
	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/simulator"
)

// TestCancel: what the connector says to a cancellation, and what that makes certain.
func TestCancel(t *testing.T) {
	t.Parallel()
	sim, err := simulator.New(simulator.Config{Token: token})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(adaptertest.HoldTo(t, document, sim.Handler()))
	t.Cleanup(server.Close)
	channel := newChannel(t, server.URL, nil)
	asks := func(s adapter.Submission) adapter.Cancellation {
		return adapter.Cancellation{Question: adaptertest.QuestionAbout(s), Signer: &faktur.Signer{ID: "3174015506800001"}}
	}
	sent := adaptertest.Submission(t, "INV/1", false)
	if o, err := channel.Cancel(t.Context(), asks(sent)); err != nil || o.Certainty != adapter.Absent {
		t.Errorf("of what was never sent: %+v, %v", o, err)
	}
	signing := adaptertest.Submission(t, "INV/2/SIM-STUCK", false)
	if _, err := channel.Submit(t.Context(), []adapter.Submission{sent, signing}); err != nil {
		t.Fatal(err)
	}
	o, err := channel.Cancel(t.Context(), asks(signing))
	if err != nil || o.Certainty != adapter.Known || o.Status != faktur.Approved || o.Reason == nil || o.Reason.Code != "cannot_cancel" {
		t.Errorf("of one in signing: %+v, %v", o, err)
	}
	for range 2 {
		if o, err := channel.Cancel(t.Context(), asks(sent)); err != nil || o.Status != faktur.Cancelled || o.NSFP == "" {
			t.Errorf("of an approved one: %+v, %v", o, err)
		}
	}
	live := asks(sent)
	live.Livemode = true
	if o, err := channel.Cancel(t.Context(), live); err == nil {
		t.Errorf("of a live one at the simulator: %+v", o)
	}
}

func TestCancelWithoutAnAnswerSaysNothing(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusConflict, http.StatusNotFound, http.StatusInternalServerError} {
		channel := connector(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
		if o, err := channel.Cancel(t.Context(), adapter.Cancellation{Question: adapter.Question{ClientID: "a-1"}}); err == nil {
			t.Errorf("%d by somebody else: %+v", status, o)
		}
	}
}
