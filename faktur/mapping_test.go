package faktur_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fakturgate/fakturgate/faktur"
)

func TestFiledMapsTheERPsOwnCodes(t *testing.T) {
	t.Parallel()
	settings := faktur.Settings{
		UnitCodes:    map[string]string{"PCS": "UM.0021", "UM.0021": "UM.0021"},
		ProductCodes: map[string]string{"A4-80G": "480200", "100001": "480100"},
	}
	sent := faktur.TaxInvoice{Lines: []faktur.Line{{Unit: "PCS", Code: "A4-80G"}, {Unit: "pcs", Code: "100001"}, {Unit: "UM.0018", Code: ""}}}
	want := []faktur.Line{{Unit: "UM.0021", Code: "480200"}, {Unit: "pcs", Code: "480100"}, {Unit: "UM.0018", Code: ""}}
	before := faktur.ContentHash(sent)
	filed := settings.Filed(sent)
	units := func(lines []faktur.Line) (all []string) {
		for _, line := range lines {
			all = append(all, line.Unit+" "+line.Code)
		}
		return all
	}
	if diff := cmp.Diff(units(want), units(filed.Lines)); diff != "" {
		t.Error(diff)
	}
	if faktur.ContentHash(sent) != before {
		t.Error("what the ERP sent was changed")
	}
	if again := settings.Filed(filed); faktur.ContentHash(again) != faktur.ContentHash(filed) {
		t.Error("filing what is filed changes it")
	}
}

// mappingCases are maps of codes and what is wrong with them.
var mappingCases = []struct {
	name     string
	settings faktur.Settings
	want     []string
}{
	{"good", faktur.Settings{UnitCodes: map[string]string{"PCS": "UM.0021", "buah": "UM.0021"}, ProductCodes: map[string]string{"100001": "000000"}}, nil},
	{"a target that is no code", faktur.Settings{UnitCodes: map[string]string{"PCS": "Piece", "a/b": ""}, ProductCodes: map[string]string{"X": "1234"}},
		[]string{"/settings/unit_codes/PCS unit_malformed", "/settings/unit_codes/a~1b unit_malformed", "/settings/product_codes/X code_malformed"}},
	{"an empty code", faktur.Settings{UnitCodes: map[string]string{" ": "UM.0021"}}, []string{"/settings/unit_codes/  required"}},
	{"a chain", faktur.Settings{ProductCodes: map[string]string{"100001": "100002", "100002": "100003"}}, []string{"/settings/product_codes/100001 code_mapped_twice"}},
	{"one that stands for itself", faktur.Settings{ProductCodes: map[string]string{"100001": "100002", "100002": "100002"}}, nil},
	{"too many", faktur.Settings{UnitCodes: manyCodes()}, []string{"/settings/unit_codes too_many_codes"}},
}

func manyCodes() map[string]string {
	codes := map[string]string{}
	for i := range 10_001 {
		codes[fmt.Sprint("U", i)] = "UM.0021"
	}
	return codes
}

func TestTheMapsOfCodesAreChecked(t *testing.T) {
	t.Parallel()
	for _, tt := range mappingCases {
		seller := faktur.Taxpayer{NPWP: "0012345674901000", Name: "PT", Channel: faktur.ChannelPJAP, Settings: tt.settings}
		if diff := cmp.Diff(append([]string{}, tt.want...), summary(faultsOf(t, seller.Validate()))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}
