// Package portal reads DJP's spreadsheets: the list that the portal exports,
// with the status of invoices and returns, and the Excel template of invoices.
package portal

import (
	"errors"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/sheet"
)

// fileError turns what package sheet says into the gateway's error.
func fileError(err error) error {
	told, ok := errors.AsType[*sheet.Error](err)
	if !ok {
		return err
	}
	kind := faktur.KindInvalid
	if told.TooLarge {
		kind = faktur.KindTooLarge
	}
	return faktur.NewError(kind, told.Code, told.Detail)
}
