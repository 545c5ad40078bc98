package coretax_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fakturgate/fakturgate/adapter"
	"github.com/fakturgate/fakturgate/adapter/coretax"
	"github.com/fakturgate/fakturgate/adapter/coretax/coretaxtest"
	"github.com/fakturgate/fakturgate/faktur"
)

// The tests in this file upload what the channel writes to a portal that was
// written apart from it, and hold it to the schema.

const taxpayer = "0012345674901000"

var portalDay = faktur.NewDate(2026, 11, 22)

func newPortal() *coretaxtest.Portal {
	return coretaxtest.New(coretaxtest.Config{TIN: taxpayer, Name: "PT Penjual", Clock: func() time.Time { return portalDay.StartOfDay().Add(time.Hour) }})
}

// accepted gives the submission of an invoice that the gateway accepts for channel coretax_xml.
func accepted(t testing.TB, inv faktur.TaxInvoice, s faktur.Settings) adapter.Submission {
	t.Helper()
	assessment, err := faktur.NewRules(nil).Assess(inv, s, faktur.ChannelCoretaxXML, portalDay.StartOfDay())
	if err != nil {
		t.Fatalf("assess %s: %v", inv.Reference, err)
	}
	return adapter.Submission{ClientID: inv.Reference, Livemode: true, TaxpayerNPWP: taxpayer, TaxpayerName: "PT Penjual",
		Reference: inv.Reference, Invoice: assessment.Complete(inv), Totals: assessment.Totals}
}

// written gives the file of a batch that the format carries whole.
func written(t testing.TB, batch []adapter.Submission) []byte {
	t.Helper()
	file, outcomes, err := coretax.New().Write(batch)
	if err != nil {
		t.Fatalf("write: %v", err)
	}
	for i, o := range outcomes {
		if o.Status != faktur.AwaitingUpload {
			t.Fatalf("%s is not in the file: %+v", batch[i].Reference, o.Reason)
		}
	}
	return file.Content
}

// taken uploads a file and gives its rows, after the schema took it as well.
func taken(t testing.TB, p *coretaxtest.Portal, kind faktur.Kind, file []byte) []coretaxtest.Row {
	t.Helper()
	if err := coretaxtest.Validate(t.Context(), kind, file); err != nil {
		t.Errorf("the schema: %v", err)
	}
	receipt, err := p.Upload(file)
	if err != nil {
		t.Fatalf("upload: %v", err)
	}
	rows := p.Rows()
	return rows[len(rows)-receipt.Documents:]
}

func line(i int) faktur.Line {
	return faktur.Line{Kind: faktur.Goods, Code: "000000", Name: fmt.Sprintf("Barang %d", i), Unit: "UM.0018",
		UnitPrice: faktur.Cents(int64(1_234_567 + 891*i)), Quantity: faktur.Cents(int64(100 + 37*i)), Discount: faktur.Cents(int64(i % 100))}
}

func ordinary(reference, trx string, lines int) faktur.TaxInvoice {
	inv := faktur.TaxInvoice{Reference: reference, Date: portalDay, TrxCode: trx,
		Seller: faktur.Seller{NPWP: taxpayer}, Buyer: buyers()[0]}
	for i := range lines {
		inv.Lines = append(inv.Lines, line(i))
	}
	switch trx {
	case "05":
		for i := range inv.Lines {
			ppn := faktur.Cents(110_000)
			inv.Lines[i].PPN = &ppn
		}
	case "07":
		inv.AddInfo, inv.FacilityStamp = "TD.00502", "TD.01102"
		inv.SupportingDocument = faktur.SupportingDocument{Number: "PPBJ/1/2026", Period: "112026"}
	case "08":
		inv.AddInfo, inv.FacilityStamp = "TD.00510", "TD.01110"
	}
	return inv
}

func buyers() []faktur.Buyer {
	buyer := func(kind, number, nitku, country string) faktur.Buyer {
		return faktur.Buyer{IDType: kind, IDNumber: number, NITKU: nitku, Country: country, Name: "Pembeli " + kind, Address: "Jl. Merdeka 1, Jakarta", Email: "pajak@pembeli.co.id"}
	}
	return []faktur.Buyer{
		buyer(faktur.IDTypeNPWP, "0098765431109000", "", "IDN"),
		buyer(faktur.IDTypeNPWP, "0098765431109000", "0098765431109000000012", "IDN"),
		buyer(faktur.IDTypeNIK, "3174015506800001", "", "IDN"),
		buyer(faktur.IDTypeNIK, "3174015506800001", "3174015506800001000000", "IDN"),
		buyer(faktur.IDTypePassport, "C1234567", "", "AUS"),
		buyer(faktur.IDTypeOther, "KITAS 2C21-AB/7", "000000", "KOR"),
	}
}

// listed holds a row to what was submitted.
func listed(t *testing.T, row coretaxtest.Row, s adapter.Submission) {
	t.Helper()
	inv := s.Invoice
	wantTIN, wantNumber := "0000000000000000", inv.Buyer.IDNumber
	if inv.Buyer.IDType == faktur.IDTypeNPWP {
		wantTIN, wantNumber = inv.Buyer.IDNumber, "-"
	}
	if row.Reference != inv.Reference || row.Date != inv.Date || row.TrxCode != inv.TrxCode ||
		row.BuyerTIN != wantTIN || row.BuyerDocumentNumber != wantNumber || row.BuyerName != inv.Buyer.Name {
		t.Errorf("the row is %+v\nof %+v", row, inv)
	}
	if !row.DPP.Equal(s.Totals.DPP) || !row.OtherDPP.Equal(s.Totals.OtherDPP) || !row.PPN.Equal(s.Totals.PPN) || !row.PPnBM.Equal(s.Totals.PPnBM) {
		t.Errorf("%s: the amounts are %s, %s, %s, %s\nof %+v", inv.Reference, row.DPP, row.OtherDPP, row.PPN, row.PPnBM, s.Totals)
	}
}

// TestPortalTakesEveryKind: every transaction code, every way to name a buyer,
// both roundings, one line and five.
func TestPortalTakesEveryKind(t *testing.T) {
	t.Parallel()
	var batch []adapter.Submission
	for trx := range 10 {
		for b, buyer := range buyers() {
			for _, rounding := range []string{faktur.RoundCents, faktur.RoundRupiah} {
				for _, lines := range []int{1, 5} {
					inv := ordinary(fmt.Sprintf("INV/%02d/%d/%s/%d", trx+1, b, rounding, lines), fmt.Sprintf("%02d", trx+1), lines)
					inv.Buyer = buyer
					batch = append(batch, accepted(t, inv, faktur.Settings{Rounding: rounding}))
				}
			}
		}
	}
	p := newPortal()
	rows := taken(t, p, faktur.KindInvoice, written(t, batch))
	for i, row := range rows {
		listed(t, row, batch[i])
	}
	if len(rows) != len(batch) || len(p.Doubled()) > 0 {
		t.Errorf("%d rows of %d invoices; doubled: %v", len(rows), len(batch), p.Doubled())
	}
}

// TestPortalTakesFacilities: every pair of additional information and stamp.
func TestPortalTakesFacilities(t *testing.T) {
	t.Parallel()
	infos, err := faktur.BuiltInReference().List(faktur.ListAdditionalInfo, "")
	if err != nil {
		t.Fatal(err)
	}
	var batch []adapter.Submission
	for _, info := range infos {
		inv := ordinary("INV/"+info.TrxCode+"/"+info.Code, info.TrxCode, 1)
		inv.AddInfo, inv.FacilityStamp = info.Code, "TD.011"+info.Code[6:]
		batch = append(batch, accepted(t, inv, faktur.Settings{}))
	}
	for i, row := range taken(t, newPortal(), faktur.KindInvoice, written(t, batch)) {
		listed(t, row, batch[i])
	}
}

func TestPortalTakesLuxury(t *testing.T) {
	t.Parallel()
	inv := ordinary("INV/1", "01", 3)
	for i, percent := range []string{"10", "40", "12.5"} {
		rate, err := faktur.ParseRate(percent)
		if err != nil {
			t.Fatal(err)
		}
		inv.Lines[i].Luxury, inv.Lines[i].PPnBMRate = true, &rate
	}
	s := accepted(t, inv, faktur.Settings{})
	listed(t, taken(t, newPortal(), faktur.KindInvoice, written(t, []adapter.Submission{s}))[0], s)
}

func TestPortalTakesLargeInvoices(t *testing.T) {
	t.Parallel()
	s := accepted(t, ordinary("INV/1", "04", faktur.MaxLines), faktur.Settings{})
	listed(t, taken(t, newPortal(), faktur.KindInvoice, written(t, []adapter.Submission{s}))[0], s)
}

// TestPortalReadsEveryText: what XML must escape arrives as it was sent.
func TestPortalReadsEveryText(t *testing.T) {
	t.Parallel()
	var batch []adapter.Submission
	for i, text := range []string{
		"PT A & B", "<b>tebal</b>", `"kutip" 'tunggal'`, "]]>", "&amp; &lt; &#65;", "<!-- -->", "<?xml?>", "Café Müller", "日本", "😀", "1 > 0", "-", "a  b",
	} {
		inv := ordinary(fmt.Sprintf("INV/%d %s", i, text), "04", 1)
		inv.Buyer.Name, inv.Buyer.Address, inv.Lines[0].Name = text, text, text
		inv.SupportingDocument.Number = text
		batch = append(batch, accepted(t, inv, faktur.Settings{}))
	}
	for i, row := range taken(t, newPortal(), faktur.KindInvoice, written(t, batch)) {
		listed(t, row, batch[i])
	}
}

// TestPortalNamesHiddenCharacters: the gateway lets pass, with a warning, what
// imports are known to trip over (FACTS 5.3). The channel puts it on one line, or
// files it as it is; then the portal names the line, and the channel finds whose it is.
func TestPortalNamesHiddenCharacters(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"PT\tPembeli", "PT\nPembeli", "PT\r\nPembeli", "PT\n\tPembeli"} {
		inv := ordinary("INV/1", "04", 2)
		inv.Buyer.Name, inv.Buyer.Address, inv.Lines[1].Name = text, text, text
		rows := taken(t, newPortal(), faktur.KindInvoice, written(t, []adapter.Submission{accepted(t, inv, faktur.Settings{})}))
		if rows[0].BuyerName != "PT Pembeli" {
			t.Errorf("%q arrives as %q", text, rows[0].BuyerName)
		}
	}
	for _, text := range []string{"PT\u00a0Pembeli", "PT\u00adPembeli", "PT\u200bPembeli", "\ufeffPT Pembeli"} {
		good, bad := ordinary("INV/1", "04", 2), ordinary("INV/2", "04", 2)
		bad.Lines[1].Name = text
		file := written(t, []adapter.Submission{accepted(t, good, faktur.Settings{}), accepted(t, bad, faktur.Settings{})})
		_, err := newPortal().Upload(file)
		refused, ok := errors.AsType[*coretaxtest.Refused](err)
		if !ok || len(refused.Faults) != 1 {
			t.Errorf("%q: %v", text, err)
			continue
		}
		want := adapter.Place{Document: 1, Item: 1, Element: "Name"}
		if place, found := adapter.Locate(coretax.New(), file, refused.Faults[0].Line); !found || place != want {
			t.Errorf("%q: line %d is located at %+v, want %+v", text, refused.Faults[0].Line, place, want)
		}
	}
}

// TestPortalFaultsAreLocated: every value of a file is spoilt in its turn; the
// portal names the line, and the channel says what stands there.
func TestPortalFaultsAreLocated(t *testing.T) {
	t.Parallel()
	batch := []adapter.Submission{accepted(t, ordinary("INV/1", "04", 2), faktur.Settings{}), accepted(t, ordinary("INV/2", "07", 1), faktur.Settings{})}
	faultsAreLocated(t, written(t, batch), len(batch))
}

func TestPortalFaultsOfReturnsAreLocated(t *testing.T) {
	t.Parallel()
	batch := []adapter.Submission{returnOf("RET/1", 2), returnOf("RET/2", 0)}
	faultsAreLocated(t, written(t, batch), len(batch))
}

func faultsAreLocated(t *testing.T, file []byte, documents int) {
	t.Helper()
	lines := bytes.SplitAfter(file, []byte("\n"))
	spoilt, document := 0, -1
	for i, text := range lines {
		if trimmed := bytes.TrimSpace(text); slices.Contains([]string{"<TaxInvoice>", "<InputReturnData>"}, string(trimmed)) {
			document++
		}
		start, end := bytes.IndexByte(text, '>'), bytes.LastIndexByte(text, '<')
		if start < 0 || end <= start || document < 0 {
			continue // not a value
		}
		changed := slices.Clone(lines)
		changed[i] = slices.Concat(text[:start+1], []byte("\u200b"), text[end:])
		_, err := newPortal().Upload(bytes.Join(changed, nil))
		refused, ok := errors.AsType[*coretaxtest.Refused](err)
		if !ok || refused.Faults[0].Line != i+1 {
			t.Errorf("line %d, %s: %v", i+1, text, err)
			continue
		}
		place, found := adapter.Locate(coretax.New(), file, i+1)
		if !found || place.Element != refused.Faults[0].Element || place.Document != document {
			t.Errorf("line %d is located at %+v (%t), and the portal says %+v of document %d", i+1, place, found, refused.Faults[0], document)
		}
		spoilt++
	}
	if document != documents-1 || spoilt < 20*documents {
		t.Errorf("%d values of %d documents were spoilt", spoilt, document+1)
	}
}

// returnOf gives a return of two lines, of the first of which goes back so many.
func returnOf(reference string, quantity int64) adapter.Submission {
	amount := func(n int64) *faktur.Amount { a := faktur.Cents(n); return &a }
	zero := faktur.Percent(0)
	line := func(name string, back int64) faktur.ReturnLine {
		other := (back*10_000_000*11 + 6) / 12
		return faktur.ReturnLine{Kind: faktur.Goods, Name: name, Unit: "UM.0018", UnitPrice: faktur.Rupiah(100_000), Quantity: faktur.Rupiah(10),
			ReturnQuantity: faktur.Rupiah(back), ReturnDPP: amount(back * 10_000_000), ReturnOtherDPP: amount(other),
			ReturnPPN: amount((other*12 + 50) / 100), PPnBMRate: &zero, ReturnPPnBM: amount(0)}
	}
	ret := faktur.Return{Reference: reference, Date: portalDay, NSFP: "04002600000000001", SellerNPWP: "0098765431109000",
		Buyer: faktur.ReturnBuyer{NPWP: taxpayer}, Lines: []faktur.ReturnLine{line("Kertas & <A4>", quantity), line("Tinta", 0)}}
	return adapter.Submission{ClientID: reference, Livemode: true, TaxpayerNPWP: taxpayer, TaxpayerName: "PT Pembeli", Reference: reference, Return: &ret}
}

func TestPortalTakesReturns(t *testing.T) {
	t.Parallel()
	p := newPortal()
	rows := taken(t, p, faktur.KindReturn, written(t, []adapter.Submission{returnOf("RET/1", 3), returnOf("RET/2", 10)}))
	for i, want := range []struct{ dpp, other, ppn string }{{"300000.00", "275000.00", "33000.00"}, {"1000000.00", "916666.67", "110000.00"}} {
		row := rows[i]
		if row.NSFP != "04002600000000001" || row.SellerTIN != "0098765431109000" || row.Date != portalDay ||
			row.DPP.String() != want.dpp || row.OtherDPP.String() != want.other || row.PPN.String() != want.ppn {
			t.Errorf("the row is %+v, want %+v", row, want)
		}
	}
}

// TestPortalTakesFullFiles: as many documents as the channel puts into a file.
func TestPortalTakesFullFiles(t *testing.T) {
	t.Parallel()
	d, err := coretax.New().Describe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	batch := make([]adapter.Submission, min(d.MaxBatch, 1000))
	for i := range batch {
		batch[i] = accepted(t, ordinary(fmt.Sprintf("INV/%d", i), "04", 1+i%5), faktur.Settings{})
	}
	rows := taken(t, newPortal(), faktur.KindInvoice, written(t, batch))
	for i, row := range rows {
		listed(t, row, batch[i])
	}
	if !strings.HasPrefix(rows[999].Reference, "INV/") {
		t.Errorf("%+v", rows[999])
	}
}
