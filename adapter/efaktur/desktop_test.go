package efaktur_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/fakturgate/fakturgate/adapter"
	"github.com/fakturgate/fakturgate/adapter/coretax/coretaxtest"
	"github.com/fakturgate/fakturgate/adapter/efaktur"
	"github.com/fakturgate/fakturgate/adapter/efaktur/efakturtest"
	"github.com/fakturgate/fakturgate/faktur"
)

// The tests in this file import what the channel writes into a desktop
// application that was written apart from it.

const taxpayer = "0012345674901000"

var desktopDay = faktur.NewDate(2026, 11, 2)

func newDesktop() *efakturtest.Desktop {
	return efakturtest.New(efakturtest.Config{NPWP: taxpayer, Name: "PT Penjual", Clock: func() time.Time { return desktopDay.StartOfDay().Add(time.Hour) },
		Ranges: []efakturtest.Range{{First: "0022600000001", Last: "0022600009999"}}})
}

// accepted gives the submission of an invoice that the gateway accepts for
// channel efaktur_desktop, under the nth number of the range.
func accepted(t testing.TB, inv faktur.TaxInvoice, s faktur.Settings, n int) adapter.Submission {
	t.Helper()
	assessment, err := faktur.NewRules(nil).Assess(inv, s, faktur.ChannelEfakturDesktop, desktopDay.StartOfDay())
	if err != nil {
		t.Fatalf("assess %s: %v", inv.Reference, err)
	}
	return adapter.Submission{ClientID: inv.Reference, Livemode: true, TaxpayerNPWP: taxpayer, TaxpayerName: "PT Penjual",
		Reference: inv.Reference, NSFP: fmt.Sprintf("%s0%013d", inv.TrxCode, 22600000000+n), Invoice: assessment.Complete(inv), Totals: assessment.Totals}
}

// written gives the file of a batch that the format carries whole.
func written(t testing.TB, batch []adapter.Submission) []byte {
	t.Helper()
	file, outcomes, err := efaktur.New().Write(batch)
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

// taken imports and signs a file and gives its rows.
func taken(t testing.TB, d *efakturtest.Desktop, file []byte) []coretaxtest.Row {
	t.Helper()
	if _, err := d.Import(file); err != nil {
		t.Fatalf("import: %v", err)
	}
	d.SignAll()
	return d.Rows()
}

func line(i int) faktur.Line {
	return faktur.Line{Kind: faktur.Goods, Code: "000000", Name: fmt.Sprintf("Barang %d", i), Unit: "UM.0018",
		UnitPrice: faktur.Cents(int64(1_234_567 + 891*i)), Quantity: faktur.Cents(int64(100 + 37*i)), Discount: faktur.Cents(int64(i % 100))}
}

func invoiceOf(reference, trx string, lines int) faktur.TaxInvoice {
	inv := faktur.TaxInvoice{Reference: reference, Date: desktopDay, TrxCode: trx,
		Seller: faktur.Seller{NPWP: taxpayer}, Buyer: buyers()[0]}
	for i := range lines {
		inv.Lines = append(inv.Lines, line(i))
	}
	switch trx {
	case "05":
		for i := range inv.Lines {
			ppn := faktur.Cents(110_033)
			inv.Lines[i].PPN = &ppn
		}
	case "08":
		inv.AddInfo, inv.FacilityStamp = "TD.00502", "TD.01102"
	}
	return inv
}

func buyers() []faktur.Buyer {
	buyer := func(kind, number, country string) faktur.Buyer {
		return faktur.Buyer{IDType: kind, IDNumber: number, Country: country, Name: "Pembeli " + kind, Address: "Jl. Merdeka 1, Jakarta"}
	}
	return []faktur.Buyer{
		buyer(faktur.IDTypeNPWP, "0098765431109000", "IDN"), buyer(faktur.IDTypeNIK, "3174015506800001", "IDN"),
		buyer(faktur.IDTypePassport, "C1234567", "AUS"),
	}
}

// listed holds a row to what was submitted.
func listed(t *testing.T, row coretaxtest.Row, s adapter.Submission) {
	t.Helper()
	if row.Reference != s.Reference || row.Date != s.Invoice.Date || row.TrxCode != s.Invoice.TrxCode || row.NSFP != s.NSFP || row.Status != coretaxtest.Approved {
		t.Errorf("the row is %+v\nof %s %+v", row, s.NSFP, s.Invoice)
	}
	var dpp, ppn, ppnbm faktur.Amount
	for i := range s.Invoice.Lines { // the lines are rounded, and the totals are their sums
		l := &s.Invoice.Lines[i]
		dpp, ppn, ppnbm = dpp.Add(whole(t, *l.DPP)), ppn.Add(whole(t, *l.PPN)), ppnbm.Add(whole(t, *l.PPnBM))
	}
	if !row.DPP.Equal(dpp) || !row.PPN.Equal(ppn) || !row.PPnBM.Equal(ppnbm) {
		t.Errorf("%s: the amounts are %s, %s, %s, want %s, %s, %s", s.Reference, row.DPP, row.PPN, row.PPnBM, dpp, ppn, ppnbm)
	}
}

// whole rounds half up to whole rupiah (PER-11/PJ/2025 art. 129).
func whole(t *testing.T, a faktur.Amount) faktur.Amount {
	t.Helper()
	text := a.Add(faktur.Cents(50)).String()
	rounded, err := faktur.ParseAmount(text[:len(text)-3])
	if err != nil {
		t.Fatal(err)
	}
	return rounded
}

// TestDesktopTakesEveryKind: every transaction code but 06 and 07, every buyer
// whose number has a place in the file, both roundings, one line and five.
func TestDesktopTakesEveryKind(t *testing.T) {
	t.Parallel()
	var batch []adapter.Submission
	for _, trx := range []string{"01", "02", "03", "04", "05", "08", "09", "10"} {
		for b, buyer := range buyers() {
			for _, rounding := range []string{faktur.RoundCents, faktur.RoundRupiah} {
				for _, lines := range []int{1, 5} {
					inv := invoiceOf(fmt.Sprintf("INV/%s/%d/%s/%d", trx, b, rounding, lines), trx, lines)
					inv.Buyer = buyer
					batch = append(batch, accepted(t, inv, faktur.Settings{Rounding: rounding}, len(batch)+1))
				}
			}
		}
	}
	rows := taken(t, newDesktop(), written(t, batch))
	for i, row := range rows {
		listed(t, row, batch[i])
	}
	if len(rows) != len(batch) {
		t.Errorf("%d rows of %d invoices", len(rows), len(batch))
	}
}

func TestDesktopTakesLuxury(t *testing.T) {
	t.Parallel()
	inv := invoiceOf("INV/1", "01", 2)
	for i, percent := range []string{"10", "12.5"} {
		rate, err := faktur.ParseRate(percent)
		if err != nil {
			t.Fatal(err)
		}
		inv.Lines[i].Luxury, inv.Lines[i].PPnBMRate = true, &rate
	}
	s := accepted(t, inv, faktur.Settings{}, 1)
	listed(t, taken(t, newDesktop(), written(t, []adapter.Submission{s}))[0], s)
}

func TestDesktopTakesPayments(t *testing.T) {
	t.Parallel()
	down, settlement := invoiceOf("INV/1", "04", 2), invoiceOf("INV/2", "04", 2)
	thousand := faktur.Rupiah(1000)
	down.Payment = faktur.Payment{Type: faktur.PaymentDownPayment, DPP: &thousand}
	settlement.Payment = faktur.Payment{Type: faktur.PaymentSettlement, DPP: &thousand, FirstNSFP: "0400022600000001"}
	batch := []adapter.Submission{accepted(t, down, faktur.Settings{}, 1), accepted(t, settlement, faktur.Settings{}, 2)}
	for i, row := range taken(t, newDesktop(), written(t, batch)) {
		listed(t, row, batch[i])
	}
}

func TestDesktopTakesLargeInvoices(t *testing.T) {
	t.Parallel()
	s := accepted(t, invoiceOf("INV/1", "04", faktur.MaxLines), faktur.Settings{}, 1)
	listed(t, taken(t, newDesktop(), written(t, []adapter.Submission{s}))[0], s)
}

// TestDesktopReadsEveryText: what CSV must quote arrives as it was sent.
func TestDesktopReadsEveryText(t *testing.T) {
	t.Parallel()
	var batch []adapter.Submission
	for i, text := range []string{
		`PT "Kutip" 'tunggal'`, `PT, Koma; titik`, `""`, `"`, `","`, "PT A & B <c>", "a#b", "#NAMA#", "=1+1", "-", "a  b", "~!@$%^*(){}[]|:?",
	} {
		inv := invoiceOf(fmt.Sprintf("INV/%d %s", i, text), "04", 1)
		inv.Buyer.Name, inv.Buyer.Address, inv.Lines[0].Name = text, text, text
		batch = append(batch, accepted(t, inv, faktur.Settings{}, i+1))
	}
	for i, row := range taken(t, newDesktop(), written(t, batch)) {
		if listed(t, row, batch[i]); row.BuyerName != batch[i].Invoice.Buyer.Name {
			t.Errorf("%q arrives as %q", batch[i].Invoice.Buyer.Name, row.BuyerName)
		}
	}
}

// TestDesktopAndForeignText: what the application refuses never comes into a
// file, where it would roll back the others. Acceptance refuses it already; here
// it waited while its seller moved to this channel.
func TestDesktopAndForeignText(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"Café Müller", "日本", "PT\nPembeli", "PT\r\n\tPembeli", "PT\u00a0Pembeli", "PT\u200bPembeli", `\`, `\"`} {
		inv := invoiceOf("INV/1", "04", 1)
		moved := accepted(t, inv, faktur.Settings{}, 1)
		moved.Invoice.Buyer.Name, moved.Invoice.Buyer.Address, moved.Invoice.Lines[0].Name = text, text, text
		file, outcomes, err := efaktur.New().Write([]adapter.Submission{moved})
		if err != nil {
			t.Fatal(err)
		}
		if outcomes[0].Status != faktur.SavedInvalid {
			taken(t, newDesktop(), file.Content)
		}
	}
}

// TestDesktopFaultsAreLocated: every line of a file is spoilt in its turn; the
// application names it, and the channel says what stands there.
func TestDesktopFaultsAreLocated(t *testing.T) {
	t.Parallel()
	batch := []adapter.Submission{accepted(t, invoiceOf("INV/1", "04", 2), faktur.Settings{}, 1), accepted(t, invoiceOf("INV/2", "01", 1), faktur.Settings{}, 2)}
	file := written(t, batch)
	lines := bytes.SplitAfter(file, []byte("\n"))
	want := []adapter.Place{{Document: 0, Item: -1, Element: "FK"}, {Document: 0, Item: 0, Element: "OF"}, {Document: 0, Item: 1, Element: "OF"},
		{Document: 1, Item: -1, Element: "FK"}, {Document: 1, Item: 0, Element: "OF"}}
	for i, place := range want {
		n := i + 3
		changed := slices.Clone(lines)
		changed[n] = append([]byte{'\x07'}, lines[n]...)
		_, err := newDesktop().Import(bytes.Join(changed, nil))
		refused, ok := errors.AsType[*efakturtest.Refused](err)
		if !ok || refused.Faults[0].Line != n+1 {
			t.Errorf("line %d: %v", n+1, err)
			continue
		}
		if got, found := adapter.Locate(efaktur.New(), file, n+1); !found || got != place {
			t.Errorf("line %d is located at %+v (%t), want %+v", n+1, got, found, place)
		}
	}
}
