package klikpajak_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/fakturgate/fakturgate/adapter"
	"github.com/fakturgate/fakturgate/adapter/adaptertest"
	"github.com/fakturgate/fakturgate/adapter/klikpajak/klikpajaktest"
	"github.com/fakturgate/fakturgate/faktur"
)

// TestOneTaxpayersTroubleIsItsOwn: wrong or missing credentials, or an address
// where nobody is, harm no other taxpayer of the batch, and fail no batch.
func TestOneTaxpayersTroubleIsItsOwn(t *testing.T) {
	t.Parallel()
	b := open(t, klikpajaktest.Config{})
	nobody := httptest.NewServer(nil)
	nobody.Close()
	at := func(url string, paths map[string]string) *faktur.Provider {
		return &faktur.Provider{ClientID: clientID, ClientSecret: secret, BaseURL: url, Paths: paths}
	}
	batch := adaptertest.Batch(t, 7, true)
	for i, p := range []*faktur.Provider{nil, {ClientID: clientID, ClientSecret: "wrong"}, at(nobody.URL, nil), at("http://pajak.example.com", nil),
		provider(), at(b.address, map[string]string{"create": "/wrong"}), {ClientID: clientID}} {
		batch[i].Provider = p
	}
	for i, code := range []string{"provider_credentials", "provider_credentials", "channel_unreachable", "provider_credentials", "", "provider_turned_away", "provider_credentials"} {
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
		for _, ask := range []string{"", "1001"} {
			q.Receipt = ask
			if said, err := b.channel.Status(t.Context(), []adapter.Question{q}); code != "provider_turned_away" && (err != nil || said[0].Certainty != adapter.Unknown) {
				t.Errorf("item %d: Status = %+v, %v; want Unknown", i, said, err)
			}
		}
	}
}

// TestSecretsStaySecret: a provider that repeats the client secret and the
// signature does not get the secret into an error or an outcome, in whatever form.
func TestSecretsStaySecret(t *testing.T) {
	t.Parallel()
	forms := []string{secret, base64.StdEncoding.EncodeToString([]byte(secret)), base64.URLEncoding.EncodeToString([]byte(secret))}
	for _, status := range []int{200, 201, 400, 401, 404, 422, 500} {
		channel := answering(t, func(w http.ResponseWriter, r *http.Request) {
			if all := fmt.Sprint(r.Header, r.URL); strings.Contains(all, secret) {
				t.Errorf("the secret travels: %s", all)
			}
			w.WriteHeader(status)
			said := strings.Join(forms, " ")
			fmt.Fprintf(w, `{"message":%q,"errors":[%q],"data":{"id":%q,"approval_status":%q,"reason":%q,"tax_invoice_number":%q}}`, said, said, said, said, said, said)
		})
		s := submission(t, "INV/SECRET")
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

// TestPDF: Klikpajak's link, of what is approved.
func TestPDF(t *testing.T) {
	t.Parallel()
	b := open(t, klikpajaktest.Config{})
	s := submission(t, "INV/PDF")
	receipt := b.submit(t, s)[0].Receipt
	q := adaptertest.QuestionAbout(s)
	q.Receipt = receipt
	if pdf, err := b.channel.PDF(t.Context(), q); !errors.Is(err, adapter.ErrNoPDF) {
		t.Errorf("PDF before approval = %+v, %v", pdf, err)
	}
	b.advance(time.Minute)
	for _, known := range []string{receipt, ""} {
		q.Receipt = known
		if pdf, err := b.channel.PDF(t.Context(), q); err != nil || pdf.Link != "https://klikpajak.example/public/efaktur-v2/preview/"+receipt {
			t.Errorf("PDF = %+v, %v", pdf, err)
		}
	}
	q.Receipt = "999999"
	if pdf, err := b.channel.PDF(t.Context(), q); !errors.Is(err, adapter.ErrNoPDF) {
		t.Errorf("PDF of what is not there = %+v, %v", pdf, err)
	}
	for _, link := range []string{"http://klikpajak.example/1", "javascript:alert(1)", "https://user:word@klikpajak.example/", "/preview/1"} {
		data := fmt.Sprintf(`{"id":7,"approval_status":"APPROVED","tax_invoice_number":%q,"tax_invoice_link":%q}`, nsfp, link)
		if pdf, err := answering(t, says(data)).PDF(t.Context(), adapter.Question{Receipt: "7", Provider: provider()}); err == nil {
			t.Errorf("%s is passed on as %+v", link, pdf)
		}
	}
}

// TestNotOnKlikpajak: what the API has no field for is refused, here too: the
// seller may have moved here while it waited.
func TestNotOnKlikpajak(t *testing.T) {
	t.Parallel()
	b := open(t, klikpajaktest.Config{})
	for code, change := range map[string]func(*adapter.Submission){
		"channel_cannot":                     func(s *adapter.Submission) { s.Invoice.Payment.Type = faktur.PaymentSettlement },
		"supporting_document_not_on_channel": func(s *adapter.Submission) { s.Invoice.SupportingDocument.Number = "SPPB-1" },
		"nitku_not_on_channel":               func(s *adapter.Submission) { s.Invoice.Buyer.NITKU = "0098765431109000000001" },
	} {
		s := submission(t, "INV/NOT")
		change(&s)
		if o := b.submit(t, s)[0]; o.Certainty != adapter.Known || o.Status != faktur.SavedInvalid || o.Reason.Code != code {
			t.Errorf("%s: %+v %+v", code, o, o.Reason)
		}
	}
	ret := adaptertest.ReturnSubmission(t, "RET/1", true)
	ret.Provider = provider()
	if o := b.submit(t, ret)[0]; o.Status != faktur.SavedInvalid || o.Reason.Code != "channel_cannot" {
		t.Errorf("a return: %+v", o)
	}
	if n := b.Calls("create"); n != 0 {
		t.Errorf("%d calls", n)
	}
}
