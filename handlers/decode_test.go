package handlers

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fakturgate/fakturgate/faktur"
)

const invoiceText = `{"reference": "INV/1", "date": "2026-11-22", "trx_code": "04",
	"seller": {"npwp": "0012345674901000"},
	"buyer": {"id_type": "npwp", "id_number": "0098765431109000", "name": "PT Pembeli", "address": "Jakarta", "country": "IDN"},
	"lines": [{"kind": "goods", "code": "000000", "name": "Kertas", "unit": "UM.0018", "unit_price": "100000.00", "quantity": 1}]}`

func TestDecodeReadsAnInvoice(t *testing.T) {
	t.Parallel()
	var invoice faktur.TaxInvoice
	if err := decode([]byte(invoiceText), &invoice); err != nil {
		t.Fatal(err)
	}
	if invoice.Reference != "INV/1" || len(invoice.Lines) != 1 || invoice.Lines[0].UnitPrice.String() != "100000.00" {
		t.Errorf("decoded %+v", invoice)
	}
}

// What is not JSON is told apart from JSON that says the wrong thing.
func TestDecodeRefusesWhatIsNotJSON(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat(`[`, 100_000) + strings.Repeat(`]`, 100_000)
	for name, test := range map[string]struct{ body, code string }{
		"a word":                      {"reference", "json_malformed"},
		"cut off":                     {`{"reference": "INV`, "json_malformed"},
		"two values":                  {invoiceText + invoiceText, "json_malformed"},
		"a trailing comma":            {`{"reference": "INV/1",}`, "json_malformed"},
		"NaN":                         {`{"lines": [{"unit_price": NaN}]}`, "json_malformed"},
		"a leading zero":              {`{"lines": [{"unit_price": 01}]}`, "json_malformed"},
		"a duplicate name":            {`{"reference": "A", "reference": "B"}`, "json_duplicate_name"},
		"a duplicate name, escaped":   {`{"reference": "A", "ref\u0065rence": "B"}`, "json_duplicate_name"},
		"a duplicate name below":      {`{"seller": {"npwp": "1", "npwp": "2"}}`, "json_duplicate_name"},
		"a duplicate in the unknown":  {`{"extra": {"a": 1, "a": 2}}`, "json_duplicate_name"},
		"bad UTF-8":                   {"{\"reference\": \"\xff\"}", "json_malformed"},
		"a lone surrogate":            {`{"reference": "\ud800"}`, "json_malformed"},
		"a raw control character":     {"{\"reference\": \"a\nb\"}", "json_malformed"},
		"a byte order mark":           {"\ufeff" + invoiceText, "json_malformed"},
		"too deep":                    {deep, "json_malformed"},
		"too deep in an unknown":      {`{"extra": ` + deep + `}`, "json_malformed"},
		"broken behind a wrong type":  {`{"reference": 5, "date": }`, "json_malformed"},
		"broken behind an unknown":    {`{"extra": 5, "date": }`, "json_malformed"},
		"broken inside a wrong value": {`{"reference": {"a": }`, "json_malformed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := faktur.AsError(decode([]byte(test.body), &faktur.TaxInvoice{}))
			if e == nil || e.Kind != faktur.KindMalformed || e.Code != test.code {
				t.Fatalf("got %v, want %s %s", e, faktur.KindMalformed, test.code)
			}
			if len(e.Detail) > 500 {
				t.Errorf("the detail has %d characters: %.100s...", len(e.Detail), e.Detail)
			}
		})
	}
}

// Every fault of form is told at once, and what lies between them is read.
func TestDecodeTellsEveryFaultOfForm(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		body string
		want []string // pointer and code
	}{
		"unknown fields and wrong types": {
			`{"reference": 5, "colour": "red", "seller": [], "buyer": {"name": true, "fax": {"a": [1]}},
			  "lines": [{"luxury": "yes"}, 7, {"prise": 1, "name": null}], "add_info": {"x": 1}}`,
			[]string{"/reference wrong_type", "/colour unknown_field", "/seller wrong_type", "/buyer/name wrong_type",
				"/buyer/fax unknown_field", "/lines/0/luxury wrong_type", "/lines/1 wrong_type", "/lines/2/prise unknown_field",
				"/add_info wrong_type"},
		},
		"an array":       {`[` + invoiceText + `]`, []string{" wrong_type"}},
		"null":           {`null`, []string{" wrong_type"}},
		"a text":         {`"hello"`, []string{" wrong_type"}},
		"another case":   {`{"Reference": "A"}`, []string{"/Reference unknown_field"}},
		"an escaped one": {`{"a/b~c": 1}`, []string{"/a~1b~0c unknown_field"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var invoice faktur.TaxInvoice
			faults, err := decodeForm([]byte(test.body), &invoice)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, f := range faults {
				got = append(got, f.Pointer+" "+f.Code)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestFaultsOfFormLeaveTheRestReadable(t *testing.T) {
	t.Parallel()
	var invoice faktur.TaxInvoice
	faults, err := decodeForm([]byte(strings.Replace(invoiceText, `"trx_code": "04"`, `"trx_code": 4, "colour": {}`, 1)), &invoice)
	if err != nil || len(faults) != 2 {
		t.Fatal(faults, err)
	}
	if invoice.TrxCode != "" || invoice.Buyer.Name != "PT Pembeli" || invoice.Lines[0].Quantity.String() != "1.00" {
		t.Errorf("decoded %+v", invoice)
	}
}

// A number goes to the domain digit by digit, which decides what is wrong with it.
func TestDecodeLeavesNumbersToTheDomain(t *testing.T) {
	t.Parallel()
	for _, number := range []string{`1e400`, `-0`, `"1e400"`, `1.005`, `true`, `""`, `{"a": 1}`} {
		var invoice faktur.TaxInvoice
		if err := decode([]byte(`{"lines": [{"unit_price": `+number+`}]}`), &invoice); err != nil {
			t.Errorf("%s: %v", number, err)
		}
		if _, err := faktur.NewRules(nil).Assess(invoice, faktur.Settings{}, faktur.ChannelPJAP, invoice.Date.EndOfDay()); err == nil {
			t.Errorf("%s was assessed without a fault", number)
		}
	}
}

// GET, edit, PUT: what a client makes of the fields that only the gateway writes does not matter.
func TestReadOnlyFieldsOfACorrectionAreIgnored(t *testing.T) {
	t.Parallel()
	body := strings.Replace(invoiceText, `{`, `{"id": 7, "status": "saved_invalid", "nsfp": null, "totals": {"grand": 1}, "warnings": [],
		"created_at": "yesterday", "sequence": 1.5,`, 1)
	r := httptest.NewRequest(http.MethodPut, "/invoices/1", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	content, err := new(Handlers).decodeCorrection(httptest.NewRecorder(), r)
	if err != nil || content.Reference != "INV/1" || len(content.Lines) != 1 {
		t.Errorf("decoded %+v, %v", content, err)
	}
}

func TestReadBodyTakesJSONAndNothingElse(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		contentType, encoding, body, code string
	}{
		"plain":             {"application/json", "", "{}", ""},
		"with its charset":  {"application/json; charset=UTF-8", "", "{}", ""},
		"identity":          {"application/json", "identity", "{}", ""},
		"another charset":   {"application/json; charset=latin1", "", "{}", "media_type_unsupported"},
		"a form":            {"application/x-www-form-urlencoded", "", "{}", "media_type_unsupported"},
		"no type":           {"", "", "{}", "media_type_unsupported"},
		"a broken type":     {"application/json; =", "", "{}", "media_type_unsupported"},
		"gzip":              {"application/json", "gzip", "{}", "content_encoding_unsupported"},
		"nothing":           {"application/json", "", "", "body_missing"},
		"nothing, untyped":  {"", "", "", "body_missing"},
		"a byte too large":  {"application/json", "", strings.Repeat(" ", maxBody+1), "body_too_large"},
		"exactly the limit": {"application/json", "", strings.Repeat(" ", maxBody), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest(http.MethodPost, "/invoices", io.NopCloser(strings.NewReader(test.body)))
			r.Header.Set("Content-Type", test.contentType)
			r.Header.Set("Content-Encoding", test.encoding)
			body, release, err := readNeeded(httptest.NewRecorder(), r, maxBody)
			defer release()
			if e := faktur.AsError(err); (e == nil) != (test.code == "") || e != nil && e.Code != test.code {
				t.Fatalf("got %v, want %q", err, test.code)
			}
			if err == nil && string(body) != test.body {
				t.Errorf("read %d bytes of %d", len(body), len(test.body))
			}
		})
	}
}
