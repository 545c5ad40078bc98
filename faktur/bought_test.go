package faktur_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/fakturgate/fakturgate/faktur"
)

// earlier is a return of the example partial that gives back other quantities.
func earlier(t testing.TB, reference string, quantities ...string) faktur.EarlierReturn {
	t.Helper()
	e := faktur.EarlierReturn{DocumentID: "id-of-" + reference, Reference: reference, Lines: returnExample(t, "partial").Lines}
	for i, q := range quantities {
		e.Lines[i].ReturnQuantity = amount(q)
	}
	return e
}

// boughtCases hold the example partial, which gives back 2 of 10, 0 of 3, 1 of 1,
// against what is known of its invoice.
var boughtCases = []struct {
	name   string
	edit   func(*faktur.Return)
	known  func(t testing.TB) faktur.Bought
	faults []string
	doubts []string
}{
	{"nothing is known", nil, func(testing.TB) faktur.Bought { return faktur.Bought{} }, nil, nil},
	{"the same lines", nil, func(t testing.TB) faktur.Bought { return knownBy(earlier(t, "RET/0", "8", "3", "0")) }, nil, nil},
	{"more of one line", nil, func(t testing.TB) faktur.Bought { return knownBy(earlier(t, "RET/0", "8.01", "3", "0")) },
		[]string{"/lines/0/return_quantity returned_more_than_bought"}, nil},
	{"more of two lines, by two returns", nil, func(t testing.TB) faktur.Bought {
		return knownBy(earlier(t, "RET/A", "5", "0", "0"), earlier(t, "RET/B", "4", "0", "1"))
	}, []string{"/lines/0/return_quantity returned_more_than_bought", "/lines/2/return_quantity returned_more_than_bought"}, nil},
	{"too much before, of a line of which nothing goes back now", nil, func(t testing.TB) faktur.Bought {
		return knownBy(earlier(t, "RET/0", "0", "9", "0"))
	}, nil, nil},
	{"a line is missing", func(r *faktur.Return) { r.Lines = r.Lines[:2] }, func(t testing.TB) faktur.Bought { return knownBy(earlier(t, "RET/0", "0", "0", "0")) },
		[]string{"/lines lines_not_as_bought"}, nil},
	{"what is left as quantity", func(r *faktur.Return) { r.Lines[0].Quantity = amount("8") }, func(t testing.TB) faktur.Bought { return knownBy(earlier(t, "RET/0", "2", "0", "0")) },
		[]string{"/lines/0/quantity line_not_as_bought"}, nil},
	{"more is said to have been bought", func(r *faktur.Return) { r.Lines[0].Quantity = amount("100") }, func(t testing.TB) faktur.Bought { return knownBy(earlier(t, "RET/0", "10", "0", "0")) },
		[]string{"/lines/0/quantity line_not_as_bought"}, nil},
	{"another price", func(r *faktur.Return) { r.Lines[1].UnitPrice = amount("250000.01") }, func(t testing.TB) faktur.Bought { return knownBy(earlier(t, "RET/0", "0", "0", "0")) },
		[]string{"/lines/1/unit_price line_not_as_bought"}, nil},
	{"another order", func(r *faktur.Return) { slices.Reverse(r.Lines) }, func(t testing.TB) faktur.Bought { return knownBy(earlier(t, "RET/0", "8", "3", "0")) }, nil, nil},
	{"another order, and more", func(r *faktur.Return) { slices.Reverse(r.Lines) }, func(t testing.TB) faktur.Bought { return knownBy(earlier(t, "RET/0", "9", "3", "0")) },
		[]string{"/lines/2/return_quantity returned_more_than_bought"}, nil},
	{"renamed", func(r *faktur.Return) {
		r.Lines[0].Name, r.Lines[0].Unit, r.Lines[1].Code = "Kertas A-4", "UM.0021", "480200"
	},
		func(t testing.TB) faktur.Bought { return knownBy(earlier(t, "RET/0", "8", "0", "0")) },
		nil, []string{"/lines/0/name line_unlike_bought", "/lines/0/unit line_unlike_bought", "/lines/1/code line_unlike_bought"}},
	{"renamed, and more", func(r *faktur.Return) { r.Lines[0].Name = "Kertas A-4" }, func(t testing.TB) faktur.Bought { return knownBy(earlier(t, "RET/0", "9", "0", "0")) },
		[]string{"/lines/0/return_quantity returned_more_than_bought"}, []string{"/lines/0/name line_unlike_bought"}},
	{"no code is 000000", func(r *faktur.Return) { r.Lines[0].Code = "" }, func(t testing.TB) faktur.Bought { return knownBy(earlier(t, "RET/0", "0", "0", "0")) }, nil, nil},
	{"made out to another", nil, func(testing.TB) faktur.Bought { return faktur.Bought{BuyerNPWP: "3174015506800001"} }, nil, []string{"/buyer/npwp buyer_of_another"}},
}

// knownBy is what earlier returns tell of their invoice.
func knownBy(earlier ...faktur.EarlierReturn) faktur.Bought {
	first := faktur.Return{Lines: earlier[0].Lines}
	return faktur.Bought{Source: "return " + earlier[0].Reference, Lines: first.BoughtLines(), Earlier: earlier}
}

func checkBought(t testing.TB, edit func(*faktur.Return), b faktur.Bought) (faults, doubts []faktur.Fault) {
	t.Helper()
	ret := returnExample(t, "partial")
	if edit != nil {
		edit(&ret)
	}
	return ret.CheckBought(b)
}

func TestNeverMoreThanWasBought(t *testing.T) {
	t.Parallel()
	for _, c := range boughtCases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			faults, doubts := checkBought(t, c.edit, c.known(t))
			if diff := cmp.Diff(append([]string{}, c.faults...), summary(faults)); diff != "" {
				t.Errorf("faults (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(append([]string{}, c.doubts...), summary(doubts)); diff != "" {
				t.Errorf("warnings (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWhoReturnedBeforeIsNamed(t *testing.T) {
	t.Parallel()
	faults, _ := checkBought(t, nil, knownBy(earlier(t, "RET/A", "5", "0", "0"), earlier(t, "RET/B", "4", "0", "0")))
	const want = "10.00 were bought and 9.00 of them returned before, by RET/A (id-of-RET/A) 5.00, RET/B (id-of-RET/B) 4.00: 2.00 cannot be returned as well. Return what is left, or correct or cancel one of those."
	if len(faults) != 1 || faults[0].Message != want {
		t.Errorf("%+v\nwant %s", faults, want)
	}
}

// An invoice of our own is what was bought, in its own order.
func TestLinesOfAnInvoiceAreWhatWasBought(t *testing.T) {
	t.Parallel()
	inv := example(t, "multi-line")
	ret := faktur.Return{Buyer: faktur.ReturnBuyer{NPWP: inv.Buyer.IDNumber}}
	for _, l := range inv.Lines {
		ret.Lines = append(ret.Lines, faktur.ReturnLine{Kind: l.Kind, Code: l.Code, Name: l.Name, Unit: l.Unit,
			UnitPrice: l.UnitPrice, Quantity: l.Quantity, ReturnQuantity: l.Quantity})
	}
	b := faktur.Bought{Source: "your invoice", Lines: inv.BoughtLines(), BuyerNPWP: inv.Buyer.IDNumber}
	if faults, doubts := ret.CheckBought(b); len(faults) != 0 || len(doubts) != 0 {
		t.Errorf("all of it goes back: %v, %v", faults, doubts)
	}
}

// Whatever returns are posted, in whatever order of lines and under whatever
// names: those that are taken never give back more of a line than was bought.
func TestTakenReturnsNeverExceedWhatWasBought(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		lines := rapid.IntRange(1, 5).Draw(t, "lines")
		bought := make([]faktur.ReturnLine, lines)
		for i := range bought {
			// Few prices and quantities, so that lines are alike.
			bought[i] = faktur.ReturnLine{Kind: faktur.Goods, Name: fmt.Sprint("barang ", i%2), Unit: "UM.0018",
				UnitPrice: faktur.Rupiah(rapid.Int64Range(1, 2).Draw(t, "price")), Quantity: faktur.Rupiah(rapid.Int64Range(1, 4).Draw(t, "quantity"))}
		}
		var taken []faktur.EarlierReturn
		for n := range rapid.IntRange(1, 12).Draw(t, "returns") {
			ret := faktur.Return{Lines: rapid.Permutation(slices.Clone(bought)).Draw(t, "order")}
			for i := range ret.Lines {
				l := &ret.Lines[i]
				if l.ReturnQuantity = faktur.Rupiah(rapid.Int64Range(0, 4).Draw(t, "goes back")); l.ReturnQuantity.Cmp(l.Quantity) > 0 {
					l.ReturnQuantity = l.Quantity
				}
				l.Name += strings.Repeat("!", rapid.IntRange(0, 1).Draw(t, "renamed"))
			}
			known := faktur.Bought{}
			if len(taken) > 0 {
				known = knownBy(taken...)
			}
			if faults, _ := ret.CheckBought(known); len(faults) == 0 {
				taken = append(taken, faktur.EarlierReturn{Reference: fmt.Sprint(n), Lines: ret.Lines})
			}
		}
		alike := func(l faktur.ReturnLine) string { return l.UnitPrice.String() + " x " + l.Quantity.String() }
		back, most := map[string]faktur.Amount{}, map[string]faktur.Amount{}
		for _, e := range taken {
			for _, l := range e.Lines {
				back[alike(l)] = back[alike(l)].Add(l.ReturnQuantity)
			}
		}
		for _, l := range bought {
			most[alike(l)] = most[alike(l)].Add(l.Quantity)
		}
		for which, quantity := range back {
			if quantity.Cmp(most[which]) > 0 {
				t.Fatalf("%s of %s were bought and %s go back, by %+v", most[which], which, quantity, taken)
			}
		}
	})
}
