package pajakio

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/fakturgate/fakturgate/adapter"
)

// PDF gives the print of an approved document.
func (c *Channel) PDF(ctx context.Context, q adapter.Question) (adapter.PDF, error) {
	a, failed := c.account(q.Provider, q.Secrets...)
	if failed != nil {
		return adapter.PDF{}, failed
	}
	id := q.Receipt
	if id == "" {
		found := a.search(ctx, &q)
		if found.Failure != nil {
			return adapter.PDF{}, found.Failure
		}
		if id = found.Outcome.Receipt; id == "" {
			return adapter.PDF{}, adapter.ErrNoPDF
		}
	}
	data, failed := a.call(ctx, http.MethodPost, "pdf", id, "", transaction{id})
	if failed == nil {
		return printIn(data)
	}
	if failed.Trouble == adapter.Refused || failed.Trouble == adapter.Gone {
		return adapter.PDF{}, fmt.Errorf("%w: %w", adapter.ErrNoPDF, failed)
	}
	return adapter.PDF{}, failed
}

// printIn finds the print in data: a base64 text, or an object with one in any
// of its fields. Which it is, is not known.
func printIn(data jsontext.Value) (adapter.PDF, error) {
	fields := map[string]adapter.Loose{}
	if data.Kind() == '{' {
		if err := json.Unmarshal(data, &fields); err != nil {
			return adapter.PDF{}, errors.New("pajakio: pdf: data cannot be read")
		}
	} else {
		var whole adapter.Loose
		if err := json.Unmarshal(data, &whole); err != nil {
			return adapter.PDF{}, errors.New("pajakio: pdf: data cannot be read")
		}
		fields["data"] = whole
	}
	for _, field := range fields {
		content, err := base64.StdEncoding.DecodeString(string(field))
		if err == nil && bytes.HasPrefix(content, []byte("%PDF-")) {
			return adapter.PDF{Content: content}, nil
		}
	}
	return adapter.PDF{}, errors.New("pajakio: pdf: the answer holds no PDF in base64")
}
