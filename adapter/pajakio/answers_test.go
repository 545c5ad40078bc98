package pajakio_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fakturgate/fakturgate/adapter"
	"github.com/fakturgate/fakturgate/adapter/adaptertest"
	"github.com/fakturgate/fakturgate/adapter/pajakio"
	"github.com/fakturgate/fakturgate/adapter/pajakio/pajakiotest"
	"github.com/fakturgate/fakturgate/faktur"
)

// answering is a channel to a Pajak.io that answers as the test says.
func answering(t *testing.T, answer http.HandlerFunc) *pajakio.Channel {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	channel, err := pajakio.New(pajakio.Config{BaseURL: server.URL, Transport: &http.Transport{}})
	if err != nil {
		t.Fatal(err)
	}
	return channel
}

// says answers every call with data in an envelope that says OK.
func says(data string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"code":200,"status":"OK","message":"Sukses","data":%s,"new":1}`, data)
	}
}

const nsfp = "04002600000000001"

// TestWords: the three words that were seen are mapped; any other is passed on.
func TestWords(t *testing.T) {
	t.Parallel()
	for data, want := range map[string]adapter.Outcome{
		`{"status":"APPROVAL_SUKSES","nofa":"` + nsfp + `"}`:   {Certainty: adapter.Known, Status: faktur.Approved, CoretaxStatus: "APPROVAL_SUKSES", NSFP: nsfp, Receipt: "7"},
		`{"transactionId":7,"status":"APPROVAL_SUKSES"}`:       {Certainty: adapter.Known, CoretaxStatus: "APPROVAL_SUKSES", Receipt: "7"},
		`{"transactionId":"7","status":"SEDANG_DIPROSES"}`:     {Certainty: adapter.Known, CoretaxStatus: "SEDANG_DIPROSES", Receipt: "7"},
		`{"transactionId":"7","status":"approval_sukses"}`:     {Certainty: adapter.Known, CoretaxStatus: "approval_sukses", Receipt: "7"},
		`{"transactionId":"7","status":null}`:                  {Certainty: adapter.Known, Receipt: "7"},
		`{"transactionId":"8","status":"DRAFT"}`:               {},
		`[]`:                                                   {},
		`null`:                                                 {},
		`{"transactionId":"7","status":"DITOLAK","alasan":""}`: {Certainty: adapter.Known, Status: faktur.SavedInvalid, CoretaxStatus: "DITOLAK", Receipt: "7", Reason: &faktur.Reason{Code: "no_reason_given", Action: faktur.ActionContactSupport, Message: "The provider gave no reason.", Origin: faktur.OriginTaxSystem}},
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

// TestFailureSaysWhatIsCertain is the table from create's answer to what it means.
func TestFailureSaysWhatIsCertain(t *testing.T) {
	t.Parallel()
	envelope := func(code int) string {
		return fmt.Sprintf(`{"code":%d,"status":"FAILED","message":"salah","data":null}`, code)
	}
	for _, test := range []struct {
		name   string
		status int
		body   string
		want   adapter.Certainty
		code   string // of the reason; "" when the call as a whole failed
		sent   bool   // the call as a whole is not *NotSent
	}{
		{"refused", 400, envelope(400), adapter.Known, "provider_refused", true},
		{"refused by a proxy", 400, "<html>", adapter.NotTaken, "provider_turned_away", true},
		{"refused by another's JSON", 400, `{"message":"no Route matched"}`, adapter.NotTaken, "provider_turned_away", true},
		{"no such path", 404, "<html>", adapter.NotTaken, "provider_turned_away", true},
		{"no such path, in its own words", 404, envelope(404), adapter.NotTaken, "provider_turned_away", true},
		{"it is there already", 409, envelope(409), adapter.Unknown, "", true},
		{"not welcome", 401, envelope(401), adapter.NotTaken, "provider_credentials", true},
		{"forbidden", 403, "<html>", adapter.NotTaken, "provider_credentials", true},
		{"too many", 429, envelope(429), adapter.NotTaken, "", false},
		{"internal", 500, envelope(500), adapter.Unknown, "", true},
		{"a proxy's time-out", 504, "", adapter.Unknown, "", true},
		{"request time-out", 408, envelope(408), adapter.Unknown, "", true},
		{"redirect", 307, "", adapter.Unknown, "", true},
		{"accepted for later", 202, envelope(202), adapter.Unknown, "", true},
		{"200 that says 400", 200, envelope(400), adapter.Unknown, "", true},
		{"200 that does not say OK", 200, envelope(200), adapter.Unknown, "", true},
		{"200 without transactionId", 200, `{"code":200,"status":"OK","message":"","data":{}}`, adapter.Unknown, "", true},
		{"duplicate keys", 200, `{"code":200,"code":200,"status":"OK","data":{"transactionId":"1"}}`, adapter.Unknown, "", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			channel := answering(t, func(w http.ResponseWriter, _ *http.Request) {
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

// TestOneTaxpayersTroubleIsItsOwn: wrong or missing credentials, or an address
// where nobody is, harm no other taxpayer of the batch, and fail no batch.
func TestOneTaxpayersTroubleIsItsOwn(t *testing.T) {
	t.Parallel()
	b := open(t, pajakiotest.Config{})
	nobody := httptest.NewServer(nil)
	nobody.Close()
	batch := adaptertest.Batch(t, 6, true)
	batch[0].Provider = nil
	batch[1].Provider = &faktur.Provider{Token: "wrong"}
	batch[2].Provider = &faktur.Provider{Token: token, BaseURL: nobody.URL}
	batch[3].Provider = &faktur.Provider{Token: token, BaseURL: "http://pajak.example.com"}
	batch[4].Provider = provider()
	batch[5].Provider = &faktur.Provider{Token: token, BaseURL: b.address, Paths: map[string]string{"create": "/wrong"}}
	for i, code := range []string{"provider_credentials", "provider_credentials", "channel_unreachable", "provider_credentials", "", "provider_turned_away"} {
		o := b.submit(t, batch...)[i]
		if code == "" {
			if o.Certainty != adapter.Known {
				t.Errorf("the good one: %+v", o)
			}
			continue
		}
		if o.Certainty != adapter.NotTaken || o.Reason == nil || o.Reason.Code != code {
			t.Errorf("item %d: %+v %+v, want %s", i, o, o.Reason, code)
		}
		if alone := b.submit(t, batch[i])[0]; alone.Certainty != adapter.NotTaken {
			t.Errorf("item %d alone: %+v", i, alone)
		}
		q := adaptertest.QuestionAbout(batch[i])
		for _, ask := range []string{"", "trx-1"} {
			q.Receipt = ask
			if said, err := b.channel.Status(t.Context(), []adapter.Question{q}); code != "provider_turned_away" && (err != nil || said[0].Certainty != adapter.Unknown) {
				t.Errorf("item %d: Status = %+v, %v; want Unknown", i, said, err)
			}
		}
	}
}

// TestSecretsStaySecret: a provider that repeats token and passphrase does not
// get them into an error or an outcome, in whatever form.
func TestSecretsStaySecret(t *testing.T) {
	t.Parallel()
	forms := []string{token, base64.StdEncoding.EncodeToString([]byte(token)), passphrase, base64.StdEncoding.EncodeToString([]byte(passphrase))}
	for _, status := range []int{200, 400, 401, 404, 500} {
		channel := answering(t, func(w http.ResponseWriter, r *http.Request) {
			if got := r.Header.Get("Authorization"); got != forms[1] {
				t.Errorf("Authorization = %q", got)
			}
			w.WriteHeader(status)
			said := strings.Join(forms, " ")
			fmt.Fprintf(w, `{"code":%d,"status":"OK","message":%q,"data":{"transactionId":%q,"status":%q,"keterangan":%q}}`, status, said, said, said, said)
		})
		s := submission(t, "INV/SECRET")
		s.Signer = &faktur.Signer{ID: signerID, Name: "Siti", Position: "Direktur", City: "Jakarta", Passphrase: passphrase}
		outcomes, err := channel.Submit(t.Context(), []adapter.Submission{s})
		text := fmt.Sprintf("%v %+v %#v", err, outcomes, channel)
		for _, o := range outcomes {
			text += fmt.Sprintf("%+v", o.Reason)
		}
		for _, form := range forms {
			if strings.Contains(text, form) {
				t.Errorf("%d: %q stands in %s", status, form, text)
			}
		}
	}
}

// TestPDF: base64, wherever in data it stands; none before approval.
func TestPDF(t *testing.T) {
	t.Parallel()
	b := open(t, pajakiotest.Config{})
	s := submission(t, "INV/PDF")
	receipt := b.submit(t, s)[0].Receipt
	q := adaptertest.QuestionAbout(s)
	q.Receipt = receipt
	if pdf, err := b.channel.PDF(t.Context(), q); !errors.Is(err, adapter.ErrNoPDF) {
		t.Errorf("PDF before approval = %+v, %v", pdf, err)
	}
	b.advance(time.Minute)
	approved := b.status(t, s, receipt)
	for _, known := range []string{receipt, ""} {
		q.Receipt = known
		pdf, err := b.channel.PDF(t.Context(), q)
		if err != nil || !strings.HasPrefix(string(pdf.Content), "%PDF-") || !strings.Contains(string(pdf.Content), approved.NSFP) {
			t.Errorf("PDF = %q, %v", pdf.Content, err)
		}
	}
	printed := base64.StdEncoding.EncodeToString([]byte("%PDF-1.7"))
	for data, good := range map[string]bool{
		`"` + printed + `"`: true, `{"name":"a.pdf","file":"` + printed + `"}`: true, `"aGFsbG8="`: false, `{}`: false, `null`: false, `[]`: false,
	} {
		if pdf, err := answering(t, says(data)).PDF(t.Context(), adapter.Question{Receipt: "7", Provider: provider()}); (err == nil) != good {
			t.Errorf("%s: %q, %v", data, pdf.Content, err)
		}
	}
}

// TestSigner: all its fields or none.
func TestSigner(t *testing.T) {
	t.Parallel()
	b := open(t, pajakiotest.Config{})
	whole := faktur.Signer{ID: signerID, Name: "Siti", Position: "Direktur", City: "Jakarta", Passphrase: passphrase}
	s := submission(t, "INV/SIGNER")
	s.Signer = &whole
	b.approve(t, s)
	if p := b.Documents(s.Reference)[0].Body.Penandatangan; p == nil || p.Passphrase != passphrase || p.NPWP != signerID {
		t.Errorf("penandatangan = %+v", p)
	}
	for name, half := range map[string]func(*faktur.Signer){
		"position": func(g *faktur.Signer) { g.Position = "" }, "city": func(g *faktur.Signer) { g.City = "" },
		"passphrase": func(g *faktur.Signer) { g.Passphrase = "" },
	} {
		without := whole
		half(&without)
		s := submission(t, "INV/SIGNER/"+name)
		s.Signer = &without
		if o := b.submit(t, s)[0]; o.Status != faktur.SavedInvalid || o.Reason.Code != "signer_incomplete" || len(b.Documents(s.Reference)) != 0 {
			t.Errorf("without %s: %+v", name, o)
		}
	}
}

// TestPayment: terminPembayaran carries a down payment and its settlement.
func TestPayment(t *testing.T) {
	t.Parallel()
	b := open(t, pajakiotest.Config{})
	dpp, ppn, ppnbm := faktur.Rupiah(30_000), faktur.Rupiah(3_300), faktur.Amount{}
	for kind, want := range map[string]string{"": "NORMAL 0 ", faktur.PaymentDownPayment: "UANG_MUKA 30000.00 ", faktur.PaymentSettlement: "PELUNASAN 30000.00 " + nsfp} {
		s := submission(t, "INV/PAYMENT/"+kind)
		s.Invoice.Payment = faktur.Payment{Type: kind, DPP: &dpp, PPN: &ppn, PPnBM: &ppnbm}
		if kind == faktur.PaymentSettlement {
			s.Invoice.Payment.FirstNSFP = nsfp
		}
		b.submit(t, s)
		got := b.Documents(s.Reference)[0].Body.TerminPembayaran
		if text := got.Type + " " + string(got.Dpp) + " " + got.Nofa; text != want {
			t.Errorf("%q: terminPembayaran %q, want %q", kind, text, want)
		}
	}
}

// TestPathsCanBeReplaced: the taxpayer's own, by the names that registration takes.
func TestPathsCanBeReplaced(t *testing.T) {
	t.Parallel()
	for name := range pajakio.Paths {
		if !faktur.IsProviderPath(faktur.ChannelPajakio, name) {
			t.Errorf("registration does not take the path %s", name)
		}
	}
	b := open(t, pajakiotest.Config{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.URL.Path = strings.Replace(r.URL.Path, "/v4/faktur", "/efaktur/v3/penjualan", 1)
		b.Server.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	s := submission(t, "INV/PATHS")
	s.Provider = &faktur.Provider{Token: token, BaseURL: server.URL + "/", Paths: map[string]string{}}
	for name, path := range pajakio.Paths {
		s.Provider.Paths[name] = strings.Replace(path, "/efaktur/v3/penjualan", "/v4/faktur", 1)
	}
	b.approve(t, s)
}
