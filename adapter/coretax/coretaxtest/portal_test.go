package coretaxtest_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fakturgate/fakturgate/adapter/coretax/coretaxtest"
	"github.com/fakturgate/fakturgate/faktur"
)

const seller = "0012345674901000"

// noon of 22 November 2026 in Jakarta.
func noon() time.Time { return time.Date(2026, 11, 22, 5, 0, 0, 0, time.UTC) }

func newPortal(change ...func(*coretaxtest.Config)) *coretaxtest.Portal {
	config := coretaxtest.Config{TIN: seller, Name: "PT Penjual", Clock: noon}
	for _, c := range change {
		c(&config)
	}
	return coretaxtest.New(config)
}

func testdata(t testing.TB, name string) string {
	t.Helper()
	file, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(file)
}

func upload(t testing.TB, p *coretaxtest.Portal, file string) coretaxtest.Receipt {
	t.Helper()
	receipt, err := p.Upload([]byte(file))
	if err != nil {
		t.Fatalf("upload: %v", err)
	}
	return receipt
}

func expect(t testing.TB, p *coretaxtest.Portal, reference, status, nsfp string) {
	t.Helper()
	row, found := p.Row(reference)
	if !found || row.Status != status || row.NSFP != nsfp {
		t.Errorf("%q is %s %q (found: %t), want %s %q", reference, row.Status, row.NSFP, found, status, nsfp)
	}
}

func do(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

const (
	first  = "INV/2026/11/0001"
	number = "04002600000000001"
)

func TestGoodFiles(t *testing.T) {
	t.Parallel()
	p := newPortal()
	for name, want := range map[string]coretaxtest.Receipt{
		"invoice.xml":    {Kind: faktur.KindInvoice, Documents: 1},
		"every-code.xml": {Kind: faktur.KindInvoice, Documents: 9},
		"returns.xml":    {Kind: faktur.KindReturn, Documents: 2},
	} {
		got := upload(t, p, testdata(t, name))
		if got.Kind != want.Kind || got.Documents != want.Documents {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
	p.SignAll()
	for _, row := range p.Rows() {
		if row.Status != coretaxtest.Approved || row.NSFP == "" || row.Line < 5 {
			t.Errorf("%+v", row)
		}
	}
	row, _ := p.Row(first)
	if row.DPP.String() != "324500.50" || row.OtherDPP.String() != "297458.79" || row.PPN.String() != "35695.05" || row.Date.String() != "2026-11-20" {
		t.Errorf("%+v", row)
	}
}

// TestSampleReturn: the sample of FACTS 1.2 is taken from who files it.
func TestSampleReturn(t *testing.T) {
	t.Parallel()
	p := newPortal(func(c *coretaxtest.Config) { c.TIN = "1234567890123457" })
	upload(t, p, testdata(t, "return-sample.xml"))
	if row := p.Rows()[0]; row.NSFP != "04002500000000001" || row.SellerTIN != "1234567890123456" || row.Date.String() != "2025-07-31" || row.PPN.String() != "11000.00" {
		t.Errorf("%+v", row)
	}
}

func TestSigning(t *testing.T) {
	t.Parallel()
	now := noon()
	p := newPortal(func(c *coretaxtest.Config) {
		c.Clock = func() time.Time { return now }
		c.SigningDelay = time.Minute
		c.FirstSerial = 42
		c.Invalid = func(row coretaxtest.Row) string {
			if row.Reference == "INV/2026/11/0003" {
				return "Passphrase tidak dikenali"
			}
			return ""
		}
	})
	upload(t, p, testdata(t, "every-code.xml"))
	p.Advance()
	expect(t, p, "INV/2026/11/0002", coretaxtest.SigningInProgress, "")
	now = now.Add(time.Minute)
	p.Advance()
	expect(t, p, "INV/2026/11/0002", coretaxtest.Approved, "01002600000000042")
	expect(t, p, "INV/2026/11/0003", coretaxtest.SavedInvalid, "")
	expect(t, p, "INV/2026/11/0004", coretaxtest.Approved, "03002600000000043")
	if row, _ := p.Row("INV/2026/11/0003"); row.Reason != "Passphrase tidak dikenali" {
		t.Errorf("the reason is %q", row.Reason)
	}
	if err := p.Cancel("INV/2026/11/0003"); err == nil {
		t.Error("what is Saved Invalid was cancelled")
	}
	do(t, p.EditAndSign("INV/2026/11/0003"))
	expect(t, p, "INV/2026/11/0003", coretaxtest.SigningInProgress, "")
	if err := p.EditAndSign("INV/2026/11/0003"); err == nil {
		t.Error("what is signing was signed again")
	}
	p.SignAll()
	expect(t, p, "INV/2026/11/0003", coretaxtest.Approved, "02002600000000050")
}

// TestDeadline: 11 September may be uploaded on 14 October, 18 September not on
// 21 October (FACTS 5.5).
func TestDeadline(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		date, upload, want string
	}{
		{"2026-09-11", "2026-10-14", coretaxtest.Approved},
		{"2026-09-18", "2026-10-20", coretaxtest.Approved},
		{"2026-09-18", "2026-10-21", coretaxtest.SavedInvalid},
	} {
		day, err := faktur.ParseDate(test.upload)
		do(t, err)
		p := newPortal(func(c *coretaxtest.Config) { c.Clock = day.EndOfDay })
		upload(t, p, strings.Replace(testdata(t, "invoice.xml"), "2026-11-20", test.date, 1))
		p.SignAll()
		if row, _ := p.Row(first); row.Status != test.want {
			t.Errorf("%s uploaded on %s is %s, want %s", test.date, test.upload, row.Status, test.want)
		}
	}
}

// TestOneBadRow: nothing of a file is taken when one row is bad.
func TestOneBadRow(t *testing.T) {
	t.Parallel()
	p := newPortal()
	if _, err := p.Upload([]byte(strings.Replace(testdata(t, "every-code.xml"), "<Qty>10.5<", "<Qty>10.555<", 1))); err == nil {
		t.Fatal("taken")
	}
	if len(p.Rows()) != 0 || len(p.Ledger()) != 0 {
		t.Errorf("rows %v, ledger %v", p.Rows(), p.Ledger())
	}
}

func TestLedger(t *testing.T) {
	t.Parallel()
	p := newPortal()
	upload(t, p, testdata(t, "invoice.xml"))
	upload(t, p, testdata(t, "returns.xml"))
	if doubled := p.Doubled(); len(doubled) != 0 {
		t.Errorf("doubled: %+v", doubled)
	}
	upload(t, p, testdata(t, "invoice.xml"))
	upload(t, p, testdata(t, "returns.xml"))
	p.SignAll()
	want := []coretaxtest.Entry{
		{TIN: seller, Reference: first, Created: 2, Approved: 2},
		{TIN: seller, Reference: number + " 2026-11-20 200000.00", Created: 2, Approved: 2},
		{TIN: seller, Reference: "0100026000000012 2026-11-19 100000.00", Created: 2, Approved: 2},
	}
	if got := p.Doubled(); len(got) != len(want) || got[0] != want[0] || got[1] != want[1] || got[2] != want[2] {
		t.Errorf("doubled: %+v, want %+v", got, want)
	}
}

func TestDeleteStaysInTheLedger(t *testing.T) {
	t.Parallel()
	p := newPortal(func(c *coretaxtest.Config) { c.Invalid = func(coretaxtest.Row) string { return "no" } })
	upload(t, p, testdata(t, "invoice.xml"))
	if err := p.Delete(first); err == nil {
		t.Error("what is signing was deleted")
	}
	p.SignAll()
	do(t, p.Delete(first))
	if _, found := p.Row(first); found {
		t.Error("the row is still there")
	}
	upload(t, p, testdata(t, "invoice.xml"))
	if doubled := p.Doubled(); len(doubled) != 1 || doubled[0].Created != 2 || doubled[0].Approved != 0 {
		t.Errorf("doubled: %+v", doubled)
	}
}

func TestCancel(t *testing.T) {
	t.Parallel()
	p := newPortal()
	upload(t, p, testdata(t, "invoice.xml"))
	if err := p.Cancel(first); err == nil {
		t.Error("what is signing was cancelled")
	}
	p.SignAll()
	do(t, p.Cancel(first))
	expect(t, p, first, coretaxtest.Cancelled, number)
	if err := p.Cancel("nobody"); err == nil {
		t.Error("what is not there was cancelled")
	}
}

func TestBuyerAnswers(t *testing.T) {
	t.Parallel()
	for _, agrees := range []bool{true, false} {
		p := newPortal(func(c *coretaxtest.Config) { c.BuyerAgrees = true })
		upload(t, p, testdata(t, "every-code.xml"))
		p.SignAll()
		const cancelled, replaced = "INV/2026/11/0002", "INV/2026/11/0003"
		do(t, p.Cancel(cancelled))
		do(t, p.Replace(replaced))
		p.SignAll()
		expect(t, p, cancelled, coretaxtest.WaitingForCancelation, "01002600000000001")
		status := func() string { return p.Rows()[1].Status }
		if status() != coretaxtest.WaitingForAmendment {
			t.Errorf("the replaced one is %s", status())
		}
		answer, wantCancelled, wantReplaced := p.Refuse, coretaxtest.Approved, coretaxtest.Approved
		if agrees {
			answer, wantCancelled, wantReplaced = p.Agree, coretaxtest.Cancelled, coretaxtest.Amended
		}
		answer(cancelled)
		answer(replaced)
		expect(t, p, cancelled, wantCancelled, "01002600000000001")
		if status() != wantReplaced {
			t.Errorf("the replaced one is %s, want %s", status(), wantReplaced)
		}
		expect(t, p, replaced, coretaxtest.Approved, "02012600000000002")
	}
}

// TestReplace: the pair shares one serial, and the counter counts.
func TestReplace(t *testing.T) {
	t.Parallel()
	p := newPortal()
	upload(t, p, testdata(t, "invoice.xml"))
	p.SignAll()
	do(t, p.Replace(first))
	if old := p.Rows()[0]; old.Status != coretaxtest.Approved {
		t.Errorf("while its replacement is signing it is %s", old.Status)
	}
	p.SignAll()
	do(t, p.Replace(first))
	p.SignAll()
	rows := p.Rows()
	for i, want := range []struct{ status, nsfp string }{
		{coretaxtest.Amended, number}, {coretaxtest.Amended, "04012600000000001"}, {coretaxtest.Approved, "04022600000000001"},
	} {
		if rows[i].Status != want.status || rows[i].NSFP != want.nsfp {
			t.Errorf("row %d is %s %s, want %+v", i, rows[i].Status, rows[i].NSFP, want)
		}
	}
	if ledger := p.Ledger(); len(ledger) != 1 || ledger[0].Created != 1 || ledger[0].Approved != 1 {
		t.Errorf("the ledger is %+v", ledger)
	}
}

func TestMaxDocuments(t *testing.T) {
	t.Parallel()
	for most, want := range map[int]bool{0: true, 9: true, 8: false} {
		p := newPortal(func(c *coretaxtest.Config) { c.MaxDocuments = most })
		if _, err := p.Upload([]byte(testdata(t, "every-code.xml"))); (err == nil) != want {
			t.Errorf("9 documents where at most %d are taken: %v", most, err)
		}
	}
}

// TestSettings: what FACTS leaves open can be set otherwise.
func TestSettings(t *testing.T) {
	t.Parallel()
	eleven := faktur.Percent(11)
	for name, test := range map[string]struct {
		file, old, new string
		set            func(*coretaxtest.Config)
	}{
		"rate": {"every-code.xml", "<VATRate>12</VATRate>\n          <VAT>12000.00<", "<VATRate>11</VATRate>\n          <VAT>11000.00<",
			func(c *coretaxtest.Config) { c.Rates = []faktur.Rate{faktur.Percent(11), faktur.Percent(12)} }},
		"tolerance":   {"invoice.xml", "<VAT>33000.00<", "<VAT>33000.99<", func(c *coretaxtest.Config) { c.Tolerance = faktur.Rupiah(1) }},
		"return rate": {"returns.xml", "12000<", "11000<", func(c *coretaxtest.Config) { c.ReturnRate = &eleven }},
	} {
		file := testdata(t, test.file)
		if name == "return rate" {
			file = strings.ReplaceAll(file, "22000.00<", "20166.67<")
		}
		changed := strings.ReplaceAll(file, test.old, test.new)
		if changed == file {
			t.Fatalf("%s: nothing changed", name)
		}
		if _, err := newPortal().Upload([]byte(changed)); err == nil {
			t.Errorf("%s: taken as it is", name)
		}
		if _, err := newPortal(test.set).Upload([]byte(changed)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
