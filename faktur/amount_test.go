package faktur_test

import (
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/fakturgate/fakturgate/faktur"
)

func TestAmountIsReadExactly(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`"100000.00"`:           "100000.00",
		`100000`:                "100000.00",
		`"0.5"`:                 "0.50",
		`0.10`:                  "0.10",
		`"0"`:                   "0.00",
		`0`:                     "0.00",
		`1e2`:                   "100.00",
		`1E+5`:                  "100000.00",
		`1.0E0`:                 "1.00",
		`0E-2`:                  "0.00",
		`0e30`:                  "0.00",
		`0.0012E+3`:             "1.20",
		`12345E-2`:              "123.45",
		`5E-1`:                  "0.50",
		`9.9999999999999999e14`: "999999999999999.99",
		`null`:                  "0.00",
		`"0.01"`:                "0.01",
		`9007199254740993.00`:   "", // beyond what a float64 can tell, and too large
		`999999999999999.99`:    "999999999999999.99",
		`"900719925474099.31"`:  "900719925474099.31", // a float64 would give .25
		`"\u0031.50"`:           "1.50",
	} {
		var a faktur.Amount
		if err := json.Unmarshal([]byte(text), &a); err != nil {
			t.Errorf("%s: %v", text, err)
		}
		if want != "" && a.String() != want {
			t.Errorf("%s is read as %s, want %s", text, a, want)
		}
	}
}

// unreadableAmounts are JSON values that are no amount, and the code of their fault.
var unreadableAmounts = map[string]string{
	`1e400`:                    "amount_malformed",
	`-1e2`:                     "amount_negative",
	`1e-3`:                     "too_many_decimals",
	`12E-4`:                    "too_many_decimals",
	`1e15`:                     "amount_too_large",
	`1e99999999999999999999`:   "amount_malformed",
	`"1E2"`:                    "amount_malformed",
	`"NaN"`:                    "amount_malformed",
	`"Infinity"`:               "amount_malformed",
	`""`:                       "amount_malformed",
	`" 1"`:                     "amount_malformed",
	`"1,000"`:                  "amount_malformed",
	`"Rp1000"`:                 "amount_malformed",
	`"+1"`:                     "amount_malformed",
	`".5"`:                     "amount_malformed",
	`"5."`:                     "amount_malformed",
	`"1.2.3"`:                  "amount_malformed",
	`"007"`:                    "amount_malformed",
	`"0x10"`:                   "amount_malformed",
	`"1_000"`:                  "amount_malformed",
	`"١٢"`:                     "amount_malformed", // digits, but not ours
	`"--1"`:                    "amount_malformed",
	`-1`:                       "amount_negative",
	`-0`:                       "amount_negative",
	`"-0"`:                     "amount_negative",
	`"-0.00"`:                  "amount_negative",
	`100.005`:                  "too_many_decimals",
	`"100.000"`:                "too_many_decimals", // an Indonesian hundred thousand
	`"1.2300"`:                 "too_many_decimals",
	`1000000000000000`:         "amount_too_large",
	`"9999999999999999999999"`: "amount_too_large",
	`true`:                     "wrong_type",
	`{}`:                       "wrong_type",
	`{"value":"1"}`:            "wrong_type",
	`["1"]`:                    "wrong_type",
}

func TestAmountThatIsNoneIsKeptAndReported(t *testing.T) {
	t.Parallel()
	for text, code := range unreadableAmounts {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			inv := example(t, "ordinary")
			if err := json.Unmarshal([]byte(text), &inv.Lines[0].UnitPrice); err != nil {
				t.Fatalf("decoding must leave it to Assess: %v", err)
			}
			_, err := assess(inv)
			faults := faultsOf(t, err)
			if len(faults) != 1 || faults[0].Code != code || faults[0].Pointer != "/lines/0/unit_price" {
				t.Fatalf("faults are %v, want one %s", faults, code)
			}
			raw := strings.TrimSuffix(strings.Trim(text, `"`), "…")
			if shown := faults[0].Message; !strings.Contains(shown, raw) {
				t.Errorf("the message does not show %s: %s", raw, shown)
			}
		})
	}
}

func TestAmountWhoseJSONIsBrokenIsAnError(t *testing.T) {
	t.Parallel()
	for _, text := range []string{``, `01`, `"1`, `{"a":1,"a":2}`, `tru`, `1 2`, "\"\xff\"", `"\ud800"`} {
		var a faktur.Amount
		if err := json.Unmarshal([]byte(text), &a); err == nil {
			t.Errorf("%q was taken as %s", text, a)
		}
	}
}

func TestAmountLeavesAsAStringWithTwoDecimals(t *testing.T) {
	t.Parallel()
	var broken faktur.Amount
	if err := json.Unmarshal([]byte(`"1\"000"`), &broken); err != nil {
		t.Fatal(err)
	}
	for want, a := range map[string]faktur.Amount{
		`"0.00"`:               {},
		`"0.07"`:               faktur.Cents(7),
		`"7.00"`:               faktur.Rupiah(7),
		`"999999999999999.99"`: amount("999999999999999.99"),
		`"1\"000"`:             broken,
	} {
		text, err := json.Marshal(a)
		if err != nil || string(text) != want {
			t.Errorf("%s leaves as %s (%v), want %s", a, text, err, want)
		}
	}
}

func TestAbsentAmountIsZeroButNotGiven(t *testing.T) {
	t.Parallel()
	var absent faktur.Amount
	zero := amount("0")
	if !absent.IsZero() || !zero.IsZero() || amount("0.01").IsZero() {
		t.Error("IsZero is about the value alone")
	}
	if !absent.Absent() || zero.Absent() {
		t.Error("a given 0 is not absent")
	}
	if !absent.Equal(zero) || absent.Cmp(amount("0.01")) != -1 || !amount("1").Add(amount("0.25")).Equal(amount("1.25")) {
		t.Error("an absent amount counts as 0.00")
	}
}

// PER-11/PJ/2025 art. 129, with its own example (FACTS 4a).
func TestAmountInWholeRupiah(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"1500000.49": "1500000.00", "1900000.50": "1900001.00", "0.49": "0.00", "0.50": "1.00", "0": "0.00", "7": "7.00",
		"999999999999999.99": "1000000000000000.00", // one digit more than may be posted
	} {
		a, err := faktur.ParseAmount(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := a.Rounded().String(); got != want {
			t.Errorf("%s in whole rupiah is %s, want %s", text, got, want)
		}
	}
	if got := faktur.Cents(1_00).Sub(faktur.Cents(99)).String(); got != "0.01" {
		t.Errorf("1.00 - 0.99 = %s", got)
	}
}

func TestRate(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`12`: "12", `"12"`: "12", `12.00`: "12", `"2.5"`: "2.5", `"0.0010"`: "0.001", `0`: "0", `"120"`: "120", `"100.10"`: "100.1", `1.2e1`: "12",
	} {
		r := decode[faktur.Rate](t, []byte(text))
		if out, err := json.Marshal(r); err != nil || string(out) != `"`+want+`"` {
			t.Errorf("%s leaves as %s (%v), want %q", text, out, err, want)
		}
	}
	for text, code := range map[string]string{
		`"12%"`: "rate_malformed", `-1`: "rate_malformed", `1e41`: "rate_malformed", `1e3`: "rate_too_large",
		`1000`: "rate_too_large", `0.00001`: "too_many_decimals", `[]`: "wrong_type",
	} {
		inv := example(t, "ordinary")
		r := decode[faktur.Rate](t, []byte(text))
		inv.Lines[0].PPNRate = &r
		_, err := assess(inv)
		if got := summary(faultsOf(t, err)); len(got) != 1 || got[0] != "/lines/0/ppn_rate "+code {
			t.Errorf("%s gives %v, want %s", text, got, code)
		}
		if out, err := json.Marshal(r); err != nil || !strings.Contains(string(out), strings.Trim(text, `"`)) {
			t.Errorf("%s leaves as %s (%v)", text, out, err)
		}
	}
}

func FuzzAmount(f *testing.F) {
	for text := range unreadableAmounts {
		f.Add([]byte(text))
	}
	f.Add([]byte(`"100000.00"`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var a faktur.Amount
		if err := json.Unmarshal(text, &a); err != nil {
			return // not JSON
		}
		out, err := json.Marshal(a)
		if err != nil {
			t.Fatalf("%s cannot be written: %v", text, err)
		}
		parsed, err := faktur.ParseAmount(a.String())
		if err != nil {
			return // kept as its text
		}
		if again := decode[faktur.Amount](t, out); !again.Equal(a) || !parsed.Equal(a) || len(out) > faktur.MaxAmountDigits+5 {
			t.Fatalf("%s is written as %s and read as %s", text, out, again)
		}
	})
}
