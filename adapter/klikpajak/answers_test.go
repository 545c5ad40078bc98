package klikpajak_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fakturgate/fakturgate/adapter"
	"github.com/fakturgate/fakturgate/adapter/klikpajak"
	"github.com/fakturgate/fakturgate/adapter/klikpajak/klikpajaktest"
	"github.com/fakturgate/fakturgate/faktur"
)

// answering is a channel to a Klikpajak that answers as the test says.
func answering(t *testing.T, answer http.HandlerFunc) *klikpajak.Channel {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	channel, err := klikpajak.New(klikpajak.Config{BaseURL: server.URL, Transport: &http.Transport{}})
	if err != nil {
		t.Fatal(err)
	}
	return channel
}

// says answers every call with data.
func says(data string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintf(w, `{"data":%s,"new":1}`, data) }
}

const nsfp = "04002600000000001"

// TestWords: the words that were seen are mapped, and the tax system's own; any
// other is passed on, and an answer that is none says nothing.
func TestWords(t *testing.T) {
	t.Parallel()
	known := func(status faktur.Status, word string) adapter.Outcome {
		return adapter.Outcome{Certainty: adapter.Known, Status: status, CoretaxStatus: word, Receipt: "7"}
	}
	numbered := func(status faktur.Status, word string) adapter.Outcome {
		o := known(status, word)
		o.NSFP = nsfp
		return o
	}
	number := `,"tax_invoice_number":"040.026-00000000001"`
	draft, rejected, signer := known(faktur.AwaitingUpload, "DRAFT"), known(faktur.SavedInvalid, "REJECTED"), known(faktur.SavedInvalid, "REJECTED")
	draft.Reason = &faktur.Reason{Code: "draft_at_provider", Action: faktur.ActionContactSupport, Origin: faktur.OriginChannel,
		Message: "It is a draft at Klikpajak and is not with DJP. Approve it there; the gateway then follows it."}
	rejected.Reason = &faktur.Reason{Code: "no_reason_given", Action: faktur.ActionContactSupport, Message: "The provider gave no reason.", Origin: faktur.OriginTaxSystem}
	signer.Reason = &faktur.Reason{Code: "signing_refused", Action: faktur.ActionContactSupport, Message: "Sertifikat kedaluwarsa", Origin: faktur.OriginTaxSystem}
	for data, want := range map[string]adapter.Outcome{
		`{"id":7,"invoice_status":"NORMAL","approval_status":"DRAFT"}`:                                 draft,
		`{"id":7,"invoice_status":"NORMAL","approval_status":"IN_PROGRESS","tax_invoice_number":null}`: known(faktur.SigningInProgress, "IN_PROGRESS"),
		`{"id":"7","invoice_status":"NORMAL","approval_status":"APPROVED"` + number + `}`:              numbered(faktur.Approved, "APPROVED"),
		`{"id":7,"invoice_status":"NORMAL_SUB","approval_status":"APPROVED"` + number + `}`:            numbered(faktur.Approved, "APPROVED"),
		`{"approval_status":"APPROVED"` + number + `}`:                                                 numbered(faktur.Approved, "APPROVED"),
		`{"id":7,"approval_status":"APPROVED"}`:                                                        known("", "APPROVED"),
		`{"id":7,"approval_status":"APPROVED","tax_invoice_number":"pending"}`:                         known("", "APPROVED"),
		`{"id":7,"invoice_status":"SUBSTITUED","approval_status":"APPROVED"` + number + `}`:            numbered(faktur.Amended, "SUBSTITUED"),
		`{"id":7,"invoice_status":"CANCELLED","approval_status":"APPROVED"` + number + `}`:             numbered(faktur.Cancelled, "CANCELLED"),
		`{"id":7,"invoice_status":"CANCEL_REQUESTED","approval_status":"APPROVED"` + number + `}`:      numbered("", "CANCEL_REQUESTED"),
		`{"id":7,"approval_status":"Waiting For Cancelation"` + number + `}`:                           numbered(faktur.CancellationPending, "Waiting For Cancelation"),
		`{"id":7,"approval_status":"in_progress"}`:                                                     known("", "in_progress"),
		`{"id":7,"approval_status":null}`:                                                              known("", ""),
		`{"id":7,"approval_status":"REJECTED"}`:                                                        rejected,
		`{"id":7,"approval_status":"REJECTED","reason":"Sertifikat kedaluwarsa"}`:                      signer,
		`{"id":8,"approval_status":"DRAFT"}`:                                                           {},
		`[]`:                                                                                           {},
		`null`:                                                                                         {},
	} {
		channel := answering(t, says(data))
		got, err := channel.Status(t.Context(), []adapter.Question{{ClientID: "a", Receipt: "7", Provider: provider()}})
		if want.Certainty == adapter.Unknown {
			if err == nil {
				t.Errorf("%s: %+v, want an error", data, got)
			}
			continue
		}
		if diff := cmp.Diff([]adapter.Outcome{want}, got); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", data, err, diff)
		}
	}
}

// TestFind: nothing is absent from a list that is not understood.
func TestFind(t *testing.T) {
	t.Parallel()
	for data, want := range map[string]adapter.Certainty{
		`[]`:                                   adapter.Absent,
		`{"items":[],"total":0}`:               adapter.Absent,
		`[{"id":7}]`:                           adapter.Unknown,
		`[{"client_reference_id":"a"}]`:        adapter.Unknown,
		`{"id":7}`:                             adapter.Unknown,
		`{"items":[],"more":[]}`:               adapter.Unknown,
		`null`:                                 adapter.Unknown,
		`[{"id":7,"client_reference_id":"b"}]`: adapter.Unknown, // not filtered: it may be on another page
		`[` + strings.Repeat(`{"id":7,"client_reference_id":"a"},`, 5) + `{"id":7,"client_reference_id":"a"}]`: adapter.Unknown,
	} {
		found, err := answering(t, says(data)).LookUp(t.Context(), []adapter.Question{{ClientID: "a", Provider: provider()}})
		if want == adapter.Absent && (err != nil || found[0].Certainty != want) || want == adapter.Unknown && err == nil {
			t.Errorf("%s: %+v, %v; want certainty %d", data, found, err, want)
		}
	}
	b := open(t, klikpajaktest.Config{Unfiltered: true})
	s := submission(t, "INV/AMONG")
	b.submit(t, s, submission(t, "INV/OTHERS"))
	if o := b.lookUp(t, s); o.Certainty != adapter.Known {
		t.Errorf("among others: %+v", o)
	}
	twice := answering(t, func(w http.ResponseWriter, r *http.Request) {
		if id, one := strings.CutPrefix(r.URL.Path, "/v2/klikpajak/v1/efaktur/out/"); one {
			fmt.Fprintf(w, `{"data":{"id":%s,"approval_status":"APPROVED","tax_invoice_number":"0400260000000000%s"}}`, id, id)
			return
		}
		fmt.Fprint(w, `{"data":[{"id":7,"client_reference_id":"a"},{"id":8,"client_reference_id":"a"}]}`)
	})
	if found, err := twice.LookUp(t.Context(), []adapter.Question{{ClientID: "a", Provider: provider()}}); err != nil || found[0].Status != faktur.Approved ||
		found[0].Reason == nil || found[0].Reason.Code != "filed_more_than_once" {
		t.Errorf("twice: %+v, %v", found, err)
	}
}

// TestFailureSaysWhatIsCertain is the table from create's answer to what it means.
func TestFailureSaysWhatIsCertain(t *testing.T) {
	t.Parallel()
	const words = `{"message":"salah"}`
	for _, test := range []struct {
		name   string
		status int
		body   string
		want   adapter.Certainty
		code   string // of the reason; "" when the call as a whole failed
		sent   bool   // the call as a whole is not *NotSent
	}{
		{"refused", 422, words, adapter.Known, "provider_refused", true},
		{"refused in errors", 400, `{"errors":[{"field":"customer.npwp"}]}`, adapter.Known, "provider_refused", true},
		{"refused by a proxy", 400, "<html>", adapter.NotTaken, "provider_turned_away", true},
		{"refused without a word", 400, `{"message":"","errors":{}}`, adapter.NotTaken, "provider_turned_away", true},
		{"no such path", 404, "<html>", adapter.NotTaken, "provider_turned_away", true},
		{"no such path, in its own words", 404, `{"message":"no Route matched with those values"}`, adapter.NotTaken, "provider_turned_away", true},
		{"it is there already", 409, words, adapter.Unknown, "", true},
		{"not welcome", 401, `{"message":"Unauthorized"}`, adapter.NotTaken, "provider_credentials", true},
		{"forbidden", 403, "<html>", adapter.NotTaken, "provider_credentials", true},
		{"too many", 429, `{"message":"API rate limit exceeded"}`, adapter.NotTaken, "", false},
		{"internal", 500, words, adapter.Unknown, "", true},
		{"a proxy's time-out", 504, "", adapter.Unknown, "", true},
		{"request time-out", 408, words, adapter.Unknown, "", true},
		{"redirect", 307, "", adapter.Unknown, "", true},
		{"accepted for later", 202, `{"data":{"id":7}}`, adapter.Unknown, "", true},
		{"200 without data", 200, words, adapter.Unknown, "", true},
		{"201 without id", 201, `{"data":{"approval_status":"IN_PROGRESS"}}`, adapter.Unknown, "", true},
		{"201 about another", 201, `{"data":{"id":7,"client_reference_id":"another"}}`, adapter.Unknown, "", true},
		{"duplicate keys", 201, `{"data":{"id":7,"id":8}}`, adapter.Unknown, "", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			channel := answering(t, func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodGet { // find: it has none of it
					fmt.Fprint(w, `{"data":[]}`)
					return
				}
				w.Header().Set("Location", "/elsewhere")
				w.WriteHeader(test.status)
				fmt.Fprint(w, test.body)
			})
			outcomes, err := channel.Submit(t.Context(), []adapter.Submission{submission(t, "INV/1"), submission(t, "INV/2")})
			if _, notSent := errors.AsType[*adapter.NotSent](err); notSent == test.sent {
				t.Fatalf("Submit: %v; NotSent is %t", err, notSent)
			}
			if test.code == "" {
				if err == nil {
					t.Fatalf("Submit = %+v without an error", outcomes)
				}
				return
			}
			if err != nil || outcomes[0].Certainty != test.want || outcomes[0].Reason == nil || outcomes[0].Reason.Code != test.code {
				t.Errorf("Submit = %+v, %v", outcomes, err)
			}
		})
	}
}

// TestRefusalIsLookedUp: a refusal counts only when nothing of it is there; where
// that cannot be asked, as on a wrong path, it counts too.
func TestRefusalIsLookedUp(t *testing.T) {
	t.Parallel()
	s := submission(t, "INV/REFUSED")
	row := `[{"id":7,"client_reference_id":"` + s.ClientID + `"}]`
	for _, test := range []struct {
		status int
		found  string
		want   adapter.Certainty
		stands faktur.Status
	}{
		{200, `{"data":[]}`, adapter.Known, faktur.SavedInvalid},
		{200, `{"data":` + row + `}`, adapter.Known, faktur.SigningInProgress},
		{404, `<html>`, adapter.Known, faktur.SavedInvalid},
		{404, `{"message":"no Route matched with those values"}`, adapter.Known, faktur.SavedInvalid},
		{400, `{"message":"client_reference_id"}`, adapter.Known, faktur.SavedInvalid},
		{500, `<html>`, adapter.Unknown, ""},
		{200, `{"data":[{"id":8}]}`, adapter.Unknown, ""},
		{401, `{"message":"Unauthorized"}`, adapter.Unknown, ""},
	} {
		channel := answering(t, func(w http.ResponseWriter, r *http.Request) {
			switch {
			case r.Method == http.MethodPost:
				w.WriteHeader(http.StatusUnprocessableEntity)
				fmt.Fprint(w, `{"message":"sudah digunakan"}`)
			case strings.HasSuffix(r.URL.Path, "/7"):
				fmt.Fprint(w, `{"data":{"id":7,"approval_status":"IN_PROGRESS"}}`)
			default:
				w.WriteHeader(test.status)
				fmt.Fprint(w, test.found)
			}
		})
		outcomes, err := channel.Submit(t.Context(), []adapter.Submission{s, submission(t, "INV/OTHER")})
		if _, notSent := errors.AsType[*adapter.NotSent](err); notSent {
			t.Errorf("%d %s: %v", test.status, test.found, err)
			continue
		}
		if err != nil {
			if test.want != adapter.Unknown {
				t.Errorf("%d %s: %v", test.status, test.found, err)
			}
			continue
		}
		if o := outcomes[0]; o.Certainty != test.want || o.Status != test.stands {
			t.Errorf("%d %s: %+v %+v", test.status, test.found, o, o.Reason)
		}
	}
}

// TestApprovalTurnedAway: detail tells whether it is because it is approved.
func TestApprovalTurnedAway(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		approve, detail int
		word            string
		want            adapter.Outcome
		code            string
	}{
		{422, 200, "IN_PROGRESS", adapter.Outcome{Certainty: adapter.Known, Status: faktur.SigningInProgress}, ""},
		{422, 200, "DRAFT", adapter.Outcome{Certainty: adapter.Known, Status: faktur.SavedInvalid}, "provider_refused"},
		{404, 200, "DRAFT", adapter.Outcome{Certainty: adapter.NotTaken}, "provider_turned_away"},
		{422, 500, "", adapter.Outcome{Certainty: adapter.Unknown}, ""},
		{422, 404, "", adapter.Outcome{Certainty: adapter.Unknown}, ""},
		{500, 200, "DRAFT", adapter.Outcome{Certainty: adapter.Unknown}, "submission_unknown"},
		{429, 200, "DRAFT", adapter.Outcome{Certainty: adapter.NotTaken}, "channel_unreachable"},
	} {
		channel := answering(t, func(w http.ResponseWriter, r *http.Request) {
			switch r.Method {
			case http.MethodPost:
				fmt.Fprint(w, `{"data":{"id":7,"approval_status":"DRAFT"}}`)
			case http.MethodPut:
				w.WriteHeader(test.approve)
				fmt.Fprint(w, `{"message":"tidak dapat disetujui"}`)
			default:
				w.WriteHeader(test.detail)
				fmt.Fprintf(w, `{"message":"-","data":{"id":7,"approval_status":%q}}`, test.word)
			}
		})
		outcomes, err := channel.Submit(t.Context(), []adapter.Submission{submission(t, "INV/DRAFT")})
		if err != nil {
			t.Errorf("%+v: %v", test, err)
			continue
		}
		o, code := outcomes[0], ""
		if o.Reason != nil {
			code = o.Reason.Code
		}
		if o.Certainty != test.want.Certainty || o.Status != test.want.Status || code != test.code || o.Receipt != "7" {
			t.Errorf("%d, then %d %s: %+v, reason %q", test.approve, test.detail, test.word, o, code)
		}
	}
}
