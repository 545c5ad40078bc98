package coretaxtest

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"slices"

	"github.com/fakturgate/fakturgate/faktur"
)

// The columns of an export. FACTS 5.4 knows the first five; the others are how
// a portal's list shows them, an assumption.
const (
	ColumnReference     = "Referensi"
	ColumnDate          = "Tanggal Faktur Pajak"
	ColumnNSFP          = "Nomor Faktur Pajak"
	ColumnStatus        = "Status Faktur"
	ColumnESign         = "Status e-Sign"
	ColumnSellerTIN     = "NPWP Penjual"
	ColumnSellerName    = "Nama Penjual"
	ColumnBuyerTIN      = "NPWP Pembeli / Identitas lainnya"
	ColumnBuyerName     = "Nama Pembeli"
	ColumnTrxCode       = "Kode Transaksi"
	ColumnMonth         = "Masa Pajak"
	ColumnYear          = "Tahun"
	ColumnDPP           = "Harga Jual/Penggantian/DPP"
	ColumnOtherDPP      = "DPP Nilai Lain/DPP"
	ColumnPPN           = "PPN"
	ColumnPPnBM         = "PPnBM"
	ColumnReturnDate    = "Tanggal Retur" // of returns, in place of ColumnDate
	ColumnReturnedDPP   = "DPP Retur"
	ColumnReturnedOther = "DPP Nilai Lain Retur"
	ColumnReturnedPPN   = "PPN Retur"
	ColumnReturnedPPnBM = "PPnBM Retur"
)

// Columns gives the columns of an export of a kind, in their usual order. That of
// returns has no reference: they are known by their invoice's number, date and amounts.
func Columns(kind faktur.Kind) []string {
	if kind == faktur.KindReturn {
		return []string{ColumnSellerTIN, ColumnSellerName, ColumnNSFP, ColumnReturnDate, ColumnStatus, ColumnESign,
			ColumnReturnedDPP, ColumnReturnedOther, ColumnReturnedPPN, ColumnReturnedPPnBM}
	}
	return []string{ColumnBuyerTIN, ColumnBuyerName, ColumnTrxCode, ColumnNSFP, ColumnDate, ColumnMonth, ColumnYear, ColumnStatus, ColumnESign,
		ColumnDPP, ColumnOtherDPP, ColumnPPN, ColumnPPnBM, ColumnReference, ColumnSellerTIN, ColumnSellerName}
}

// ExportOptions say what an export holds and how it looks. The zero value
// exports all invoices as CSV.
type ExportOptions struct {
	Kind faktur.Kind // "" means invoices
	XLSX bool        // else CSV
	// Columns are those exported, in their order; nil means Columns(Kind).
	Columns []string
	// Headings are other spellings of columns, by column.
	Headings map[string]string
	// Words are other spellings of the portal's words, by word: "APPROVED".
	Words map[string]string
	// Titles are rows above the headings.
	Titles [][]string
	// DateLayout is how dates are written; "" means 02/01/2006. FACTS does not
	// say how the portal writes them.
	DateLayout string
	// DateCells writes dates into an XLSX as dates and not as text.
	DateCells bool
	// Comma parts the values of a CSV; 0 means a comma.
	Comma rune
	// BOM begins a CSV with a byte order mark, as for Excel.
	BOM bool
	// Where chooses the rows; nil takes all.
	Where func(Row) bool
}

// Export gives the portal's list as a person downloads it.
func (p *Portal) Export(o ExportOptions) ([]byte, error) { return WriteList(p.Rows(), o) }

// WriteList writes rows as the portal exports its list.
func WriteList(rows []Row, o ExportOptions) ([]byte, error) {
	if o.Kind == "" {
		o.Kind = faktur.KindInvoice
	}
	if o.Columns == nil {
		o.Columns = Columns(o.Kind)
	}
	if o.DateLayout == "" {
		o.DateLayout = "02/01/2006"
	}
	table := slices.Clone(o.Titles)
	headings := make([]string, len(o.Columns))
	for i, column := range o.Columns {
		headings[i] = spelt(o.Headings, column)
	}
	table = append(table, headings)
	for _, row := range rows {
		if row.Kind != o.Kind || o.Where != nil && !o.Where(row) {
			continue
		}
		cells := make([]string, len(o.Columns))
		for i, column := range o.Columns {
			cells[i] = row.cell(column, &o)
		}
		table = append(table, cells)
	}
	if o.XLSX {
		return writeXLSX(table, &o)
	}
	return writeCSV(table, &o)
}

func writeCSV(table [][]string, o *ExportOptions) ([]byte, error) {
	var file bytes.Buffer
	if o.BOM {
		file.WriteString("\xef\xbb\xbf")
	}
	w := csv.NewWriter(&file)
	if o.Comma != 0 {
		w.Comma = o.Comma
	}
	if err := w.WriteAll(table); err != nil {
		return nil, fmt.Errorf("write the list: %w", err)
	}
	return file.Bytes(), nil
}

// spelt gives another spelling of a word, or the word.
func spelt(spellings map[string]string, word string) string {
	if other, found := spellings[word]; found {
		return other
	}
	return word
}

// cell gives what a row has in a column, "" in one that it does not know.
func (r *Row) cell(column string, o *ExportOptions) string {
	switch column {
	case ColumnReference:
		return r.Reference
	case ColumnDate, ColumnReturnDate:
		return r.Date.StartOfDay().Format(o.DateLayout)
	case ColumnNSFP:
		return r.NSFP
	case ColumnStatus:
		return spelt(o.Words, r.Status)
	case ColumnESign:
		return spelt(o.Words, r.eSign())
	case ColumnSellerTIN:
		return r.SellerTIN
	case ColumnSellerName:
		return r.SellerName
	case ColumnBuyerTIN:
		if r.BuyerTIN == noNPWP {
			return r.BuyerDocumentNumber
		}
		return r.BuyerTIN
	case ColumnBuyerName:
		return r.BuyerName
	case ColumnTrxCode:
		return r.TrxCode
	case ColumnMonth:
		return r.Date.StartOfDay().Format("01")
	case ColumnYear:
		return r.Date.StartOfDay().Format("2006")
	}
	return r.amount(column)
}

func (r *Row) amount(column string) string {
	switch column {
	case ColumnDPP, ColumnReturnedDPP:
		return r.DPP.String()
	case ColumnOtherDPP, ColumnReturnedOther:
		return r.OtherDPP.String()
	case ColumnPPN, ColumnReturnedPPN:
		return r.PPN.String()
	case ColumnPPnBM, ColumnReturnedPPnBM:
		return r.PPnBM.String()
	}
	return ""
}

// eSign is the word for the signature: Done was seen (FACTS 5.1), the others
// are assumptions.
func (r *Row) eSign() string {
	switch r.Status {
	case SigningInProgress:
		return "In Progress"
	case SavedInvalid:
		return "Failed"
	}
	return "Done"
}
