package pajakiotest

import (
	"net/http"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/fakturgate/fakturgate/faktur"
)

// Item is one of barangJasa.
type Item struct {
	Jenis      string         `json:"jenis"`
	Nama       string         `json:"nama"`
	Kode       string         `json:"kode"`
	Jumlah     jsontext.Value `json:"jumlah"`
	KodeSatuan string         `json:"kodeSatuan"`
	Harga      jsontext.Value `json:"harga"`
	TotalHarga string         `json:"totalHarga"`
	Diskon     jsontext.Value `json:"diskon"`
	TarifPpn   jsontext.Value `json:"tarifPpn"`
	Dpp        jsontext.Value `json:"dpp"`
	CekDppLain bool           `json:"cekDppLain"`
	DppLain    jsontext.Value `json:"dppLain"`
	Ppn        jsontext.Value `json:"ppn"`
	TarifPpnbm jsontext.Value `json:"tarifPpnbm"`
	Ppnbm      jsontext.Value `json:"ppnbm"`
}

// Buyer is lawanTransaksi.
type Buyer struct {
	IdentityType  string `json:"identityType"`
	IdentityValue string `json:"identityValue"`
	Nitku         string `json:"nitku"`
	Nama          string `json:"nama"`
	Telp          string `json:"telp"`
	KodeNegara    string `json:"kodeNegara"`
	AlamatJalan   string `json:"alamatJalan"`
	Kota          string `json:"kota"`
	Email         string `json:"email"`
}

// Payment is terminPembayaran.
type Payment struct {
	Type  string         `json:"type"`
	Dpp   jsontext.Value `json:"dpp"`
	Ppn   jsontext.Value `json:"ppn"`
	Ppnbm jsontext.Value `json:"ppnbm"`
	Nofa  string         `json:"nofa"`
}

// Signer is penandatangan.
type Signer struct {
	NPWP       string `json:"npwp"`
	Nama       string `json:"nama"`
	Jabatan    string `json:"jabatan"`
	Kota       string `json:"kota"`
	Passphrase string `json:"passphrase"`
}

// whole says that there is no signer, or one with all its fields.
func (s *Signer) whole() bool {
	return s == nil || s.NPWP != "" && s.Nama != "" && s.Jabatan != "" && s.Kota != "" && s.Passphrase != ""
}

// check reads an invoice and refuses what DJP would refuse at the door.
func (s *Server) check(c caller, body *Invoice) *refusal {
	if refused := read(c.body, body); refused != nil {
		return refused
	}
	bad := func(message string) *refusal { return &refusal{http.StatusBadRequest, message} }
	switch {
	case body.NoInvoice == "" || len(body.BarangJasa) == 0:
		return bad("noInvoice dan barangJasa wajib diisi")
	case body.PembuatFaktur.NPWP != c.npwp:
		return bad("NPWP pembuat faktur tidak sesuai dengan token")
	case body.MasaPajak != body.TanggalFaktur[5:7] || body.TahunPajak != body.TanggalFaktur[:4]:
		return bad("Masa pajak tidak sesuai dengan tanggal faktur")
	case body.LawanTransaksi.IdentityType == "NPWP" && !strings.HasPrefix(body.LawanTransaksi.Nitku, body.LawanTransaksi.IdentityValue):
		return bad("NITKU lawan transaksi tidak valid")
	case !body.Penandatangan.whole():
		return bad("Data penandatangan harus lengkap")
	case body.Pengganti && !slices.ContainsFunc(s.all, func(d *Document) bool { return d.Nofa != "" && d.Nofa == body.NofaDiganti }):
		return bad("Nomor faktur yang diganti tidak ditemukan")
	case !body.Pengganti && body.NofaDiganti != "":
		return bad("nofaDiganti hanya untuk faktur pengganti")
	}
	return checkAmounts(body, bad)
}

func checkAmounts(body *Invoice, bad func(string) *refusal) *refusal {
	sum := faktur.Amount{}
	for _, item := range body.BarangJasa {
		if item.Jenis != "BARANG" && item.Jenis != "JASA" {
			return bad("jenis barangJasa tidak valid")
		}
		amount, err := faktur.ParseAmount(string(item.Dpp))
		if err != nil {
			return bad("dpp tidak valid")
		}
		sum = sum.Add(amount)
	}
	if body.TotalDpp.String() != sum.String() {
		return bad("totalDpp tidak sama dengan jumlah dpp")
	}
	first := body.TerminPembayaran
	switch {
	case first.Type == "NORMAL" && first.Nofa == "", first.Type == "UANG_MUKA", first.Type == "PELUNASAN" && first.Nofa != "":
		return nil
	}
	return bad("terminPembayaran tidak valid")
}

// Invoice is the body of create and update.
type Invoice struct {
	TransactionID      string `json:"transactionId"` // of update
	AutoUploadDjp      bool   `json:"autoUploadDjp"`
	Pengganti          bool   `json:"pengganti"`
	NofaDiganti        string `json:"nofaDiganti"`
	KdJenisTransaksi   string `json:"kdJenisTransaksi"`
	KeteranganTambahan struct {
		Kode                  string `json:"kode"`
		NomorDokumenPendukung string `json:"nomorDokumenPendukung"`
	} `json:"keteranganTambahan"`
	MasaPajak        string         `json:"masaPajak"`
	TahunPajak       string         `json:"tahunPajak"`
	TanggalFaktur    string         `json:"tanggalFaktur"`
	NoInvoice        string         `json:"noInvoice"`
	BarangJasa       []Item         `json:"barangJasa"`
	LawanTransaksi   Buyer          `json:"lawanTransaksi"`
	TerminPembayaran Payment        `json:"terminPembayaran"`
	TotalDpp         jsontext.Value `json:"totalDpp"`
	TotalDppLain     jsontext.Value `json:"totalDppLain"`
	TotalPpn         jsontext.Value `json:"totalPpn"`
	TotalPpnBm       jsontext.Value `json:"totalPpnBm"`
	Penandatangan    *Signer        `json:"penandatangan"`
	PembuatFaktur    struct {
		NPWP string `json:"npwp"`
		Nama string `json:"nama"`
	} `json:"pembuatFaktur"`
	NitkuPkp struct {
		Nitku string `json:"nitku"`
		Nama  string `json:"nama"`
	} `json:"nitkuPkp"`
}
