package faktur_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fakturgate/fakturgate/faktur"
)

// klikpajakCases are what Klikpajak's interface has no field for, of an ordinary
// invoice of today; warned is told of what is accepted.
var klikpajakCases = []struct {
	name            string
	change          func(*faktur.TaxInvoice)
	refused, warned []string
}{
	{"as it is", func(i *faktur.TaxInvoice) { i.Lines[0].Code = faktur.AnyCode }, nil, nil},
	{"code of a good", func(*faktur.TaxInvoice) {}, nil, []string{"/lines/0/code code_not_sent"}},
	{"supporting document", func(i *faktur.TaxInvoice) {
		i.SupportingDocument = faktur.SupportingDocument{Number: "PPBJ 1", Period: "112026"}
	}, []string{"/supporting_document/number supporting_document_not_on_channel"}, nil},
	{"branches", func(i *faktur.TaxInvoice) {
		i.Seller.NITKU, i.Buyer.NITKU = i.Seller.NPWP+"000001", i.Buyer.IDNumber+"000002"
	}, []string{"/seller/nitku nitku_not_on_channel", "/buyer/nitku nitku_not_on_channel"}, nil},
	{"a branch that is none", func(i *faktur.TaxInvoice) { i.Seller.NITKU = "000001" }, []string{"/seller/nitku nitku_malformed"}, nil},
}

func TestKlikpajak(t *testing.T) {
	t.Parallel()
	for _, c := range klikpajakCases {
		a, err := faktur.NewRules(nil).Assess(desktopInvoice(t, c.change), faktur.Settings{}, faktur.ChannelKlikpajak, now)
		if diff := cmp.Diff(append([]string{}, c.refused...), summary(faultsOf(t, err))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
		if diff := cmp.Diff(append([]string{}, c.warned...), summary(a.Warnings)); err == nil && diff != "" {
			t.Errorf("%s: warnings (-want +got):\n%s", c.name, diff)
		}
	}
}
