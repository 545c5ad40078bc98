package faktur_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fakturgate/fakturgate/faktur"
)

const ordinary = `{"reference":"INV/1","date":"2026-11-02","trx_code":"04",
 "seller":{"npwp":"0012345674901000"},
 "buyer":{"id_type":"npwp","id_number":"0098765431109000","name":"PT Pembeli","address":"Jl. Merdeka 1","country":"IDN"},
 "lines":[{"kind":"goods","code":"000000","name":"Kertas","unit":"UM.0018","unit_price":100000,"quantity":1}]}`

func TestContentHashIsStable(t *testing.T) {
	t.Parallel()
	// Hashes are stored with every accepted version: a change here makes a POST
	// that was accepted by an earlier release a conflict.
	const want = "01ccf2313361d9aaf004456ee70a7d7d"
	if got := faktur.ContentHash(decode[faktur.TaxInvoice](t, []byte(ordinary))); got != want {
		t.Errorf("the hash is %s, was %s", got, want)
	}
}

func TestContentHashTellsContentNotWriting(t *testing.T) {
	t.Parallel()
	base := decode[faktur.TaxInvoice](t, []byte(ordinary))
	same := decode[faktur.TaxInvoice](t, []byte(`{"lines":[{"quantity":"1.0","unit_price":"100000.00","discount":"0","luxury":false,"dpp":null,
	 "unit":"UM.0018","name":"Kertas","code":"000000","kind":"goods"}],
	 "buyer":{"email":"","nitku":"","country":"IDN","address":"Jl. Merdeka 1","name":"PT Pembeli","id_number":"0098765431109000","id_type":"npwp"},
	 "seller":{"npwp":"0012345674901000","nitku":""},"supporting_document":{"number":"","period":""},
	 "facility_stamp":"","add_info":"","trx_code":"04","date":"2026-11-02","reference":"INV/1"}`))
	if faktur.ContentHash(base) != faktur.ContentHash(same) {
		t.Error("the same content, written otherwise, has another hash")
	}
	seen := map[string]string{faktur.ContentHash(base): "base"}
	for name, edit := range map[string]func(*faktur.TaxInvoice){
		"reference":    func(i *faktur.TaxInvoice) { i.Reference = "INV/2" },
		"date":         func(i *faktur.TaxInvoice) { i.Date = date("2026-11-03") },
		"trx_code":     func(i *faktur.TaxInvoice) { i.TrxCode = "01" },
		"add_info":     func(i *faktur.TaxInvoice) { i.AddInfo = "TD.00501" },
		"stamp":        func(i *faktur.TaxInvoice) { i.FacilityStamp = "TD.00501" },
		"document":     func(i *faktur.TaxInvoice) { i.SupportingDocument.Number = "1" },
		"period":       func(i *faktur.TaxInvoice) { i.SupportingDocument.Period = "1" },
		"seller":       func(i *faktur.TaxInvoice) { i.Seller.NPWP = "1" },
		"seller nitku": func(i *faktur.TaxInvoice) { i.Seller.NITKU = "1" },
		"buyer":        func(i *faktur.TaxInvoice) { i.Buyer.Name = "CV Pembeli" },
		"email":        func(i *faktur.TaxInvoice) { i.Buyer.Email = "a@b.id" },
		"quantity":     func(i *faktur.TaxInvoice) { i.Lines[0].Quantity = amount("2") },
		"discount":     func(i *faktur.TaxInvoice) { i.Lines[0].Discount = amount("2") },
		"luxury":       func(i *faktur.TaxInvoice) { i.Lines[0].Luxury = true },
		"dpp given":    func(i *faktur.TaxInvoice) { i.Lines[0].DPP = given("100000") },
		"ppn given":    func(i *faktur.TaxInvoice) { i.Lines[0].PPN = given("100000") },
		"a line more":  func(i *faktur.TaxInvoice) { i.Lines = append(i.Lines, i.Lines[0]) },
	} {
		inv := decode[faktur.TaxInvoice](t, []byte(ordinary))
		edit(&inv)
		hash := faktur.ContentHash(inv)
		if other, taken := seen[hash]; taken || len(hash) != 32 {
			t.Errorf("%s has the hash of %s: %s", name, other, hash)
		}
		seen[hash] = name
	}
}

// GET, edit, PUT: what the ERP did not give follows from what it edits.
func TestGiven(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		edit func(filled *faktur.TaxInvoice)
		want func(content *faktur.TaxInvoice)
	}{
		{"nothing edited", func(*faktur.TaxInvoice) {}, func(*faktur.TaxInvoice) {}},
		{"quantity",
			func(f *faktur.TaxInvoice) { f.Lines[0].Quantity = amount("41") },
			func(c *faktur.TaxInvoice) { c.Lines[0].Quantity = amount("41") }},
		{"a computed amount is edited and so given",
			func(f *faktur.TaxInvoice) { f.Lines[1].OtherDPP = given("250000") },
			func(c *faktur.TaxInvoice) { c.Lines[1].OtherDPP = given("250000") }},
		{"an amount that the ERP gave stays",
			func(f *faktur.TaxInvoice) { f.Lines[2].Quantity = amount("3") },
			func(c *faktur.TaxInvoice) { c.Lines[2].Quantity = amount("3") }},
		{"a line removed, the next edited",
			func(f *faktur.TaxInvoice) { f.Lines = f.Lines[1:]; f.Lines[0].Discount = amount("0") },
			func(c *faktur.TaxInvoice) { c.Lines = c.Lines[1:]; c.Lines[0].Discount = amount("0") }},
		{"a line put before the others",
			func(f *faktur.TaxInvoice) {
				f.Lines = append([]faktur.Line{{Name: "new", UnitPrice: amount("1"), Quantity: amount("1")}}, f.Lines...)
			},
			func(c *faktur.TaxInvoice) {
				c.Lines = append([]faktur.Line{{Name: "new", UnitPrice: amount("1"), Quantity: amount("1")}}, c.Lines...)
			}},
		{"amounts left out",
			func(f *faktur.TaxInvoice) { f.Lines[0].DPP, f.Lines[0].PPN = nil, nil },
			func(*faktur.TaxInvoice) {}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			stored := example(t, "multi-line")
			stored.Lines[2].DPP = given("515166.67") // a cent more than computed, as booked
			a, err := assess(stored)
			if err != nil {
				t.Fatal(err)
			}
			filled := stored
			filled.Lines = a.Fill(stored.Lines)
			c.edit(&filled)
			want := stored
			want.Lines = append([]faktur.Line{}, stored.Lines...)
			c.want(&want)
			if diff := cmp.Diff(want, faktur.Given(filled, stored, a)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
