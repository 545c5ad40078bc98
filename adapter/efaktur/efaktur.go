// Package efaktur is the channel of files for DJP's desktop application e-Faktur
// 4.0, which a person imports there, uploads and signs. It is legacy: whether the
// application is still open is not known (FACTS 6 [NF]).
//
// The file is CSV of the columns that Odoo and ERPNext-EIL emit (FACTS 6:
// ODOO-LEGACY, EIL); DJP's own description of them was not found, so much here is
// an assumption, and says so. Every value is quoted, a quote within it doubled;
// lines end with LF, and all is ASCII, because the application refuses what it
// does not take for UTF-8 (ETAX-API-10001: DDTC-10001). A line of the file is a
// record: three headers, then per invoice an FK and an OF for each of its lines.
package efaktur

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"strings"

	"github.com/fakturgate/fakturgate/adapter"
	"github.com/fakturgate/fakturgate/faktur"
)

// maxBatch is an assumption: how many the application imports at once is not
// known. It is the lower of the two numbers that are said of Coretax.
const maxBatch = faktur.DefaultMaxPerFile

// Channel writes files for the desktop application. It has no state, and its
// methods may be used by many goroutines.
type Channel struct{}

var _ adapter.Writer = (*Channel)(nil)

// New makes the channel.
func New() *Channel { return &Channel{} }

// Name is efaktur_desktop.
func (*Channel) Name() faktur.Channel { return faktur.ChannelEfakturDesktop }

// Describe says that the files are for the real tax system, and that their
// numbers come out of the seller's ranges from e-Nofa.
func (*Channel) Describe(context.Context) (adapter.Description, error) {
	return adapter.Description{Livemode: true, MaxBatch: maxBatch,
		Capabilities: adapter.Capabilities{Files: true, DrawsNSFP: true, DownPayment: true}}, nil
}

// Write makes the CSV. An invoice without a number drawn for it is a fault of
// ours and fails the batch.
func (*Channel) Write(batch []adapter.Submission) (adapter.File, []adapter.Outcome, error) {
	carried, outcomes, err := adapter.Sift(batch, maxBatch, refusal)
	if err != nil || len(carried) == 0 {
		return adapter.File{}, outcomes, err
	}
	var w writer
	for _, header := range headers {
		w.row(header)
	}
	for _, s := range carried {
		if err := w.invoice(s); err != nil {
			return adapter.File{}, nil, fmt.Errorf("%s: %w", s.ClientID, err)
		}
	}
	return adapter.File{
		Name:      adapter.FileName("efaktur", ".csv", carried),
		MediaType: "text/csv",
		Content:   w.text.Bytes(),
	}, outcomes, nil
}

// headers are the three of the format (FACTS 6). LT is the seller's address,
// of which no emitter writes a row.
var headers = [][]string{
	{
		"FK", "KD_JENIS_TRANSAKSI", "FG_PENGGANTI", "NOMOR_FAKTUR", "MASA_PAJAK", "TAHUN_PAJAK", "TANGGAL_FAKTUR",
		"NPWP", "NAMA", "ALAMAT_LENGKAP", "JUMLAH_DPP", "JUMLAH_PPN", "JUMLAH_PPNBM", "ID_KETERANGAN_TAMBAHAN",
		"FG_UANG_MUKA", "UANG_MUKA_DPP", "UANG_MUKA_PPN", "UANG_MUKA_PPNBM", "REFERENSI", "KODE_DOKUMEN_PENDUKUNG",
	},
	{
		"LT", "NPWP", "NAMA", "JALAN", "BLOK", "NOMOR", "RT", "RW", "KECAMATAN", "KELURAHAN", "KABUPATEN",
		"PROPINSI", "KODE_POS", "NOMOR_TELEPON",
	},
	{
		"OF", "KODE_OBJEK", "NAMA", "HARGA_SATUAN", "JUMLAH_BARANG", "HARGA_TOTAL", "DISKON", "DPP", "PPN",
		"TARIF_PPNBM", "PPNBM",
	},
}

// writer writes records.
type writer struct{ text bytes.Buffer }

func (w *writer) row(values []string) {
	for i, value := range values {
		if i > 0 {
			w.text.WriteByte(',')
		}
		w.text.WriteByte('"')
		w.text.WriteString(strings.ReplaceAll(value, `"`, `""`))
		w.text.WriteByte('"')
	}
	w.text.WriteByte('\n')
}

// Places counts the records: each is one line.
func (*Channel) Places(content []byte) iter.Seq2[int, adapter.Place] {
	return func(yield func(int, adapter.Place) bool) {
		place := adapter.Place{Document: -1, Item: -1}
		number := 0
		for text := range bytes.Lines(content) {
			number++
			switch {
			case number <= len(headers):
				place.Element = ""
			case bytes.HasPrefix(text, []byte(`"FK",`)):
				place = adapter.Place{Document: place.Document + 1, Item: -1, Element: "FK"}
			case bytes.HasPrefix(text, []byte(`"OF",`)):
				place.Item, place.Element = place.Item+1, "OF"
			default:
				place.Element = ""
			}
			if place.Element != "" && place.Document >= 0 && !yield(number, place) {
				return
			}
		}
	}
}
