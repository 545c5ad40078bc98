package coretaxtest

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/xuri/excelize/v2"
)

// numeric are the columns whose cells are numbers in a spreadsheet.
var numeric = []string{ColumnDPP, ColumnOtherDPP, ColumnPPN, ColumnPPnBM,
	ColumnReturnedDPP, ColumnReturnedOther, ColumnReturnedPPN, ColumnReturnedPPnBM}

// writeXLSX writes a table whose columns are those of o: amounts as numbers,
// dates as dates when o asks for it, all else as text.
func writeXLSX(table [][]string, o *ExportOptions) ([]byte, error) {
	file := excelize.NewFile()
	defer file.Close()
	dates, err := file.NewStyle(&excelize.Style{NumFmt: 14}) // the reader's own short date
	if err != nil {
		return nil, fmt.Errorf("write the list: %w", err)
	}
	sheet, err := file.NewStreamWriter("Sheet1")
	if err != nil {
		return nil, fmt.Errorf("write the list: %w", err)
	}
	for i, row := range table {
		cells := make([]any, len(row))
		for k, text := range row {
			cells[k] = text
			if i > len(o.Titles) {
				cells[k] = cell(text, o.Columns[k], o, dates)
			}
		}
		if err := sheet.SetRow("A"+strconv.Itoa(i+1), cells); err != nil {
			return nil, fmt.Errorf("write row %d of the list: %w", i+1, err)
		}
	}
	if err := sheet.Flush(); err != nil {
		return nil, fmt.Errorf("write the list: %w", err)
	}
	var out bytes.Buffer
	if err := file.Write(&out); err != nil {
		return nil, fmt.Errorf("write the list: %w", err)
	}
	return out.Bytes(), nil
}

// cell gives the value of a cell: a number, a date or a text.
func cell(text, column string, o *ExportOptions, dates int) any {
	if slices.Contains(numeric, column) {
		if number, err := strconv.ParseFloat(text, 64); err == nil {
			return number
		}
	}
	if o.DateCells && (column == ColumnDate || column == ColumnReturnDate) {
		if day, err := time.Parse(o.DateLayout, text); err == nil {
			return excelize.Cell{StyleID: dates, Value: day}
		}
	}
	return text
}
