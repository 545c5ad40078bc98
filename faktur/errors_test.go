package faktur_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/fakturgate/fakturgate/faktur"
)

func TestAsErrorFindsOrMakesOne(t *testing.T) {
	t.Parallel()
	if faktur.AsError(nil) != nil {
		t.Error("no error became one")
	}
	conflict := faktur.NewError(faktur.KindConflict, "reference_taken", "Another invoice has this reference.")
	if got := faktur.AsError(fmt.Errorf("accept: %w", conflict)); got != conflict {
		t.Errorf("a wrapped one became %+v", got)
	}
	got := faktur.AsError(fmt.Errorf("read: %w", io.ErrUnexpectedEOF))
	if got.Kind != faktur.KindInternal || !errors.Is(got, io.ErrUnexpectedEOF) || strings.Contains(got.Detail, "EOF") {
		t.Errorf("a foreign error became %+v: its text is for the log only", got)
	}
}

func TestInvalidTellsEveryFault(t *testing.T) {
	t.Parallel()
	if err := faktur.Invalid(nil); err != nil {
		t.Errorf("no fault became %v", err)
	}
	one := faktur.Fault{Pointer: "/date", Code: "date_in_future", Message: "The date lies in the future."}
	two := faktur.Fault{Pointer: "/lines", Code: "required", Message: "lines is missing."}
	if got := faktur.AsError(faktur.Invalid([]faktur.Fault{one})); got.Detail != one.Message || got.Code != one.Code {
		t.Errorf("one fault became %+v", got)
	}
	got := faktur.Invalid([]faktur.Fault{one, two})
	for _, want := range []string{"/date date_in_future", "/lines required"} {
		if !strings.Contains(got.Error(), want) {
			t.Errorf("%q does not tell %s", got, want)
		}
	}
}
