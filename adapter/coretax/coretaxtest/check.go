package coretaxtest

import (
	"sync"
	"time"

	"github.com/shopspring/decimal"

	"github.com/fakturgate/fakturgate/faktur"
)

// lists are DJP's code lists, as sets of group and code: the group is the
// transaction code, or A or B, where a code means different things under each.
type lists struct{ addInfo, stamps, units, countries, goods map[[2]string]bool }

var builtIn = sync.OnceValue(func() *lists {
	reference := faktur.BuiltInReference()
	read := func(name string, group func(faktur.ReferenceRow) string) map[[2]string]bool {
		rows, err := reference.List(name, "")
		if err != nil {
			panic(err) // the names are constants of faktur
		}
		set := map[[2]string]bool{}
		for _, row := range rows {
			set[[2]string{group(row), row.Code}] = true
		}
		return set
	}
	none := func(faktur.ReferenceRow) string { return "" }
	trx := func(row faktur.ReferenceRow) string { return row.TrxCode }
	return &lists{
		addInfo: read(faktur.ListAdditionalInfo, trx), stamps: read(faktur.ListFacilityStamps, trx),
		units: read(faktur.ListUnits, none), countries: read(faktur.ListCountries, none),
		goods: read(faktur.ListGoodsServices, func(row faktur.ReferenceRow) string {
			return map[string]string{faktur.Goods: "A", faktur.Service: "B"}[row.Kind]
		}),
	}
})

// problems collects the faults of one document until its reading ends.
type problems struct {
	*checker
	err error
}

// refuse notes what is wrong with the child of that name.
func (p *problems) refuse(n *node, name, format string, args ...any) {
	if p.err == nil {
		p.err = p.fault(n.at(name), name, format, args...)
	}
}

// known refuses a code that is not in its list.
func (p *problems) known(n *node, name string, set map[[2]string]bool, group string) {
	if code := n.leaf(name); code != "" && !set[[2]string{group, code}] {
		p.refuse(n, name, "The code %s is not in its list.", code)
	}
}

// number gives the amount of a leaf whose form has been checked.
func number(n *node, name string) decimal.Decimal {
	d, err := decimal.NewFromString(n.leaf(name))
	if err != nil {
		return decimal.Zero
	}
	return d
}

// money gives the amount of a leaf whose form has been checked.
func money(n *node, name string) faktur.Amount {
	a, err := faktur.ParseAmount(n.leaf(name))
	if err != nil {
		return faktur.Amount{}
	}
	return a
}

var (
	cent    = decimal.New(1, -2)
	hundred = decimal.New(100, 0)
)

// near says whether an amount is the expected one: within a hundredth, as
// DJP's converter is said to allow (FACTS 4; DJP's own tolerance is [NF]), or
// rounded half up to whole rupiah (PER-11/PJ/2025 art. 129), or within the
// tolerance that the test sets.
func (c *checker) near(got, exact decimal.Decimal) bool {
	most := cent
	if t, err := decimal.NewFromString(c.config.Tolerance.String()); err == nil && t.GreaterThan(most) {
		most = t
	}
	return got.Equal(exact.Round(0)) || got.Sub(exact.Round(2)).Abs().LessThanOrEqual(most)
}

// equals refuses an amount that is not near the expected one.
func (p *problems) equals(n *node, name string, exact decimal.Decimal, formula string) {
	if got := number(n, name); !p.near(got, exact) {
		p.refuse(n, name, "It is %s, and %s = %s.", n.leaf(name), formula, exact.Round(2))
	}
}

// past refuses a day that the calendar does not have, or that is still to come.
// That the portal refuses a day to come is an assumption.
func (p *problems) past(n *node, name, layout string) faktur.Date {
	day, err := time.ParseInLocation(layout, n.leaf(name), faktur.Jakarta)
	if err != nil {
		p.refuse(n, name, "%s is not a day of the calendar.", n.leaf(name))
		return faktur.Date{}
	}
	date := faktur.DateOf(day)
	if date.Compare(p.today) > 0 {
		p.refuse(n, name, "The day %s is still to come; today is %s.", date, p.today)
	}
	return date
}
