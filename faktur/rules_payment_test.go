package faktur_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fakturgate/fakturgate/faktur"
)

const firstNSFP = "04002600000000001"

// paymentCases are the example ordinary (DPP 100000.00, PPN 11000.00) with a
// payment, on a channel, and what is refused or, when that is nil, warned of.
var paymentCases = []struct {
	name            string
	channel         faktur.Channel
	payment         faktur.Payment
	refused, warned []string
}{
	{"an ordinary invoice says so", faktur.ChannelPJAP, faktur.Payment{Type: "normal"}, nil, nil},
	{"first down payment", faktur.ChannelPJAP, faktur.Payment{Type: "down_payment", DPP: given("30000")}, nil, []string{"/payment/dpp payment_dpp_assumed"}},
	{"all of it at once", faktur.ChannelPJAP, faktur.Payment{Type: "down_payment", DPP: given("100000"), PPN: given("11000")}, nil, []string{"/payment/dpp payment_dpp_assumed"}},
	{"second down payment", faktur.ChannelPajakio, faktur.Payment{Type: "down_payment", DPP: given("30000"), FirstNSFP: firstNSFP}, nil, []string{"/payment/dpp payment_dpp_assumed"}},
	{"settlement", faktur.ChannelPJAP, faktur.Payment{Type: "settlement", DPP: given("70000"), FirstNSFP: firstNSFP}, nil, []string{"/payment/dpp payment_dpp_assumed"}},
	{"first one of the desktop application", faktur.ChannelPJAP, faktur.Payment{Type: "settlement", DPP: given("70000"), FirstNSFP: "0400026000000001"}, nil, []string{"/payment/dpp payment_dpp_assumed"}},
	{"its own PPN", faktur.ChannelPJAP, faktur.Payment{Type: "down_payment", DPP: given("30000"), PPN: given("3000")}, nil, []string{"/payment/dpp payment_dpp_assumed", "/payment/ppn payment_tax_unusual"}},

	{"unknown type", faktur.ChannelPJAP, faktur.Payment{Type: "UANG_MUKA", DPP: given("1")}, []string{"/payment/type unknown_value"}, nil},
	{"amount without type", faktur.ChannelPJAP, faktur.Payment{DPP: given("1")}, []string{"/payment/type payment_type_missing"}, nil},
	{"number without type", faktur.ChannelPJAP, faktur.Payment{Type: "normal", FirstNSFP: firstNSFP}, []string{"/payment/type payment_type_missing"}, nil},
	{"no amount", faktur.ChannelPJAP, faktur.Payment{Type: "down_payment"}, []string{"/payment/dpp required"}, nil},
	{"amount 0", faktur.ChannelPJAP, faktur.Payment{Type: "down_payment", DPP: given("0")}, []string{"/payment/dpp required"}, nil},
	{"more than the contract", faktur.ChannelPJAP, faktur.Payment{Type: "down_payment", DPP: given("100000.01")}, []string{"/payment/dpp payment_too_large"}, nil},
	{"more PPN than the contract", faktur.ChannelPJAP, faktur.Payment{Type: "down_payment", DPP: given("100000"), PPN: given("12000")}, []string{"/payment/ppn payment_too_large"}, nil},
	{"PPnBM where the contract has none", faktur.ChannelPJAP, faktur.Payment{Type: "down_payment", DPP: given("1"), PPnBM: given("1")}, []string{"/payment/ppnbm payment_too_large"}, nil},
	{"settlement of nothing", faktur.ChannelPJAP, faktur.Payment{Type: "settlement", DPP: given("70000")}, []string{"/payment/first_nsfp required"}, nil},
	{"number with points", faktur.ChannelPJAP, faktur.Payment{Type: "settlement", DPP: given("1"), FirstNSFP: "040.026-00000000001"}, []string{"/payment/first_nsfp first_nsfp_malformed"}, nil},

	{"no field in the XML format", faktur.ChannelCoretaxXML, faktur.Payment{Type: "down_payment", DPP: given("30000")}, []string{"/payment channel_cannot"}, nil},
	{"ordinary on the XML format", faktur.ChannelCoretaxXML, faktur.Payment{Type: "normal"}, nil, nil},
	{"Klikpajak's flag", faktur.ChannelKlikpajak, faktur.Payment{Type: "down_payment", DPP: given("30000")}, nil, []string{"/lines/0/code code_not_sent", "/payment payment_flag_only", "/payment/dpp payment_dpp_assumed"}},
	{"Klikpajak settles nothing", faktur.ChannelKlikpajak, faktur.Payment{Type: "settlement", DPP: given("70000"), FirstNSFP: firstNSFP}, []string{"/payment channel_cannot"}, nil},
	{"down payment in the desktop application", faktur.ChannelEfakturDesktop, faktur.Payment{Type: "down_payment", DPP: given("30000")}, nil, []string{"/payment payment_settled_elsewhere", "/payment/dpp payment_dpp_assumed"}},
	{"settlement in the desktop application", faktur.ChannelEfakturDesktop, faktur.Payment{Type: "settlement", DPP: given("70000"), FirstNSFP: firstNSFP}, nil, []string{"/payment/dpp payment_dpp_assumed"}},
}

func TestPayments(t *testing.T) {
	t.Parallel()
	for _, c := range paymentCases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			inv := example(t, "ordinary")
			inv.Payment, inv.Date = c.payment, faktur.DateOf(now)
			a, err := faktur.NewRules(nil).Assess(inv, faktur.Settings{}, c.channel, now)
			if diff := cmp.Diff(append([]string{}, c.refused...), summary(faultsOf(t, err))); diff != "" {
				t.Errorf("faults (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(append([]string{}, c.warned...), summary(a.Warnings)); err == nil && diff != "" {
				t.Errorf("warnings (-want +got):\n%s", diff)
			}
		})
	}
}

// A payment's taxes are its share of the lines', rounded as the lines are.
func TestPaymentAmounts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, example, dpp, ppn, ppnbm string
		settings                       faktur.Settings
	}{
		{"11 % of an ordinary one", "ordinary", "30000.00", "3300.00", "0.00", faktur.Settings{}},
		{"half a cent goes up", "ordinary", "1000.05", "110.01", "0.00", faktur.Settings{}},
		{"whole rupiah", "whole-rupiah", "1000.05", "110.00", "0.00", faktur.Settings{Rounding: faktur.RoundRupiah}},
		{"luxury at full base", "luxury", "125000000.00", "15000000.00", "50000000.00", faktur.Settings{}},
	} {
		inv := example(t, c.example)
		inv.Payment = faktur.Payment{Type: faktur.PaymentDownPayment, DPP: given(c.dpp)}
		a, err := assessWith(inv, c.settings)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		want := faktur.PaymentAmounts{DPP: amount(c.dpp), PPN: amount(c.ppn), PPnBM: amount(c.ppnbm)}
		if diff := cmp.Diff(want, a.Payment); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
		ordinary := example(t, c.example)
		without, err := assessWith(ordinary, c.settings)
		if err != nil || cmp.Diff(without.Totals, a.Totals) != "" {
			t.Errorf("%s: the totals are not those of the lines: %+v, %v", c.name, a.Totals, err)
		}
		filed := a.Complete(inv)
		if filed.Payment.PPN == nil || !filed.Payment.PPN.Equal(amount(c.ppn)) || filed.Payment.PPnBM == nil {
			t.Errorf("%s: filed as %+v", c.name, filed.Payment)
		}
		if back := faktur.Given(filed, inv, a); faktur.ContentHash(back) != faktur.ContentHash(inv) {
			t.Errorf("%s: after GET and PUT its payment is %+v", c.name, back.Payment)
		}
	}
}

// What was accepted before payments existed keeps its hash (TestContentHashIsStable).
func TestContentHashOfPayments(t *testing.T) {
	t.Parallel()
	hash := func(p faktur.Payment) string {
		inv := decode[faktur.TaxInvoice](t, []byte(ordinary))
		inv.Payment = p
		return faktur.ContentHash(inv)
	}
	plain := hash(faktur.Payment{})
	if hash(faktur.Payment{Type: faktur.PaymentNormal}) != plain {
		t.Error("a payment of type normal is another content than none")
	}
	if hash(faktur.Payment{Type: faktur.PaymentDownPayment, DPP: given("1")}) == plain {
		t.Error("a down payment is the same content as none")
	}
}
