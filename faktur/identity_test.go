package faktur_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fakturgate/fakturgate/faktur"
)

func TestShapesOfIdentities(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		valid func(string) bool
		text  string
		want  bool
	}{
		{"NPWP of a company", faktur.ValidNPWP, "0012345674901000", true},
		{"NPWP of a person", faktur.ValidNPWP, "3174015506800001", true},
		{"15 digits", faktur.ValidNPWP, "012345674901000", false},
		{"17 digits", faktur.ValidNPWP, "00123456749010000", false},
		{"letters", faktur.ValidNPWP, "001234567490100A", false},
		{"a minus sign", faktur.ValidNPWP, "-012345674901000", false},
		{"zeros", faktur.ValidNPWP, "0000000000000000", false},
		{"none", faktur.ValidNPWP, "", false},
		{"NIK", faktur.ValidNIK, "3174015506800001", true},
		{"NIK too short", faktur.ValidNIK, "317401550680001", false},
		{"head office", faktur.ValidNITKU, "0012345674901000000000", true},
		{"branch", faktur.ValidNITKU, "0012345674901000000123", true},
		{"NITKU of the branch alone", faktur.ValidNITKU, "000000", false},
	} {
		if got := c.valid(c.text); got != c.want {
			t.Errorf("%s, %q: %t", c.name, c.text, got)
		}
	}
}

func TestAdviceOnNPWPNamesTheRightOne(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"012345674901000":           "0012345674901000", // 0 before the old 15
		"001.234.567.4-901.000":     "0012345674901000",
		"0012 3456 7490 1000":       "0012345674901000",
		"0000000000000000":          "nik, passport or other",
		"PT Penjual":                "16 digits",
		strings.Repeat("1", 10_000): "…", // a message stays short
		strings.Repeat("é", 10_000): "…",
	} {
		inv := example(t, "ordinary")
		inv.Seller.NPWP = text
		_, err := assess(inv)
		faults := faultsOf(t, err)
		if len(faults) != 1 || !strings.Contains(faults[0].Message, want) || len(faults[0].Message) > 300 {
			t.Errorf("%.40s: %+v", text, faults)
		}
	}
}

func TestNSFP(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]faktur.NSFP{
		"04002600000000001":     {TrxCode: "04", Status: "00", Serial: "2600000000001"},
		"08032500000000017":     {TrxCode: "08", Status: "03", Serial: "2500000000017"},
		"0400.26.00000000001":   {TrxCode: "04", Status: "00", Serial: "2600000000001"},
		"0100022500000001":      {TrxCode: "01", Status: "0", Serial: "0022500000001"},
		"010.002-25.00000001":   {TrxCode: "01", Status: "0", Serial: "0022500000001"},
		" 04002600000000001 ":   {TrxCode: "04", Status: "00", Serial: "2600000000001"},
		"011.002-25.00000001":   {TrxCode: "01", Status: "1", Serial: "0022500000001"},
		"04 00 26 00000 000001": {TrxCode: "04", Status: "00", Serial: "2600000000001"},
	} {
		got, err := faktur.ParseNSFP(text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
		if again, err := faktur.ParseNSFP(got.String()); err != nil || again != got {
			t.Errorf("%q is written %s and read as %+v, %v", text, got, again, err)
		}
	}
	for _, text := range []string{"", "0400260000000001A", "040026000000000012", "123", "DN0000000000000000"} {
		if got, err := faktur.ParseNSFP(text); err == nil {
			t.Errorf("%q is read as %+v", text, got)
		}
	}
}
