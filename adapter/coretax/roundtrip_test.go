package coretax_test

import (
	"bytes"
	"cmp"
	"encoding/xml"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/fakturgate/fakturgate/adapter"
	"github.com/fakturgate/fakturgate/adapter/adaptertest"
	"github.com/fakturgate/fakturgate/adapter/coretax"
	"github.com/fakturgate/fakturgate/faktur"
)

// bulk is a TaxInvoiceBulk as a reader finds it.
type bulk struct {
	TIN      string       `xml:"TIN"`
	Invoices []taxInvoice `xml:"ListOfTaxInvoice>TaxInvoice"`
}

type taxInvoice struct {
	TaxInvoiceDate, TaxInvoiceOpt, TrxCode, AddInfo, CustomDoc, CustomDocMonthYear, RefDesc, FacilityStamp, SellerIDTKU string
	BuyerTin, BuyerDocument, BuyerCountry, BuyerDocumentNumber, BuyerName, BuyerAdress, BuyerEmail, BuyerIDTKU          string
	Lines                                                                                                               []goodService `xml:"ListOfGoodService>GoodService"`
}

type goodService struct {
	Opt, Code, Name, Unit, Price, Qty, TotalDiscount, TaxBase, OtherTaxBase, VATRate, VAT, STLGRate, STLG string
}

func parse(t testing.TB, content []byte) bulk {
	t.Helper()
	var b bulk
	if err := xml.Unmarshal(content, &b); err != nil {
		t.Fatalf("parse: %v\n%s", err, content)
	}
	return b
}

// expected is what an invoice must read as.
func expected(s *adapter.Submission) taxInvoice {
	inv := &s.Invoice
	want := taxInvoice{
		TaxInvoiceDate: inv.Date.String(), TaxInvoiceOpt: "Normal", TrxCode: inv.TrxCode, AddInfo: inv.AddInfo,
		CustomDoc: onOneLine(inv.SupportingDocument.Number), CustomDocMonthYear: inv.SupportingDocument.Period, RefDesc: s.Reference,
		FacilityStamp: inv.FacilityStamp, SellerIDTKU: cmp.Or(inv.Seller.NITKU, s.TaxpayerNPWP+"000000"),
		BuyerTin: "0000000000000000", BuyerCountry: inv.Buyer.Country, BuyerDocumentNumber: onOneLine(inv.Buyer.IDNumber),
		BuyerName: onOneLine(inv.Buyer.Name), BuyerAdress: onOneLine(inv.Buyer.Address), BuyerEmail: onOneLine(inv.Buyer.Email), BuyerIDTKU: "000000",
	}
	switch inv.Buyer.IDType {
	case "npwp":
		want.BuyerDocument, want.BuyerTin, want.BuyerDocumentNumber = "TIN", inv.Buyer.IDNumber, "-"
		want.BuyerIDTKU = cmp.Or(inv.Buyer.NITKU, inv.Buyer.IDNumber+"000000")
	case "nik":
		want.BuyerDocument = "National ID"
	case "passport":
		want.BuyerDocument = "Passport"
	case "other":
		want.BuyerDocument = "Other ID"
	}
	for _, l := range inv.Lines {
		opt := map[string]string{"goods": "A", "service": "B"}[l.Kind]
		want.Lines = append(want.Lines, goodService{opt, cmp.Or(l.Code, "000000"), onOneLine(l.Name), l.Unit,
			l.UnitPrice.String(), l.Quantity.String(), l.Discount.String(), l.DPP.String(), l.OtherDPP.String(),
			l.PPNRate.String(), l.PPN.String(), l.PPnBMRate.String(), l.PPnBM.String()})
	}
	return want
}

var breaks = regexp.MustCompile(`[ \t\r\n]*[\t\r\n][ \t\r\n]*`)

// onOneLine is a text with a space for each run of line breaks and tabs.
func onOneLine(text string) string {
	return strings.Trim(breaks.ReplaceAllString(text, " "), " ")
}

// drawText makes any text that XML can hold and people write, or type by mistake.
func drawText(t *rapid.T, name string) string {
	return rapid.StringOf(rapid.OneOf(
		rapid.RuneFrom([]rune("abc XYZ019 &<>\"'];=#/\\\r\n\t")),
		rapid.RuneFrom([]rune{'é', 0x85, 0xa0, 0x200b, 0x2028, 0xd7ff, 0xe000, 0xfffd, 0x10000, 0x1f600, 0x10ffff}),
	)).Draw(t, name)
}

// drawSubmission makes any submission; its amounts do not add up, which is no
// matter of the format.
func drawSubmission(t *rapid.T) adapter.Submission {
	amount := func(name string) faktur.Amount {
		return faktur.Cents(rapid.Int64Range(0, 99_999_999_999_999_999).Draw(t, name))
	}
	some := func(name string) *faktur.Amount { a := amount(name); return &a }
	rate := func(name string) *faktur.Rate { r := faktur.Percent(rapid.Int64Range(0, 200).Draw(t, name)); return &r }
	digits := func(n int, name string) string {
		return rapid.StringMatching(fmt.Sprintf("[0-9]{%d}", n)).Draw(t, name)
	}
	s := adapter.Submission{Livemode: true, TaxpayerNPWP: "0012345674901000", Reference: rapid.StringMatching("[ -~é]{1,20}").Draw(t, "reference")}
	s.Invoice = faktur.TaxInvoice{
		Date:    faktur.NewDate(2026, 1, rapid.IntRange(1, 700).Draw(t, "day")),
		TrxCode: digits(2, "trx_code"), AddInfo: rapid.SampledFrom([]string{"", "TD.00501"}).Draw(t, "add_info"),
		FacilityStamp:      rapid.SampledFrom([]string{"", "TD.01101"}).Draw(t, "facility_stamp"),
		SupportingDocument: faktur.SupportingDocument{Number: drawText(t, "document"), Period: rapid.SampledFrom([]string{"", "102026"}).Draw(t, "period")},
		Seller:             faktur.Seller{NPWP: s.TaxpayerNPWP, NITKU: rapid.SampledFrom([]string{"", "0012345674901000000007"}).Draw(t, "nitku")},
		Buyer: faktur.Buyer{
			IDType: rapid.SampledFrom([]string{"npwp", "nik", "passport", "other"}).Draw(t, "id_type"), IDNumber: drawText(t, "id_number"),
			NITKU: rapid.SampledFrom([]string{"", digits(22, "buyer_nitku")}).Draw(t, "which"), Name: drawText(t, "name"),
			Address: drawText(t, "address"), Country: "IDN", Email: drawText(t, "email"),
		},
	}
	for range rapid.IntRange(1, 4).Draw(t, "lines") {
		s.Invoice.Lines = append(s.Invoice.Lines, faktur.Line{
			Kind: rapid.SampledFrom([]string{"goods", "service"}).Draw(t, "kind"), Code: rapid.SampledFrom([]string{"", "123456"}).Draw(t, "code"),
			Name: drawText(t, "line name"), Unit: "UM.0018", UnitPrice: amount("price"), Quantity: amount("quantity"), Discount: amount("discount"),
			DPP: some("dpp"), OtherDPP: some("other_dpp"), PPNRate: rate("ppn_rate"), PPN: some("ppn"), PPnBMRate: rate("ppnbm_rate"), PPnBM: some("ppnbm"),
		})
	}
	return s
}

// What is written is read back as it was, and every line is located where a
// parser finds it.
func TestWhatIsWrittenIsReadBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		batch := rapid.SliceOfN(rapid.Custom(drawSubmission), 1, 4).Draw(r, "batch")
		file, outcomes, err := coretax.New().Write(batch)
		if err != nil {
			r.Fatal(err)
		}
		var want []taxInvoice
		for i := range batch {
			if outcomes[i].Status != faktur.AwaitingUpload {
				r.Fatalf("document %d: %+v", i, outcomes[i].Reason)
			}
			want = append(want, expected(&batch[i]))
		}
		read := parse(t, file.Content)
		if diff := gocmp.Diff(bulk{"0012345674901000", want}, read); diff != "" {
			r.Fatalf("(-meant +read):\n%s", diff)
		}
		checkLines(r, file.Content)
		again, _, _ := coretax.New().Write(batch)
		if !bytes.Equal(again.Content, file.Content) || again.Name != file.Name {
			r.Fatal("the same batch gave two files")
		}
	})
}

func TestEveryLineOfReturnsIsLocated(t *testing.T) {
	t.Parallel()
	checkLines(t, write(t, returned("RET/1"), returned("RET/2")).Content)
}

// fataler is a test or a property's run.
type fataler interface {
	Fatalf(format string, args ...any)
}

// checkLines compares Places with where a parser finds the elements.
func checkLines(t fataler, content []byte) {
	lines := bytes.Count(content, []byte("\n"))
	places := placesOf(content)
	for line := -1; line <= lines+2; line++ {
		got, ok := adapter.Locate(coretax.New(), content, line)
		want, inDocument := places[line]
		if ok != inDocument || ok && got != want {
			t.Fatalf("line %d is %+v, %v; a parser finds %+v, %v", line, got, ok, want, inDocument)
		}
	}
}

// placesOf parses a file and notes the line of every start and end of a
// document's elements.
func placesOf(content []byte) map[int]adapter.Place {
	found := map[int]adapter.Place{}
	decoder := xml.NewDecoder(bytes.NewReader(content))
	var stack []string
	document, item := -1, -1
	note := func(element string) {
		line, _ := decoder.InputPos()
		place := adapter.Place{Document: document, Item: -1, Element: element}
		for depth, name := range stack {
			if depth == 2 { // root > list > document
				defer func() { found[line] = place }()
			}
			if name == "GoodService" || name == "Rows" {
				place.Item = item
			}
		}
	}
	for {
		token, err := decoder.Token()
		if err != nil {
			return found
		}
		switch token := token.(type) {
		case xml.StartElement:
			stack = append(stack, token.Name.Local)
			if len(stack) == 3 {
				document, item = document+1, -1
			}
			if token.Name.Local == "GoodService" || token.Name.Local == "Rows" {
				item++
			}
			note(token.Name.Local)
		case xml.EndElement:
			note(token.Name.Local)
			stack = stack[:len(stack)-1]
		}
	}
}

// Whatever the texts are, the document is refused or read back as it was.
func FuzzWrite(f *testing.F) {
	f.Add("INV/1", "PT Pembeli", "Jl. Merdeka 1", "Kertas A4", int64(10_000_000))
	f.Add("A&B", "<x>", "]]>", "\"'\r\n\t", int64(1))
	f.Add("\x00", "\ufffe", "\xff", "\ufffd", int64(0))
	f.Add("</RefDesc>", "&amp;", "&#0;", "<!--", int64(99_999_999_999_999_999))
	f.Fuzz(func(t *testing.T, reference, name, address, item string, cents int64) {
		s := adaptertest.Submission(t, "INV/1", true)
		s.Reference, s.Invoice.Buyer.Name, s.Invoice.Buyer.Address, s.Invoice.Lines[1].Name = reference, name, address, item
		if cents >= 0 {
			s.Invoice.Lines[0].UnitPrice = faktur.Cents(cents)
		}
		file, outcomes, err := coretax.New().Write([]adapter.Submission{s})
		if err != nil {
			t.Fatal(err)
		}
		if outcomes[0].Status == faktur.SavedInvalid {
			broken := !utf8.ValidString(reference) || !utf8.ValidString(name) || !utf8.ValidString(address) || !utf8.ValidString(item)
			if all := reference + name + address + item; !broken && !strings.ContainsAny(reference, "\r\n\t") && !strings.ContainsFunc(all, control) {
				t.Fatalf("%q is refused: %s", all, outcomes[0].Reason.Message)
			}
			return
		}
		if diff := gocmp.Diff(expected(&s), parse(t, file.Content).Invoices[0]); diff != "" {
			t.Fatalf("(-meant +read):\n%s", diff)
		}
		checkLines(t, file.Content)
	})
}

// control is what no XML 1.0 holds, said otherwise than the channel says it.
func control(c rune) bool {
	return c < ' ' && !strings.ContainsRune("\t\r\n", c) || c == '\ufffe' || c == '\uffff'
}

// Places is asked about files as they are stored, and must bear any.
func FuzzPlaces(f *testing.F) {
	f.Add([]byte(sampleReturn), 8)
	f.Add([]byte("<TaxInvoice>\n</TaxInvoice>\n<GoodService"), 3)
	f.Add([]byte("</GoodService></"), 1)
	f.Fuzz(func(t *testing.T, content []byte, line int) {
		place, ok := adapter.Locate(coretax.New(), content, line)
		if ok && (place.Document < 0 || place.Item < -1 || place.Element == "") {
			t.Fatalf("%+v", place)
		}
	})
}

func BenchmarkWrite(b *testing.B) {
	s := adaptertest.Submission(b, "INV/1", true)
	s.Invoice.Lines = append(s.Invoice.Lines, s.Invoice.Lines[0], s.Invoice.Lines[1], s.Invoice.Lines[0])
	batch := make([]adapter.Submission, 1000)
	for i := range batch {
		batch[i] = s
	}
	b.ReportAllocs()
	for b.Loop() {
		file, _, err := coretax.New().Write(batch)
		if err != nil {
			b.Fatal(err)
		}
		b.SetBytes(int64(len(file.Content)))
	}
}
