package klikpajak

import (
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/fakturgate/fakturgate/adapter"
	"github.com/fakturgate/fakturgate/faktur"
)

// The bodies as a public connector has them (FACTS 7, OPSY), as this side writes
// and reads them. What it does not show is an assumption, and says so here;
// docs/providers.md lists them all.

// envelope is an answer of 200 or 201.
type envelope struct {
	Data jsontext.Value `json:"data"`
}

func (e *envelope) read(body []byte) error {
	if err := json.Unmarshal(body, e); err != nil {
		return fmt.Errorf("the answer is no envelope of Klikpajak's: %w", adapter.JSONFault(err))
	}
	if e.Data == nil {
		return errors.New("the answer has no data")
	}
	return nil
}

// wordsIn gives the provider's own words of a refusal; "" when there are none. How
// Klikpajak says an error is not known: message is what Mekari's door says; error
// and errors are guesses, and only text for a person.
func wordsIn(body []byte) string {
	var told struct {
		Message jsontext.Value `json:"message"`
		Error   jsontext.Value `json:"error"`
		Errors  jsontext.Value `json:"errors"`
	}
	if err := json.Unmarshal(body, &told); err != nil {
		return ""
	}
	var words []string
	for _, value := range []jsontext.Value{told.Message, told.Error, told.Errors} {
		text := ""
		switch value.Kind() {
		case '"':
			if err := json.Unmarshal(value, &text); err != nil {
				return ""
			}
		case '{', '[':
			text = string(value)
		}
		if text = strings.TrimSpace(text); text != "" && text != "{}" && text != "[]" {
			words = append(words, text)
		}
	}
	return strings.Join(words, " ")
}

// invoice is the body of create. Amounts are JSON numbers.
type invoice struct {
	ClientReferenceID   string `json:"client_reference_id"`
	Reference           string `json:"reference"`
	TransactionDetail   string `json:"transaction_detail"`    // trx code, "04"
	AdditionalTrxDetail string `json:"additional_trx_detail"` // TD.005NN, "" without a facility: its form is an assumption
	// SubstitutionFlag was seen as 0 and as true.
	SubstitutionFlag        bool           `json:"substitution_flag"`
	SubstitutedTaxInvoiceID jsontext.Value `json:"substituted_tax_invoice_id"` // Klikpajak's id, null without a substitution
	DocumentDate            faktur.Date    `json:"document_date"`
	Customer                customer       `json:"customer"`
	Items                   []item         `json:"items"`
	DownpaymentFlag         int            `json:"downpayment_flag"` // 0 was seen; that 1 is a down payment is an assumption
	TotalPrice              jsontext.Value `json:"total_price"`      // before the discount
	TotalDiscount           jsontext.Value `json:"total_discount"`
	TotalTaxBase            jsontext.Value `json:"total_tax_base"`
	TotalOtherTaxBase       jsontext.Value `json:"total_other_tax_base"`
	TotalVAT                jsontext.Value `json:"total_vat"`
	TotalSTLG               jsontext.Value `json:"total_stlg"`
}

type customer struct {
	IDType      string `json:"id_type"` // the values are an assumption
	Name        string `json:"name"`
	CountryCode string `json:"country_code"`
	NPWP        string `json:"npwp"` // that it takes other numbers than an NPWP is an assumption
	Address     string `json:"address"`
}

type item struct {
	GoodsService     string         `json:"goods_service"` // GOODS or SERVICES
	GoodsServiceName string         `json:"goods_service_name"`
	UnitMeasurement  string         `json:"unit_measurement"` // UM.00NN: its form is an assumption
	UnitPrice        jsontext.Value `json:"unit_price"`
	Quantity         jsontext.Value `json:"quantity"`
	Discount         jsontext.Value `json:"discount"` // of the whole line: an assumption
	PPnBMRate        jsontext.Value `json:"ppnbm_rate"`
	TaxBase          jsontext.Value `json:"tax_base"`
	VAT              jsontext.Value `json:"vat"`
	SellingPrice     jsontext.Value `json:"selling_price"` // of the whole line before the discount: an assumption
}

// newInvoice writes a document as the wire has it.
func newInvoice(s *adapter.Submission) invoice {
	inv := &s.Invoice
	wire := invoice{
		ClientReferenceID: s.ClientID, Reference: s.Reference,
		TransactionDetail: inv.TrxCode, AdditionalTrxDetail: inv.AddInfo,
		SubstitutionFlag: s.ReplacesReceipt != "", SubstitutedTaxInvoiceID: named(s.ReplacesReceipt), DocumentDate: inv.Date,
		Customer: newCustomer(&inv.Buyer), Items: make([]item, len(inv.Lines)),
		TotalPrice: number(s.Totals.DPP.Add(s.Totals.Discount)), TotalDiscount: number(s.Totals.Discount),
		TotalTaxBase: number(s.Totals.DPP), TotalOtherTaxBase: number(s.Totals.OtherDPP),
		TotalVAT: number(s.Totals.PPN), TotalSTLG: number(s.Totals.PPnBM),
	}
	if inv.Payment.Type == faktur.PaymentDownPayment {
		wire.DownpaymentFlag = 1
	}
	for i := range inv.Lines {
		wire.Items[i] = newItem(&inv.Lines[i])
	}
	return wire
}

// named writes Klikpajak's id as it was told: a number (OPSY), or else a text.
func named(id string) jsontext.Value {
	switch {
	case id == "":
		return jsontext.Value("null")
	case id[0] != '0' && strings.Trim(id, "0123456789") == "":
		return jsontext.Value(id)
	}
	text, err := jsontext.AppendQuote(nil, id)
	if err != nil {
		return jsontext.Value("null") // not UTF-8: no id that Klikpajak told
	}
	return text
}

var idTypes = map[string]string{
	faktur.IDTypeNPWP: "NPWP", faktur.IDTypeNIK: "NIK", faktur.IDTypePassport: "PASSPORT", faktur.IDTypeOther: "OTHER",
}

func newCustomer(b *faktur.Buyer) customer {
	return customer{IDType: idTypes[b.IDType], Name: b.Name, CountryCode: b.Country, NPWP: b.IDNumber, Address: b.Address}
}

func newItem(l *faktur.Line) item {
	kind := "GOODS"
	if l.Kind == faktur.Service {
		kind = "SERVICES"
	}
	return item{
		GoodsService: kind, GoodsServiceName: l.Name, UnitMeasurement: l.Unit, UnitPrice: number(l.UnitPrice), Quantity: number(l.Quantity),
		Discount: number(l.Discount), PPnBMRate: jsontext.Value(l.PPnBMRate.String()), TaxBase: number(*l.DPP), VAT: number(*l.PPN),
		SellingPrice: number(l.DPP.Add(l.Discount)),
	}
}

// number writes an exact JSON number.
func number(a faktur.Amount) jsontext.Value { return jsontext.Value(a.String()) }

// document is data of create, detail and approve, and a row of find. That
// client_reference_id comes back is an assumption, without which nothing is found;
// the names of why it was rejected are guesses, and only text for a person.
type document struct {
	ID                adapter.Loose `json:"id"`
	ClientReferenceID adapter.Loose `json:"client_reference_id"`
	InvoiceStatus     adapter.Loose `json:"invoice_status"`
	ApprovalStatus    adapter.Loose `json:"approval_status"`
	TaxInvoiceNumber  adapter.Loose `json:"tax_invoice_number"`
	TaxInvoiceLink    adapter.Loose `json:"tax_invoice_link"`
	RejectionReason   adapter.Loose `json:"rejection_reason"`
	Reason            adapter.Loose `json:"reason"`
	Message           adapter.Loose `json:"message"`
}
