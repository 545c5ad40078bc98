package handlers

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/fakturgate/fakturgate/faktur"
)

// fuzzNow is a day on which the examples are neither late nor early.
var fuzzNow = time.Date(2026, 11, 22, 10, 0, 0, 0, faktur.Jakarta)

func addExamples(f *testing.F, pattern string) {
	f.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		f.Fatalf("no examples: %v", err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
}

// holdError holds what is true of every refusal: its kind, a code, and words
// that can be sent.
func holdError(t *testing.T, err error) {
	t.Helper()
	e := faktur.AsError(err)
	if e.Kind != faktur.KindMalformed && e.Kind != faktur.KindInvalid && e.Kind != faktur.KindTooLarge || e.Code == "" || e.Detail == "" {
		t.Fatalf("refused as %s %s: %v", e.Kind, e.Code, err)
	}
	if e.Kind == faktur.KindInvalid && len(e.Faults) == 0 {
		t.Fatalf("refused without a fault: %v", err)
	}
	for _, fault := range e.Faults {
		if fault.Code == "" || fault.Message == "" || fault.Pointer != "" && fault.Pointer[0] != '/' {
			t.Fatalf("the fault %+v", fault)
		}
	}
	w := httptest.NewRecorder()
	(&Handlers{}).Fail(w, httptest.NewRequest(http.MethodPost, "/invoices", nil), err)
	var p Problem
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || p.Code != e.Code || p.Detail == p.Title {
		t.Fatalf("the problem %s: %v", w.Body, err)
	}
}

// Any body is refused in words, or is an invoice that is refused in words, or
// one that is filed the same when it comes back as it was answered.
func FuzzInvoice(f *testing.F) {
	addExamples(f, "../docs/examples/*.json")
	f.Add([]byte(invoiceText))
	rules := faktur.NewRules(nil)
	f.Fuzz(func(t *testing.T, body []byte) {
		var first faktur.TaxInvoice
		if err := decode(body, &first); err != nil {
			holdError(t, err)
			return
		}
		if !jsontext.Value(body).IsValid() {
			t.Fatal("it is decoded, and is not JSON")
		}
		for _, channel := range faktur.Channels() {
			assessed, err := rules.Assess(first, faktur.Settings{}, channel, fuzzNow)
			if err != nil {
				holdError(t, err)
				continue
			}
			filled := first
			filled.Lines = assessed.Fill(first.Lines)
			text, err := json.Marshal(filled)
			if err != nil {
				t.Fatalf("accepted, and cannot be written: %v", err)
			}
			var second faktur.TaxInvoice
			if err := decode(text, &second); err != nil {
				t.Fatalf("accepted, and its own text is refused: %v: %s", err, text)
			}
			again, err := rules.Assess(second, faktur.Settings{}, channel, fuzzNow)
			if err != nil || again.Totals != assessed.Totals {
				t.Fatalf("accepted with %+v; as it was answered, %+v, %v: %s", assessed.Totals, again.Totals, err, text)
			}
		}
	})
}

// The same of returns.
func FuzzReturn(f *testing.F) {
	addExamples(f, "../docs/examples/returns/*.json")
	rules := faktur.NewRules(nil)
	f.Fuzz(func(t *testing.T, body []byte) {
		var first faktur.Return
		if err := decode(body, &first); err != nil {
			holdError(t, err)
			return
		}
		assessed, err := rules.AssessReturn(first, faktur.Settings{}, faktur.ChannelPJAP, fuzzNow)
		if err != nil {
			holdError(t, err)
			return
		}
		filled := first
		filled.Lines = assessed.Fill(first.Lines)
		text, err := json.Marshal(filled)
		if err != nil {
			t.Fatalf("accepted, and cannot be written: %v", err)
		}
		var second faktur.Return
		if err := decode(text, &second); err != nil {
			t.Fatalf("accepted, and its own text is refused: %v: %s", err, text)
		}
		if again, err := rules.AssessReturn(second, faktur.Settings{}, faktur.ChannelPJAP, fuzzNow); err != nil || again.Totals != assessed.Totals {
			t.Fatalf("accepted with %+v; as it was answered, %+v, %v: %s", assessed.Totals, again.Totals, err, text)
		}
	})
}

// What has faults of form says all of them in a place that the body has.
func FuzzForm(f *testing.F) {
	f.Add([]byte(`{"reference": 5, "colour": "red", "seller": [], "lines": [{"luxury": "yes"}, 7, {"prise": 1}]}`))
	f.Add([]byte(`{"a/b~c": {"d": 1}, "totals": 5, "id": []}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, into := range []any{new(faktur.TaxInvoice), new(faktur.Return), new(faktur.Taxpayer), new(faktur.Signer), new(Resolution), new(Recover), new(faktur.NSFPRanges)} {
			faults, err := decodeForm(bytes.Clone(body), into)
			if err != nil {
				holdError(t, err)
				continue
			}
			if len(faults) > maxFormFaults+1 {
				t.Fatalf("%d faults", len(faults))
			}
			for _, fault := range faults {
				if !utf8.ValidString(fault.Pointer+fault.Message) || len(fault.Message) > 1000 {
					t.Fatalf("%+v", fault)
				}
			}
		}
	})
}

// A key is what the header says or is refused; it is never another request's.
func FuzzIdempotencyKey(f *testing.F) {
	f.Add("0199c9a4-7a52-7d0e-8f3c-2b1f6d1c9a10", "/invoices", []byte(`{}`))
	f.Add("a b", "/invoices/%2e%2e/x", []byte(nil))
	f.Add("\x00", "/", []byte("\xff"))
	f.Fuzz(func(t *testing.T, key, path string, body []byte) {
		r := (&http.Request{Method: http.MethodPost, Header: http.Header{headerKey: {key}}}).WithContext(WithVisit(context.Background(), &Visit{}))
		r.URL = httptest.NewRequest(http.MethodPost, "/", nil).URL
		r.URL.Path = path
		request, err := requestOf(r, body)
		plain := len(key) > 0 && len(key) <= 255 && strings.Trim(key, "!\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~") == ""
		if plain != (err == nil) {
			t.Fatalf("%q: %v", key, err)
		}
		if err == nil && (request.Key != key || len(request.BodyHash) != 64 || !strings.HasPrefix(request.Route, "POST ")) {
			t.Fatalf("%q is %+v", key, request)
		}
	})
}

// An If-Match is the sequence that an ETag was made of, or matches nothing.
func FuzzIfMatch(f *testing.F) {
	for _, seed := range []string{`"3"`, `*`, `W/"3"`, `"3", "4"`, "`3`", `'3'`, `"-1"`, `"99999999999999999999"`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		sequence, err := ifMatch([]string{header})
		if err == nil && sequence > 0 && strings.Trim(header, " ,\t") != etag(sequence) {
			t.Fatalf("%q is the sequence %d", header, sequence)
		}
	})
}
