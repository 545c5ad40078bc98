package coretaxtest

import (
	"bytes"
	"context"
	_ "embed" // the schemas
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/fakturgate/fakturgate/faktur"
)

//go:embed TaxInvoice.xsd
var invoiceSchema []byte

//go:embed InputTaxInvoiceReturn.xsd
var returnSchema []byte

// Schema gives the XML schema of a kind's file: ours, made from what is known
// of the format, not DJP's.
func Schema(kind faktur.Kind) []byte {
	if kind == faktur.KindReturn {
		return bytes.Clone(returnSchema)
	}
	return bytes.Clone(invoiceSchema)
}

// Validate checks a file against the schema of its kind by the command xmllint.
// Its error is what xmllint says, or that there is no xmllint: a test that is
// given one fails.
func Validate(ctx context.Context, kind faktur.Kind, file []byte) error {
	folder, err := os.MkdirTemp("", "coretaxtest")
	if err != nil {
		return fmt.Errorf("make room for the schema: %w", err)
	}
	defer os.RemoveAll(folder)
	if err := os.WriteFile(filepath.Join(folder, "schema.xsd"), Schema(kind), 0o600); err != nil {
		return fmt.Errorf("write the schema: %w", err)
	}
	cmd := exec.CommandContext(ctx, "xmllint", "--nonet", "--noout", "--schema", "schema.xsd", "-")
	cmd.Dir = folder
	cmd.Stdin = bytes.NewReader(file)
	var said bytes.Buffer
	cmd.Stderr = &said
	switch err := cmd.Run(); {
	case errors.Is(err, exec.ErrNotFound):
		return fmt.Errorf("the command xmllint is missing: run scripts/setup.sh test, or install the Debian package libxml2-utils: %w", err)
	case err != nil:
		return fmt.Errorf("xmllint: %w\n%s", err, said.String())
	}
	return nil
}
