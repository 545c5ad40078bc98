package faktur_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/fakturgate/fakturgate/faktur"
)

func rows(t *testing.T, r *faktur.Reference, list, q string) []faktur.ReferenceRow {
	t.Helper()
	found, err := r.List(list, q)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestBuiltInListsAreDJPs(t *testing.T) {
	t.Parallel()
	// FACTS 2; data/SOURCES.md.
	want := map[string]int{
		faktur.ListTransactionCodes: 10, faktur.ListAdditionalInfo: 41, faktur.ListFacilityStamps: 41,
		faktur.ListUnits: 39, faktur.ListCountries: 254, faktur.ListGoodsServices: 1967,
	}
	for _, name := range faktur.ReferenceLists() {
		if got := len(rows(t, faktur.BuiltInReference(), name, "")); got != want[name] {
			t.Errorf("%s has %d rows, want %d", name, got, want[name])
		}
	}
	if len(want) != len(faktur.ReferenceLists()) {
		t.Errorf("the lists are %v", faktur.ReferenceLists())
	}
}

func TestListRows(t *testing.T) {
	t.Parallel()
	r := faktur.BuiltInReference()
	for _, c := range []struct {
		list, q string
		want    []faktur.ReferenceRow
	}{
		{faktur.ListUnits, "um.0033", []faktur.ReferenceRow{{Code: "UM.0033", Label: "Lainnya"}}},
		{faktur.ListUnits, "JAM", []faktur.ReferenceRow{{Kind: "service", Code: "UM.0027", Label: "Jam"}}},
		{faktur.ListUnits, "drum", []faktur.ReferenceRow{{Kind: "goods", Code: "UM.0036", Label: "Drum"}}},
		{faktur.ListTransactionCodes, "nilai lain", []faktur.ReferenceRow{{Code: "04", Label: "DPP Nilai Lain"}}},
		{faktur.ListCountries, "kosovo", []faktur.ReferenceRow{{Code: "KR", Label: "Kosovo"}}},
		{faktur.ListAdditionalInfo, "TD.00506", []faktur.ReferenceRow{
			{TrxCode: "07", Code: "TD.00506", Label: "6 - untuk Kontraktor Perjanjian Karya Pengusahaan Pertambangan Batubara Generasi I", SupportingDocument: "no"},
			{TrxCode: "08", Code: "TD.00506", Label: "6 - untuk Penyerahan Jasa Kepelabuhan Tertentu untuk kegiatan angkutan laut Luar Negeri", SupportingDocument: "no"}}},
		{faktur.ListAdditionalInfo, "kota negara", []faktur.ReferenceRow{
			{TrxCode: "07", Code: "TD.00526", Label: "26 - Penyerahan BKP dan JKP di Ibu Kota Negara baru", SupportingDocument: "yes"}}},
		{faktur.ListGoodsServices, "000000", []faktur.ReferenceRow{{Kind: "goods", Code: "000000", Label: "Barang"}, {Kind: "service", Code: "000000", Label: "Jasa"}}},
		{faktur.ListGoodsServices, "no such thing", []faktur.ReferenceRow{}},
	} {
		got := rows(t, r, c.list, c.q)
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s?q=%s (-want +got):\n%s", c.list, c.q, diff)
		}
	}
	if _, err := r.List("colours", ""); faktur.AsError(err).Kind != faktur.KindNotFound {
		t.Errorf("a list that is not there: %v", err)
	}
	all := rows(t, r, faktur.ListUnits, "")
	all[0].Label = "changed by a caller"
	if rows(t, r, faktur.ListUnits, "")[0].Label != "Metrik Ton" {
		t.Error("a caller changed the list")
	}
}

func TestEveryFacilityPairsByItsLastTwoDigits(t *testing.T) {
	t.Parallel()
	stamps := map[string]bool{}
	for _, row := range rows(t, faktur.BuiltInReference(), faktur.ListFacilityStamps, "") {
		stamps[row.TrxCode+row.Code[6:]] = true
	}
	for _, row := range rows(t, faktur.BuiltInReference(), faktur.ListAdditionalInfo, "") {
		if !stamps[row.TrxCode+row.Code[6:]] {
			t.Errorf("%s %s has no stamp, so facility_pair_mismatch would refuse it", row.TrxCode, row.Code)
		}
	}
}

func TestNewerListsReplaceTheBuiltInOnes(t *testing.T) {
	t.Parallel()
	r, err := faktur.LoadReference(fstest.MapFS{
		"units.csv": {Data: []byte("unit_code,label_id,portal_picklist_opt\r\nUM.0040,Palet,A\r\nUM.0018,\"Unit, satuan\",\r\n")},
		"notes.txt": {Data: []byte("not a list")},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []faktur.ReferenceRow{{Kind: "goods", Code: "UM.0040", Label: "Palet"}, {Code: "UM.0018", Label: "Unit, satuan"}}
	if diff := cmp.Diff(want, rows(t, r, faktur.ListUnits, "")); diff != "" {
		t.Errorf("units (-want +got):\n%s", diff)
	}
	if got := len(rows(t, r, faktur.ListCountries, "")); got != 254 {
		t.Errorf("a list without a file of its own has %d rows", got)
	}
	inv := example(t, "ordinary")
	inv.Lines[0].Unit = "UM.0040"
	if a, err := faktur.NewRules(r).Assess(inv, faktur.Settings{}, faktur.ChannelPJAP, now); err != nil || len(a.Warnings) != 0 {
		t.Errorf("a unit of the newer list: %v, %v", a.Warnings, err)
	}
}

// A list that has a code under 08 alone makes CONTRACT's example provable: an
// add-info of 08 under 07.
func TestAddInfoOf08Under07(t *testing.T) {
	t.Parallel()
	r, err := faktur.LoadReference(fstest.MapFS{"additional_info.csv": {Data: []byte(
		"trx_code,add_info,label_id,has_supporting_document_field\n07,TD.00501,1,no\n08,TD.00501,1,no\n08,TD.00540,40,no\n")}})
	if err != nil {
		t.Fatal(err)
	}
	inv := example(t, "facility-07")
	inv.AddInfo = "TD.00540"
	_, err = faktur.NewRules(r).Assess(inv, faktur.Settings{}, faktur.ChannelPJAP, now)
	if got := summary(faultsOf(t, err)); len(got) != 1 || got[0] != "/add_info facility_of_other_code" {
		t.Errorf("faults are %v", got)
	}
}

func TestBadListsNameFileAndRow(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ file, text, want string }{
		"other columns":   {"units.csv", "code,label\nUM.0001,Ton\n", "units.csv row 1"},
		"no header":       {"units.csv", "", "units.csv row 1"},
		"no rows":         {"units.csv", "unit_code,label_id,portal_picklist_opt\n", "units.csv has no rows"},
		"bad code":        {"units.csv", "unit_code,label_id,portal_picklist_opt\nUM.0001,Ton,A\nTon,Ton,A\n", `units.csv row 3: "Ton" is not written like UM.####`},
		"bad group":       {"units.csv", "unit_code,label_id,portal_picklist_opt\nUM.0001,Ton,C\n", "units.csv row 2"},
		"no label":        {"countries.csv", "country_code,label_id\nIDN,\n", "countries.csv row 2: IDN has no label"},
		"twice":           {"countries.csv", "country_code,label_id\nIDN,Indonesia\nIDN,Indonesia\n", "countries.csv row 3: IDN stands there twice"},
		"missing field":   {"countries.csv", "country_code,label_id\nIDN\n", "line 2"},
		"open quote":      {"countries.csv", "country_code,label_id\nIDN,\"Indo\n", "line 2"},
		"facility of 09":  {"facility_stamp.csv", "trx_code,facility_stamp,label_id\n09,TD.01101,x\n", "facility_stamp.csv row 2"},
		"goods of kind C": {"goods_service_codes.csv", "opt,code,label_id\nC,000000,x\n", "goods_service_codes.csv row 2"},
	} {
		_, err := faktur.LoadReference(fstest.MapFS{c.file: {Data: []byte(c.text)}})
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), c.file) {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
	if _, err := faktur.LoadReference(os.DirFS(filepath.Join(t.TempDir(), "missing"))); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a directory that is not there: %v", err)
	}
	if _, err := faktur.LoadReference(fstest.MapFS{"unit.csv": {}}); err == nil || !strings.Contains(err.Error(), "unit.csv has the name of no code list") {
		t.Errorf("a misspelt list: %v", err)
	}
	_, err := faktur.LoadReference(fstest.MapFS{
		"units.csv":     {Data: []byte("unit_code,label_id,portal_picklist_opt\nA,Ton,A\nB,Ton,A\n")},
		"countries.csv": {Data: []byte("country_code,label_id\nIndonesia,Indonesia\n")},
	})
	for _, want := range []string{"units.csv row 2", "units.csv row 3", "countries.csv row 2"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s is not told with the others: %v", want, err)
		}
	}
}
