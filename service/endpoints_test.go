package service

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/webhook"
)

func TestCreateEndpoint(t *testing.T) {
	simulate(t, func(t *testing.T, s *simulation) {
		created, err := s.CreateEndpoint(t.Context(), "default", EndpointInput{URL: "https://93.184.216.34/hook", Description: "The ERP"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := webhook.ParseSecret(created.Secret); err != nil {
			t.Errorf("its secret: %v", err)
		}
		if !slices.Equal(created.Events, []string{"invoice.approved", "invoice.saved_invalid"}) || created.Disabled || created.FailingSince != nil {
			t.Errorf("%+v", created)
		}
		shown := s.reload(created.ID)
		if shown.Secret != "" {
			t.Error("the secret is shown again")
		}
		created.Secret = ""
		if diff := cmp.Diff(created, shown); diff != "" {
			t.Error(diff)
		}
		stored, err := s.DB.Endpoint(t.Context(), "default", created.ID)
		if err != nil || strings.Contains(stored.Secret, "whsec_") {
			t.Errorf("stored as %q, %v", stored.Secret, err)
		}
	})
}

func TestEndpointFaults(t *testing.T) {
	const good = "https://93.184.216.34/"
	simulate(t, func(t *testing.T, s *simulation) {
		cases := []struct {
			name  string
			input EndpointInput
			want  []string // pointer and code of every fault
		}{
			{"good", EndpointInput{URL: good, Events: []string{"*"}}, nil},
			{"no url", EndpointInput{}, []string{"/url webhook_url_invalid"}},
			{"private address", EndpointInput{URL: "https://192.168.1.10/"}, []string{"/url webhook_address_private"}},
			{"metadata", EndpointInput{URL: "http://169.254.169.254/"}, []string{"/url webhook_address_private"}},
			{"plain http", EndpointInput{URL: "http://93.184.216.34/"}, []string{"/url webhook_https_required"}},
			{"longest description", EndpointInput{URL: good, Description: strings.Repeat("é", 255)}, nil},
			{"long description", EndpointInput{URL: good, Description: strings.Repeat("é", 256)}, []string{"/description description_invalid"}},
			{"NUL in the description", EndpointInput{URL: good, Description: "a\x00b"}, []string{"/description description_invalid"}},
			{"every fault at once", EndpointInput{URL: "ftp://x", Description: "\x00", Events: []string{"invoice.approved", "invoice.paid", "invoice.*"}},
				[]string{"/url webhook_url_invalid", "/description description_invalid", "/events/1 event_type_unknown", "/events/2 event_type_unknown"}},
		}
		existing := s.endpoint()
		for _, c := range cases {
			_, err := s.CreateEndpoint(t.Context(), "default", c.input)
			if got := faultsOf(err); !slices.Equal(got, c.want) {
				t.Errorf("create, %s: %v, %v; want %v", c.name, got, err, c.want)
			}
			_, err = s.UpdateEndpoint(t.Context(), "default", existing.ID,
				EndpointPatch{URL: &c.input.URL, Description: &c.input.Description, Events: &c.input.Events})
			if got := faultsOf(err); !slices.Equal(got, c.want) {
				t.Errorf("update, %s: %v, %v; want %v", c.name, got, err, c.want)
			}
		}
		_, err := s.CreateEndpoint(t.Context(), "default", EndpointInput{URL: good, Events: []string{"invoice.paid"}})
		if e := faktur.AsError(err); !strings.Contains(e.Faults[0].Message, "invoice.approved, ") {
			t.Errorf("%q does not list the known types", e.Faults[0].Message)
		}
	})
}

func faultsOf(err error) []string {
	e, ok := errors.AsType[*faktur.Error](err)
	if !ok {
		return nil
	}
	var faults []string
	for _, f := range e.Faults {
		faults = append(faults, f.Pointer+" "+f.Code)
	}
	return faults
}

func TestUpdateEndpoint(t *testing.T) {
	simulate(t, func(t *testing.T, s *simulation) {
		e := s.endpoint()
		text, none, yes := "Cabang Bandung", []string{}, true
		changed, err := s.UpdateEndpoint(t.Context(), "default", e.ID, EndpointPatch{Description: &text})
		if err != nil || changed.Description != text || changed.URL != e.URL || !slices.Equal(changed.Events, e.Events) {
			t.Errorf("%+v, %v", changed, err)
		}
		changed, err = s.UpdateEndpoint(t.Context(), "default", e.ID, EndpointPatch{Events: &none})
		if err != nil || !slices.Equal(changed.Events, []string{"invoice.approved", "invoice.saved_invalid"}) {
			t.Errorf("no events named: %v, %v", changed.Events, err)
		}
		changed, err = s.UpdateEndpoint(t.Context(), "default", e.ID, EndpointPatch{Events: &[]string{"signer.paused", "invoice.queued", "signer.paused"}})
		if err != nil || !slices.Equal(changed.Events, []string{"invoice.queued", "signer.paused"}) {
			t.Errorf("one named twice: %v, %v", changed.Events, err)
		}
		changed, err = s.UpdateEndpoint(t.Context(), "default", e.ID, EndpointPatch{Disabled: &yes})
		if err != nil || !changed.Disabled || changed.DisabledReason == "" || changed.Secret != "" {
			t.Errorf("disabled: %+v, %v", changed, err)
		}
		tell(t, s.Service, "default", "invoice.queued", 1)
		s.run(0)
		if len(s.received) != 0 {
			t.Error("a disabled endpoint gets messages")
		}
	})
}

func TestEndpointsArePagedAndLimited(t *testing.T) {
	simulate(t, func(t *testing.T, s *simulation) {
		var want []string
		for range maxEndpoints {
			want = append(want, s.endpoint().ID)
		}
		slices.Reverse(want)
		_, err := s.CreateEndpoint(t.Context(), "default", EndpointInput{URL: "https://93.184.216.34/"})
		if e := faktur.AsError(err); e == nil || e.Kind != faktur.KindConflict || e.Code != "webhook_endpoints_limit" {
			t.Errorf("one too many: %v", err)
		}
		var got []string
		for cursor := ""; ; {
			page, err := s.Endpoints(t.Context(), "default", 20, cursor)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range page.Data {
				got = append(got, e.ID)
			}
			if cursor = page.NextCursor; cursor == "" {
				break
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%d endpoints, newest first: %v", len(got), slices.Equal(got, want))
		}
		if _, err := s.Endpoints(t.Context(), "default", 20, "forged"); !slices.Equal(faultsOf(err), []string{"cursor cursor_invalid"}) {
			t.Errorf("a forged cursor: %v", err)
		}
	})
}

// To another tenant nothing exists.
func TestEndpointsAreTheTenantsOwn(t *testing.T) {
	simulate(t, func(t *testing.T, s *simulation) {
		e := s.endpoint()
		d, err := s.TestEndpoint(t.Context(), "default", e.ID)
		if err != nil {
			t.Fatal(err)
		}
		answers := map[string]error{
			"get":        second(s.Endpoint(t.Context(), "other", e.ID)),
			"update":     second(s.UpdateEndpoint(t.Context(), "other", e.ID, EndpointPatch{})),
			"delete":     s.DeleteEndpoint(t.Context(), "other", e.ID),
			"rotate":     second(s.RotateSecret(t.Context(), "other", e.ID)),
			"test":       second(s.TestEndpoint(t.Context(), "other", e.ID)),
			"recover":    second(s.RecoverEndpoint(t.Context(), "other", e.ID, s.Now())),
			"deliveries": second(s.Deliveries(t.Context(), "other", e.ID, "", 10, "")),
			"redeliver":  second(s.Redeliver(t.Context(), "other", d.ID)),
		}
		for name, err := range answers {
			if e := faktur.AsError(err); e == nil || e.Kind != faktur.KindNotFound {
				t.Errorf("%s: %v, want not found", name, err)
			}
		}
		if len(s.received) != 1 {
			t.Errorf("%d messages were sent", len(s.received))
		}
	})
}

func second[T any](_ T, err error) error { return err }

func TestDeletedEndpointGetsNothing(t *testing.T) {
	simulate(t, func(t *testing.T, s *simulation) {
		e := s.endpoint()
		s.answer = always(http.StatusInternalServerError)
		tell(t, s.Service, "default", "invoice.approved", 1)
		s.run(0)
		if err := s.DeleteEndpoint(t.Context(), "default", e.ID); err != nil {
			t.Fatal(err)
		}
		s.run(100 * time.Hour)
		if len(s.received) != 1 {
			t.Errorf("%d tries, want the one before it was deleted", len(s.received))
		}
		if _, err := s.Endpoint(t.Context(), "default", e.ID); faktur.AsError(err).Kind != faktur.KindNotFound {
			t.Errorf("it is still there: %v", err)
		}
	})
}

func TestDeliveriesFilter(t *testing.T) {
	simulate(t, func(t *testing.T, s *simulation) {
		e := s.endpoint()
		s.answer = func(r received) int {
			if strings.Contains(r.body, `"number":2`) {
				return http.StatusInternalServerError
			}
			return http.StatusOK
		}
		tell(t, s.Service, "default", "invoice.approved", 3)
		s.run(0)
		for state, want := range map[string]string{"": "3 2 1", "delivered": "3 1", "retrying": "2", "failed": ""} {
			page, err := s.Deliveries(t.Context(), "default", e.ID, state, 10, "")
			var got []string
			for _, d := range page.Data {
				got = append(got, strings.TrimPrefix(d.MessageID, "msg_"))
			}
			if err != nil || strings.Join(got, " ") != want {
				t.Errorf("%q: %v, %v; want %v", state, got, err, want)
			}
		}
		_, err := s.Deliveries(t.Context(), "default", e.ID, "lost", 10, "")
		if got := faultsOf(err); fmt.Sprint(got) != "[state state_unknown]" {
			t.Errorf("an unknown state: %v", err)
		}
	})
}

func TestDisabledEndpointIsNotRecovered(t *testing.T) {
	simulate(t, func(t *testing.T, s *simulation) {
		e := s.endpoint()
		tell(t, s.Service, "default", "invoice.approved", 1)
		s.run(0)
		d, yes := s.deliveries(e.ID)[0], true
		if _, err := s.UpdateEndpoint(t.Context(), "default", e.ID, EndpointPatch{Disabled: &yes}); err != nil {
			t.Fatal(err)
		}
		for name, err := range map[string]error{
			"recover":   second(s.RecoverEndpoint(t.Context(), "default", e.ID, s.Now())),
			"redeliver": second(s.Redeliver(t.Context(), "default", d.ID)),
		} {
			if e := faktur.AsError(err); e == nil || e.Kind != faktur.KindConflict || e.Code != "webhook_endpoint_disabled" {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := s.TestEndpoint(t.Context(), "default", e.ID); err != nil {
			t.Errorf("a test must work, so that its owner sees whether to enable it: %v", err)
		}
	})
}
