package coretaxtest_test

import (
	"errors"
	"runtime"
	"strings"
	"testing"

	"github.com/fakturgate/fakturgate/adapter/coretax/coretaxtest"
)

// FuzzUpload: whatever the file, the portal takes all of it or nothing, and
// says why.
func FuzzUpload(f *testing.F) {
	for _, name := range []string{"invoice.xml", "every-code.xml", "returns.xml"} {
		f.Add([]byte(testdata(f, name)))
	}
	f.Add([]byte("<TaxInvoiceBulk><TIN/><ListOfTaxInvoice><TaxInvoice><a/></TaxInvoice></ListOfTaxInvoice></TaxInvoiceBulk>"))
	f.Fuzz(func(t *testing.T, file []byte) {
		p := newPortal()
		receipt, err := p.Upload(file)
		refused, isRefused := errors.AsType[*coretaxtest.Refused](err)
		switch {
		case err == nil && (receipt.Documents == 0 || receipt.Documents != len(p.Rows())):
			t.Errorf("%+v and %d rows", receipt, len(p.Rows()))
		case err != nil && (!isRefused || len(refused.Faults) == 0 || len(p.Rows()) > 0):
			t.Errorf("%v and %d rows", err, len(p.Rows()))
		}
	})
}

// TestMemoryIsBounded: files that are made to be large in memory are given up early.
func TestMemoryIsBounded(t *testing.T) {
	good := testdata(t, "invoice.xml")
	start, _, _ := strings.Cut(good, "        <GoodService>")
	for name, file := range map[string]string{
		"many elements":         start + strings.Repeat("<GoodService/>", 500_000),
		"deep elements":         start + strings.Repeat("<GoodService>", 500_000),
		"many faults":           strings.Split(start, "    <TaxInvoice>")[0] + strings.Repeat("<a/>", 1_000_000),
		"a long name":           strings.Replace(good, "<Name>", "<"+strings.Repeat("n", 4<<20)+">", 1),
		"a long text":           strings.Replace(good, "PT Pembeli", strings.Repeat(" ", 4<<20), 1),
		"many attributes":       strings.Replace(good, "<GoodService>", "<GoodService"+strings.Repeat(` a=""`, 1<<18)+">", 1),
		"larger than is read":   good + strings.Repeat(" ", 64<<20),
		"documents without end": strings.Split(start, "    <TaxInvoice>")[0] + strings.Repeat("<TaxInvoice></TaxInvoice>", 200_000),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := newPortal().Upload([]byte(file))
		runtime.ReadMemStats(&after)
		if _, ok := errors.AsType[*coretaxtest.Refused](err); !ok || len(err.Error()) > 1<<17 {
			t.Errorf("%s: taken, or told at length: %.200v", name, err)
		}
		if spent := after.TotalAlloc - before.TotalAlloc; spent > 256<<20 {
			t.Errorf("%s: %d MiB were allocated for %d MiB", name, spent>>20, len(file)>>20)
		}
	}
}
