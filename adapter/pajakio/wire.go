package pajakio

import (
	"cmp"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/fakturgate/fakturgate/adapter"
	"github.com/fakturgate/fakturgate/faktur"
)

// The bodies of the write-up of Open API v3.0.5 (FACTS 7, PAJAKIO) as this side
// writes and reads them. What the write-up does not show is an assumption, and
// says so here; docs/providers.md lists them all.

// envelope is every answer. Status is "OK" on success, and Code repeats HTTP's.
type envelope struct {
	Code    adapter.Loose  `json:"code"`
	Status  adapter.Loose  `json:"status"`
	Message adapter.Loose  `json:"message"`
	Data    jsontext.Value `json:"data"`
}

// invoice is the body of create and update. Amounts are JSON numbers, but for
// totalHarga, which the example has as a string.
type invoice struct {
	// TransactionID names the document to update: an assumption, the write-up says no more than PUT.
	TransactionID string `json:"transactionId,omitzero"`
	// AutoUploadDjp is always false: what is created is a draft until /upload, so
	// that one created twice is never filed twice.
	AutoUploadDjp      bool           `json:"autoUploadDjp"`
	Pengganti          bool           `json:"pengganti"`
	NofaDiganti        string         `json:"nofaDiganti"`
	KdJenisTransaksi   string         `json:"kdJenisTransaksi"`
	KeteranganTambahan additional     `json:"keteranganTambahan"`
	MasaPajak          string         `json:"masaPajak"`
	TahunPajak         string         `json:"tahunPajak"`
	TanggalFaktur      faktur.Date    `json:"tanggalFaktur"`
	NoInvoice          string         `json:"noInvoice"`
	BarangJasa         []item         `json:"barangJasa"`
	LawanTransaksi     buyer          `json:"lawanTransaksi"`
	TerminPembayaran   payment        `json:"terminPembayaran"`
	TotalDpp           jsontext.Value `json:"totalDpp"`
	TotalDppLain       jsontext.Value `json:"totalDppLain"`
	TotalPpn           jsontext.Value `json:"totalPpn"`
	TotalPpnBm         jsontext.Value `json:"totalPpnBm"`
	Penandatangan      *signer        `json:"penandatangan,omitzero"`
	PembuatFaktur      party          `json:"pembuatFaktur"`
	NitkuPkp           place          `json:"nitkuPkp"`
}

type additional struct {
	Kode                  string `json:"kode"`
	NomorDokumenPendukung string `json:"nomorDokumenPendukung"`
}

type item struct {
	Jenis      string         `json:"jenis"` // BARANG; JASA by the same pattern
	Nama       string         `json:"nama"`
	Kode       string         `json:"kode"`
	Jumlah     jsontext.Value `json:"jumlah"`
	KodeSatuan string         `json:"kodeSatuan"`
	Harga      jsontext.Value `json:"harga"`
	TotalHarga string         `json:"totalHarga"` // before the discount
	Diskon     jsontext.Value `json:"diskon"`
	TarifPpn   jsontext.Value `json:"tarifPpn"`
	Dpp        jsontext.Value `json:"dpp"`
	CekDppLain bool           `json:"cekDppLain"` // that dppLain differs from dpp: an assumption
	DppLain    jsontext.Value `json:"dppLain"`
	Ppn        jsontext.Value `json:"ppn"`
	TarifPpnbm jsontext.Value `json:"tarifPpnbm"`
	Ppnbm      jsontext.Value `json:"ppnbm"`
}

type buyer struct {
	IdentityType  string `json:"identityType"` // NPWP was seen; NIK, PASSPORT, OTHER are assumptions
	IdentityValue string `json:"identityValue"`
	Nitku         string `json:"nitku"`
	Nama          string `json:"nama"`
	Telp          string `json:"telp"`
	KodeNegara    string `json:"kodeNegara"`
	AlamatJalan   string `json:"alamatJalan"`
	Kota          string `json:"kota"`
	Email         string `json:"email"`
}

type payment struct {
	Type  string         `json:"type"`
	Dpp   jsontext.Value `json:"dpp"`
	Ppn   jsontext.Value `json:"ppn"`
	Ppnbm jsontext.Value `json:"ppnbm"`
	Nofa  string         `json:"nofa"` // the first down payment's number
}

// signer carries a secret: this body is never logged.
type signer struct {
	NPWP       string `json:"npwp"` // or the NIK
	Nama       string `json:"nama"`
	Jabatan    string `json:"jabatan"`
	Kota       string `json:"kota"`
	Passphrase string `json:"passphrase"`
}

type party struct {
	NPWP string `json:"npwp"`
	Nama string `json:"nama"`
}

type place struct {
	Nitku string `json:"nitku"`
	Nama  string `json:"nama"`
}

type transaction struct {
	TransactionID string `json:"transactionId"`
}

// newInvoice writes a document as the wire has it.
func newInvoice(s *adapter.Submission) invoice {
	inv := &s.Invoice
	wire := invoice{
		TransactionID: s.Receipt, Pengganti: s.ReplacesNSFP != "", NofaDiganti: s.ReplacesNSFP,
		KdJenisTransaksi:   "TD.003" + inv.TrxCode,
		KeteranganTambahan: additional{Kode: inv.AddInfo, NomorDokumenPendukung: inv.SupportingDocument.Number},
		MasaPajak:          inv.Date.String()[5:7], TahunPajak: inv.Date.String()[:4], TanggalFaktur: inv.Date,
		NoInvoice: s.Reference, BarangJasa: make([]item, len(inv.Lines)),
		LawanTransaksi: newBuyer(&inv.Buyer), TerminPembayaran: newPayment(&inv.Payment),
		TotalDpp: number(s.Totals.DPP), TotalDppLain: number(s.Totals.OtherDPP), TotalPpn: number(s.Totals.PPN), TotalPpnBm: number(s.Totals.PPnBM),
		PembuatFaktur: party{NPWP: s.TaxpayerNPWP, Nama: s.TaxpayerName},
		NitkuPkp:      place{Nitku: cmp.Or(inv.Seller.NITKU, s.TaxpayerNPWP+faktur.HeadOffice), Nama: s.TaxpayerName},
	}
	for i := range inv.Lines {
		wire.BarangJasa[i] = newItem(&inv.Lines[i])
	}
	if s.Signer != nil {
		wire.Penandatangan = &signer{NPWP: s.Signer.ID, Nama: s.Signer.Name, Jabatan: s.Signer.Position, Kota: s.Signer.City, Passphrase: s.Signer.Passphrase.Reveal()}
	}
	return wire
}

func newItem(l *faktur.Line) item {
	kind := "BARANG"
	if l.Kind == faktur.Service {
		kind = "JASA"
	}
	return item{
		Jenis: kind, Nama: l.Name, Kode: cmp.Or(l.Code, "000000"), Jumlah: number(l.Quantity), KodeSatuan: l.Unit,
		Harga: number(l.UnitPrice), TotalHarga: l.DPP.Add(l.Discount).String(), Diskon: number(l.Discount),
		TarifPpn: rate(l.PPNRate), Dpp: number(*l.DPP), CekDppLain: !l.OtherDPP.Equal(*l.DPP), DppLain: number(*l.OtherDPP),
		Ppn: number(*l.PPN), TarifPpnbm: rate(l.PPnBMRate), Ppnbm: number(*l.PPnBM),
	}
}

var identityTypes = map[string]string{
	faktur.IDTypeNPWP: "NPWP", faktur.IDTypeNIK: "NIK", faktur.IDTypePassport: "PASSPORT", faktur.IDTypeOther: "OTHER",
}

func newBuyer(b *faktur.Buyer) buyer {
	wire := buyer{IdentityType: identityTypes[b.IDType], IdentityValue: b.IDNumber, Nitku: b.NITKU, Nama: b.Name,
		KodeNegara: b.Country, AlamatJalan: b.Address, Email: b.Email}
	if b.IDType == faktur.IDTypeNPWP && b.NITKU == "" {
		wire.Nitku = b.IDNumber + faktur.HeadOffice
	}
	return wire
}

func newPayment(p *faktur.Payment) payment {
	if !p.Parted() {
		zero := jsontext.Value("0")
		return payment{Type: "NORMAL", Dpp: zero, Ppn: zero, Ppnbm: zero}
	}
	wire := payment{Type: "UANG_MUKA", Dpp: number(*p.DPP), Ppn: number(*p.PPN), Ppnbm: number(*p.PPnBM), Nofa: p.FirstNSFP}
	if p.Type == faktur.PaymentSettlement {
		wire.Type = "PELUNASAN"
	}
	return wire
}

// number and rate write exact JSON numbers.
func number(a faktur.Amount) jsontext.Value { return jsontext.Value(a.String()) }

func rate(r *faktur.Rate) jsontext.Value { return jsontext.Value(r.String()) }

// document is what create, detail and list say of a document. Only
// transactionId, noInvoice and status were seen. That the number is called nofa,
// and that pengganti and nofaDiganti come back, follows from the body of create;
// that createdAt is there, from sortBy=createdAt; the names of why it was refused
// are guesses, and only text for a person.
type document struct {
	TransactionID adapter.Loose `json:"transactionId"`
	NoInvoice     adapter.Loose `json:"noInvoice"`
	Status        adapter.Loose `json:"status"`
	Nofa          adapter.Loose `json:"nofa"`
	CreatedAt     adapter.Loose `json:"createdAt"`
	Pengganti     adapter.Loose `json:"pengganti"` // "true", "false", or "" when it is not said
	NofaDiganti   adapter.Loose `json:"nofaDiganti"`
	Keterangan    adapter.Loose `json:"keterangan"`
	Alasan        adapter.Loose `json:"alasan"`
	Message       adapter.Loose `json:"message"`
}

// madeAt is when it was created; zero when that is not said in RFC 3339.
func (d *document) madeAt() time.Time {
	at, err := time.Parse(time.RFC3339, string(d.CreatedAt))
	if err != nil {
		return time.Time{}
	}
	return at
}
