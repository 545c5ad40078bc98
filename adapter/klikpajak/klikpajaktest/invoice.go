package klikpajaktest

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/fakturgate/fakturgate/faktur"
)

// Customer is whom an invoice is made out to.
type Customer struct {
	IDType      string `json:"id_type"`
	Name        string `json:"name"`
	CountryCode string `json:"country_code"`
	NPWP        string `json:"npwp"`
	Address     string `json:"address"`
}

// Item is one of items.
type Item struct {
	GoodsService     string         `json:"goods_service"`
	GoodsServiceName string         `json:"goods_service_name"`
	UnitMeasurement  string         `json:"unit_measurement"`
	UnitPrice        jsontext.Value `json:"unit_price"`
	Quantity         jsontext.Value `json:"quantity"`
	Discount         jsontext.Value `json:"discount"`
	PPnBMRate        jsontext.Value `json:"ppnbm_rate"`
	TaxBase          jsontext.Value `json:"tax_base"`
	VAT              jsontext.Value `json:"vat"`
	SellingPrice     jsontext.Value `json:"selling_price"`
}

// Invoice is the body of create.
type Invoice struct {
	ClientReferenceID       string         `json:"client_reference_id"`
	Reference               string         `json:"reference"`
	TransactionDetail       string         `json:"transaction_detail"`
	AdditionalTrxDetail     string         `json:"additional_trx_detail"`
	SubstitutionFlag        bool           `json:"substitution_flag"`
	SubstitutedTaxInvoiceID jsontext.Value `json:"substituted_tax_invoice_id"`
	DocumentDate            string         `json:"document_date"`
	Customer                Customer       `json:"customer"`
	Items                   []Item         `json:"items"`
	DownpaymentFlag         int            `json:"downpayment_flag"`
	TotalPrice              jsontext.Value `json:"total_price"`
	TotalDiscount           jsontext.Value `json:"total_discount"`
	TotalTaxBase            jsontext.Value `json:"total_tax_base"`
	TotalOtherTaxBase       jsontext.Value `json:"total_other_tax_base"`
	TotalVAT                jsontext.Value `json:"total_vat"`
	TotalSTLG               jsontext.Value `json:"total_stlg"`
}

// check reads an invoice and refuses what DJP would refuse at the door, or what
// would be filed a second time.
func (s *Server) check(c caller, body *Invoice) *refusal {
	if err := json.Unmarshal(c.body, body, json.RejectUnknownMembers(true)); err != nil {
		return &refusal{http.StatusBadRequest, "Data tidak valid: " + err.Error()}
	}
	_, err := time.Parse(time.DateOnly, body.DocumentDate)
	switch {
	case body.ClientReferenceID == "" || body.Reference == "" || len(body.Items) == 0:
		return unprocessable("client_reference_id, reference dan items wajib diisi")
	case slices.ContainsFunc(s.all, func(d *Document) bool { return d.Body.ClientReferenceID == body.ClientReferenceID }):
		return unprocessable("client_reference_id sudah digunakan")
	case err != nil:
		return unprocessable("document_date tidak valid")
	case !slices.Contains([]string{"NPWP", "NIK", "PASSPORT", "OTHER"}, body.Customer.IDType):
		return unprocessable("id_type tidak valid")
	case body.Customer.IDType == "NPWP" && len(body.Customer.NPWP) != 16:
		return unprocessable("NPWP pembeli tidak valid")
	case body.DownpaymentFlag != 0 && body.DownpaymentFlag != 1:
		return unprocessable("downpayment_flag tidak valid")
	}
	if refused := s.checkSubstitution(c, body); refused != nil {
		return refused
	}
	return checkAmounts(body)
}

// checkSubstitution: what is replaced is an approved one of the same company.
func (s *Server) checkSubstitution(c caller, body *Invoice) *refusal {
	if !body.SubstitutionFlag {
		if body.SubstitutedTaxInvoiceID.Kind() != 'n' {
			return unprocessable("substituted_tax_invoice_id hanya untuk faktur pengganti")
		}
		return nil
	}
	replaced := slices.IndexFunc(s.all, func(d *Document) bool {
		return d.NPWP == c.npwp && d.Number != "" && d.InvoiceStatus != Substituted && strconv.Itoa(d.ID) == string(body.SubstitutedTaxInvoiceID)
	})
	if replaced < 0 {
		return unprocessable("Faktur yang diganti tidak ditemukan")
	}
	return nil
}

// checkAmounts: every amount is one, and totals are the sums of the items.
func checkAmounts(body *Invoice) *refusal {
	var price, discount, base, vat faktur.Amount
	for i := range body.Items {
		item := &body.Items[i]
		if item.GoodsService != "GOODS" && item.GoodsService != "SERVICES" || item.GoodsServiceName == "" || item.UnitMeasurement == "" {
			return unprocessable("items tidak lengkap")
		}
		for _, sum := range []struct {
			of    *faktur.Amount
			value jsontext.Value
		}{{&price, item.SellingPrice}, {&discount, item.Discount}, {&base, item.TaxBase}, {&vat, item.VAT}} {
			amount, err := faktur.ParseAmount(string(sum.value))
			if err != nil {
				return unprocessable("jumlah tidak valid: " + string(sum.value))
			}
			*sum.of = sum.of.Add(amount)
		}
	}
	for _, total := range []struct {
		name  string
		value jsontext.Value
		want  faktur.Amount
	}{{"total_price", body.TotalPrice, price}, {"total_discount", body.TotalDiscount, discount}, {"total_tax_base", body.TotalTaxBase, base}, {"total_vat", body.TotalVAT, vat}} {
		if string(total.value) != total.want.String() {
			return unprocessable(total.name + " tidak sama dengan jumlah items")
		}
	}
	return nil
}
