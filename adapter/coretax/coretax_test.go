package coretax_test

import (
	"bytes"
	"encoding/xml"
	"flag"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fakturgate/fakturgate/adapter"
	"github.com/fakturgate/fakturgate/adapter/adaptertest"
	"github.com/fakturgate/fakturgate/adapter/coretax"
	"github.com/fakturgate/fakturgate/faktur"
)

var update = flag.Bool("update", false, "write the golden files instead of comparing with them")

// golden compares a file with the one kept, or keeps it with -update.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-kept +written):\n%s", name, diff)
	}
}

// write writes a batch that must go into a file as a whole.
func write(t *testing.T, batch ...adapter.Submission) adapter.File {
	t.Helper()
	file, outcomes, err := coretax.New().Write(batch)
	if err != nil {
		t.Fatal(err)
	}
	for i, o := range outcomes {
		if o.Certainty != adapter.Known || o.Status != faktur.AwaitingUpload || o.Reason != nil {
			t.Fatalf("document %d is %+v, with reason %+v", i, o, o.Reason)
		}
	}
	return file
}

func TestInvoicesAreWrittenAsBefore(t *testing.T) {
	t.Parallel()
	refused := map[string]string{"down-payment": "payment_not_carried", "settlement": "payment_not_carried"}
	for _, c := range adaptertest.Cases() {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			s := adaptertest.SubmissionOf(t, c.Invoice, true)
			if code := refused[c.Name]; code != "" {
				wantRefusal(t, s, code)
				return
			}
			golden(t, c.Name+".xml", write(t, s).Content)
		})
	}
}

func TestReturnsAreWrittenAsBefore(t *testing.T) {
	t.Parallel()
	file := write(t, returned("RET/1"), returned("RET/2"))
	golden(t, "returns.xml", file.Content)
	if file.Name != "retur-0012345674901000-20261122.xml" || file.MediaType != "application/xml" {
		t.Errorf("file %q of %q", file.Name, file.MediaType)
	}
}

// returned is a return of one of two lines.
func returned(reference string) adapter.Submission {
	amount := func(a faktur.Amount) *faktur.Amount { return &a }
	none, rate := faktur.Rupiah(0), faktur.Percent(0)
	back := faktur.ReturnLine{
		Kind: faktur.Goods, Code: "000000", Name: "Kertas A4 & map", Unit: "UM.0018",
		UnitPrice: faktur.Rupiah(100_000), Quantity: faktur.Cents(3_50), ReturnQuantity: faktur.Rupiah(1),
		ReturnDPP: amount(faktur.Rupiah(100_000)), ReturnOtherDPP: amount(faktur.Cents(91_666_67)), ReturnPPN: amount(faktur.Cents(11_000_10)),
		PPnBMRate: &rate, ReturnPPnBM: &none,
	}
	kept := back
	kept.Kind, kept.Code, kept.Name, kept.ReturnQuantity = faktur.Service, "", "Pengiriman", faktur.Rupiah(0)
	kept.ReturnDPP, kept.ReturnOtherDPP, kept.ReturnPPN = &none, &none, &none
	r := faktur.Return{
		Reference: reference, Date: faktur.NewDate(2026, 11, 22), NSFP: "04002600000000001", SellerNPWP: "0098765431109000",
		Buyer: faktur.ReturnBuyer{NPWP: "0012345674901000"}, Lines: []faktur.ReturnLine{back, kept},
	}
	return adapter.Submission{ClientID: reference + "-1", Livemode: true, TaxpayerNPWP: r.Buyer.NPWP, Reference: reference, Return: &r}
}

// The sample of FACTS, from DJP's return template as its converters write it.
const sampleReturn = `<?xml version="1.0" encoding="UTF-8"?>
<InputTaxInvoiceReturn>
  <TIN>1234567890123457</TIN>
  <InputReturnDataList>
    <InputReturnData>
      <TransactionDocumentData>
        <InvoiceNumber>04002500000000001</InvoiceNumber>
        <SellerTIN>1234567890123456</SellerTIN>
        <ReturnDate>31-07-2025</ReturnDate>
        <ReturnTaxBase>100000</ReturnTaxBase>
        <ReturnOtherTaxBase>91666.67</ReturnOtherTaxBase>
        <ReturnVAT>11000</ReturnVAT>
        <ReturnSTLG>0</ReturnSTLG>
      </TransactionDocumentData>
      <TransactionDetailsData>
        <Rows>
          <Type>A</Type>
          <Name>Contoh Barang</Name>
          <Code>000000</Code>
          <Quantity>1</Quantity>
          <Unit>UM.0018</Unit>
          <UnitPrice>100000</UnitPrice>
          <STLGRate>0</STLGRate>
          <ReturnQuantity>1</ReturnQuantity>
          <ReturnDiscount>0</ReturnDiscount>
          <ReturnTaxBase>100000</ReturnTaxBase>
          <ReturnOtherTaxBase>91666.67</ReturnOtherTaxBase>
          <ReturnOtherTaxBaseCheck>true</ReturnOtherTaxBaseCheck>
          <ReturnVAT>11000</ReturnVAT>
          <ReturnSTLG>0</ReturnSTLG>
        </Rows>
        <FooterRow>
          <ReturnTaxBaseTotal>100000</ReturnTaxBaseTotal>
          <ReturnOtherTaxBaseTotal>91666.67</ReturnOtherTaxBaseTotal>
          <ReturnVATTotal>11000</ReturnVATTotal>
          <ReturnSTLGTotal>0</ReturnSTLGTotal>
        </FooterRow>
      </TransactionDetailsData>
    </InputReturnData>
  </InputReturnDataList>
</InputTaxInvoiceReturn>
`

func TestReturnIsTheSample(t *testing.T) {
	t.Parallel()
	s := returned("RET/1")
	s.TaxpayerNPWP = "1234567890123457"
	s.Return.NSFP, s.Return.SellerNPWP, s.Return.Date = "04002500000000001", "1234567890123456", faktur.NewDate(2025, 7, 31)
	s.Return.Lines = s.Return.Lines[:1]
	line := &s.Return.Lines[0]
	line.Name, line.Quantity = "Contoh Barang", faktur.Rupiah(1)
	ppn := faktur.Rupiah(11_000)
	line.ReturnPPN = &ppn
	if diff := cmp.Diff(sampleReturn, string(write(t, s).Content)); diff != "" {
		t.Errorf("(-sample +written):\n%s", diff)
	}
}

// The order and spelling of DJP's template (FACTS 1.1), written down a second time.
func TestElementsStandInDJPsOrder(t *testing.T) {
	t.Parallel()
	const want = "TaxInvoiceBulk TIN ListOfTaxInvoice TaxInvoice " +
		"TaxInvoiceDate TaxInvoiceOpt TrxCode AddInfo CustomDoc CustomDocMonthYear RefDesc FacilityStamp SellerIDTKU " +
		"BuyerTin BuyerDocument BuyerCountry BuyerDocumentNumber BuyerName BuyerAdress BuyerEmail BuyerIDTKU ListOfGoodService " +
		"GoodService Opt Code Name Unit Price Qty TotalDiscount TaxBase OtherTaxBase VATRate VAT STLGRate STLG"
	for _, c := range adaptertest.Cases() {
		if c.Invoice.Payment.Parted() || len(c.Invoice.Lines) > 1 {
			continue
		}
		names := elements(write(t, adaptertest.SubmissionOf(t, c.Invoice, true)).Content)
		if diff := cmp.Diff(strings.Fields(want), slices.Collect(names)); diff != "" {
			t.Errorf("%s (-template +written):\n%s", c.Name, diff)
		}
	}
}

// elements gives the names of a file's elements, in order.
func elements(content []byte) iter.Seq[string] {
	decoder := xml.NewDecoder(bytes.NewReader(content))
	return func(yield func(string) bool) {
		for {
			token, err := decoder.Token()
			if err != nil {
				return
			}
			if start, ok := token.(xml.StartElement); ok && !yield(start.Name.Local) {
				return
			}
		}
	}
}

// The guide names every element that is written.
func TestGuideNamesEveryElement(t *testing.T) {
	t.Parallel()
	guide, err := os.ReadFile("../../docs/file-formats.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range []adapter.File{write(t, adaptertest.Submission(t, "INV/1", true)), write(t, returned("RET/1"))} {
		for name := range elements(file.Content) {
			if !bytes.Contains(guide, []byte("`"+name+"`")) {
				t.Errorf("docs/file-formats.md does not name %s", name)
			}
		}
	}
}

func TestDescribe(t *testing.T) {
	t.Parallel()
	channel := coretax.New()
	got, err := channel.Describe(t.Context())
	want := adapter.Description{Livemode: true, MaxBatch: 15_000, Capabilities: adapter.Capabilities{Files: true, Returns: true}}
	if err != nil || got != want || channel.Name() != faktur.ChannelCoretaxXML {
		t.Errorf("%s is %+v, %v", channel.Name(), got, err)
	}
}

func wantRefusal(t *testing.T, s adapter.Submission, code string) {
	t.Helper()
	file, outcomes, err := coretax.New().Write([]adapter.Submission{s})
	if err != nil || len(file.Content) != 0 || len(outcomes) != 1 {
		t.Fatalf("%d bytes, outcomes %+v, %v", len(file.Content), outcomes, err)
	}
	o := outcomes[0]
	if o.Certainty != adapter.Known || o.Status != faktur.SavedInvalid || o.Reason == nil {
		t.Fatalf("outcome %+v", o)
	}
	if o.Reason.Code != code || o.Reason.Action != faktur.ActionCorrectContent || o.Reason.Origin != faktur.OriginGateway || o.Reason.Message == "" {
		t.Errorf("reason %+v, want the code %s", o.Reason, code)
	}
}

func TestCharactersBeyondXMLAreRefusedWithTheirPlace(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"kayu\ufffe":   "U+FFFE as its character 5",
		"\uffff":       "U+FFFF as its character 1",
		"é\x00":        "U+0000 as its character 2",
		"a\x0bb":       "U+000B as its character 2",
		"broken \xff!": "U+FFFD as its character 8",
	} {
		for pointer, place := range places {
			s := adaptertest.Submission(t, "INV/1", true)
			*place(&s) = text
			wantRefusal(t, s, "character_not_carried")
			_, outcomes, _ := coretax.New().Write([]adapter.Submission{s})
			if message := outcomes[0].Reason.Message; !strings.HasPrefix(message, pointer+" holds "+want) {
				t.Errorf("%q at %s: %s", text, pointer, message)
			}
		}
	}
	s := returned("RET/1")
	s.Return.Lines[1].Name = "\ufffe"
	wantRefusal(t, s, "character_not_carried")
}

// places are the free texts of an invoice.
var places = map[string]func(*adapter.Submission) *string{
	"/reference":                  func(s *adapter.Submission) *string { return &s.Reference },
	"/supporting_document/number": func(s *adapter.Submission) *string { return &s.Invoice.SupportingDocument.Number },
	"/buyer/id_number":            func(s *adapter.Submission) *string { return &s.Invoice.Buyer.IDNumber },
	"/buyer/name":                 func(s *adapter.Submission) *string { return &s.Invoice.Buyer.Name },
	"/buyer/address":              func(s *adapter.Submission) *string { return &s.Invoice.Buyer.Address },
	"/buyer/email":                func(s *adapter.Submission) *string { return &s.Invoice.Buyer.Email },
	"/lines/1/name":               func(s *adapter.Submission) *string { return &s.Invoice.Lines[1].Name },
}

// The reference is the key by which the outcome finds its way back, so it is not
// put on one line as other texts are.
func TestReferenceIsNotBentToFit(t *testing.T) {
	t.Parallel()
	for _, reference := range []string{"INV\n1", "INV\t1", "\rINV1"} {
		s := adaptertest.Submission(t, "INV/1", true)
		s.Reference = reference
		wantRefusal(t, s, "character_not_carried")
	}
}

// A replacement character that the ERP itself sent is a character like others.
func TestReplacementCharacterIsCarried(t *testing.T) {
	t.Parallel()
	s := adaptertest.Submission(t, "INV/1", true)
	s.Invoice.Buyer.Name = "PT \ufffd"
	if content := write(t, s).Content; !bytes.Contains(content, []byte("<BuyerName>PT \ufffd</BuyerName>")) {
		t.Errorf("%s", content)
	}
}

func TestARefusedDocumentHarmsNoOther(t *testing.T) {
	t.Parallel()
	good, other := adaptertest.Submission(t, "INV/1", true), adaptertest.Submission(t, "INV/3", true)
	replacement := adaptertest.Submission(t, "INV/2", true)
	replacement.ReplacesNSFP = "04002600000000001"
	wantRefusal(t, replacement, "replacement_not_carried")
	file, outcomes, err := coretax.New().Write([]adapter.Submission{good, replacement, other})
	if err != nil || outcomes[0].Status != faktur.AwaitingUpload || outcomes[1].Status != faktur.SavedInvalid || outcomes[2].Status != faktur.AwaitingUpload {
		t.Fatalf("outcomes %+v, %v", outcomes, err)
	}
	if without := write(t, good, other); !bytes.Equal(file.Content, without.Content) || file.Name != without.Name {
		t.Error("the file differs from the one without the refused document")
	}
}

func TestBatchesThatNoFileHolds(t *testing.T) {
	t.Parallel()
	good := adaptertest.Submission(t, "INV/1", true)
	ofAnother := good
	ofAnother.TaxpayerNPWP = "0098765431109000"
	for name, batch := range map[string][]adapter.Submission{
		"simulated":         {adaptertest.Submission(t, "INV/2", false)},
		"live and not":      {good, adaptertest.Submission(t, "INV/2", false)},
		"two taxpayers":     {good, ofAnother},
		"two kinds":         {good, returned("RET/1")},
		"two kinds turned":  {returned("RET/1"), good},
		"more than it says": slices.Repeat([]adapter.Submission{good}, 15_001),
	} {
		file, outcomes, err := coretax.New().Write(batch)
		if err == nil || outcomes != nil || len(file.Content) != 0 {
			t.Errorf("%s: %d bytes, %d outcomes, %v", name, len(file.Content), len(outcomes), err)
		}
	}
	file, outcomes, err := coretax.New().Write(nil)
	if err != nil || len(outcomes) != 0 || len(file.Content) != 0 {
		t.Errorf("nothing: %d bytes, %v, %v", len(file.Content), outcomes, err)
	}
}

func TestFileOfManyLinesAndInvoices(t *testing.T) {
	t.Parallel()
	inv := adaptertest.Cases()[0].Invoice
	for i := 1; i < faktur.MaxLines; i++ {
		line := inv.Lines[0]
		line.Name = fmt.Sprintf("Barang %d", i)
		inv.Lines = append(inv.Lines, line)
	}
	later := adaptertest.Submission(t, "INV/2", true)
	later.Invoice.Date = faktur.NewDate(2026, 12, 1)
	file := write(t, adaptertest.SubmissionOf(t, inv, true), later, adaptertest.Submission(t, "INV/3", true))
	if file.Name != "faktur-0012345674901000-20261201.xml" {
		t.Errorf("file %q", file.Name)
	}
	read := parse(t, file.Content)
	if len(read.Invoices) != 3 || len(read.Invoices[0].Lines) != faktur.MaxLines || read.Invoices[0].Lines[4999].Name != "Barang 4999" {
		t.Errorf("%d invoices", len(read.Invoices))
	}
}
