package efakturtest

import "regexp"

// form is how a value must be written.
type form struct {
	pattern *regexp.Regexp
	says    string
}

func newForm(pattern, says string) *form {
	return &form{regexp.MustCompile(`^(?:` + pattern + `)$`), says}
}

// The forms of values. Whole rupiah: FACTS 6; that unit price and quantity may
// have decimals, as exporters write them, is an assumption. Amounts have at most
// 15 digits, our own bound.
var (
	anything  = newForm(`.*`, "")
	text      = newForm(`\S(.*\S)?`, "It is required and has no spaces around it.")
	trxCode   = newForm(`0[1-9]|10`, "It is a transaction code, 01 to 10.")
	number13  = newForm(`[0-9]{13}`, "It has 13 digits: the number without transaction code and replacement flag.")
	month     = newForm(`[1-9]|1[0-2]`, "It is a month, 1 to 12.")
	year      = newForm(`20[0-9]{2}`, "It is a year.")
	date      = newForm(`[1-9][0-9]?/[1-9][0-9]?/[0-9]{4}`, "It is a date as D/M/YYYY, without leading zeros.")
	npwp      = newForm(`[0-9]{15,16}`, "It has 15 or 16 digits and nothing else.")
	rupiah    = newForm(`0|[1-9][0-9]{0,14}`, "It is a number of whole rupiah, only digits.")
	decimals  = newForm(`(0|[1-9][0-9]{0,14})(\.[0-9]{1,2})?`, "It is a number with at most two decimals after a point.")
	percent   = newForm(`(0|[1-9][0-9]{0,2})(\.[0-9]{1,2})?`, "It is a rate in percent.")
	addInfo   = newForm(`([1-9][0-9]?)?`, "It is empty or the number of an additional information.")
	payment   = newForm(`[0-2]`, "It is 0, 1 for a down payment or 2 for a settlement.")
	noReplace = newForm(`0`, "ETAX-API-10056: a replacement is to be made in Coretax.")
)

// column is a column and the form of its values.
type column struct {
	name string
	form *form
}

// fkColumns and ofColumns are the columns of an invoice and of its lines, in
// their order (samples/efaktur_desktop_headers.csv). That FG_UANG_MUKA is 1 of a
// down payment and 2 of a settlement is an assumption.
var (
	fkColumns = []column{
		{"FK", newForm("FK", "It is FK.")}, {"KD_JENIS_TRANSAKSI", trxCode}, {"FG_PENGGANTI", noReplace}, {"NOMOR_FAKTUR", number13},
		{"MASA_PAJAK", month}, {"TAHUN_PAJAK", year}, {"TANGGAL_FAKTUR", date}, {"NPWP", npwp}, {"NAMA", text}, {"ALAMAT_LENGKAP", text},
		{"JUMLAH_DPP", rupiah}, {"JUMLAH_PPN", rupiah}, {"JUMLAH_PPNBM", rupiah}, {"ID_KETERANGAN_TAMBAHAN", addInfo},
		{"FG_UANG_MUKA", payment}, {"UANG_MUKA_DPP", rupiah}, {"UANG_MUKA_PPN", rupiah}, {"UANG_MUKA_PPNBM", rupiah},
		{"REFERENSI", anything}, {"KODE_DOKUMEN_PENDUKUNG", anything},
	}
	ltColumns = []column{
		{"LT", nil}, {"NPWP", nil}, {"NAMA", nil}, {"JALAN", nil}, {"BLOK", nil}, {"NOMOR", nil}, {"RT", nil}, {"RW", nil}, {"KECAMATAN", nil},
		{"KELURAHAN", nil}, {"KABUPATEN", nil}, {"PROPINSI", nil}, {"KODE_POS", nil}, {"NOMOR_TELEPON", nil},
	}
	ofColumns = []column{
		{"OF", newForm("OF", "It is OF.")}, {"KODE_OBJEK", anything}, {"NAMA", text}, {"HARGA_SATUAN", decimals}, {"JUMLAH_BARANG", decimals},
		{"HARGA_TOTAL", rupiah}, {"DISKON", rupiah}, {"DPP", rupiah}, {"PPN", rupiah}, {"TARIF_PPNBM", percent}, {"PPNBM", rupiah},
	}
)

// place gives the place of a column.
func place(columns []column, name string) int {
	for i, c := range columns {
		if c.name == name {
			return i
		}
	}
	panic("no column " + name) // the names are constants of this package
}
