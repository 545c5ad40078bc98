package handlers

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/fakturgate/fakturgate/faktur"
)

// strict refuses unknown members; duplicate names, bad UTF-8, lone surrogates
// a second value and nesting beyond 10,000 levels are refused by default.
var strict = json.RejectUnknownMembers(true)

// decode reads a body that is one JSON object. What is not JSON is
// KindMalformed; what has the wrong form (a type, an unknown field) is
// KindInvalid with every such place at once.
func decode(body []byte, into any) error {
	faults, err := decodeForm(body, into)
	if err != nil {
		return err
	}
	return faktur.Invalid(faults)
}

// decodeForm is decode for those who go on in spite of faults of form, to
// report them together with the faults of content. What had the wrong form is
// left at its zero value.
func decodeForm(body []byte, into any) ([]faktur.Fault, error) {
	var err error
	if isObject := jsontext.Value(body).Kind() == '{'; isObject {
		if err = json.Unmarshal(body, into, strict); err == nil {
			return nil, nil
		}
	}
	if broken, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		return nil, malformed(broken)
	}
	return readForm(body, into)
}

// malformed tells where a body stops being JSON.
func malformed(e *jsontext.SyntacticError) error {
	code, what := "json_malformed", "The body is not JSON"
	if errors.Is(e, jsontext.ErrDuplicateName) {
		code, what = "json_duplicate_name", "The body names a field twice"
	}
	return &faktur.Error{Kind: faktur.KindMalformed, Code: code, Cause: e,
		Detail: fmt.Sprintf("%s: see byte %d, at %q: %v.", what, e.ByteOffset, clip(string(e.JSONPointer)), e.Err)}
}

// clip shortens a caller's text to what a message can show.
func clip(text string) string { return faktur.Clip(text, 100) }

// decodeBody reads and decodes the body that a request must have.
func decodeBody(w http.ResponseWriter, r *http.Request, into any) error {
	body, release, err := readNeeded(w, r, maxBody)
	defer release()
	if err != nil {
		return err
	}
	return decode(body, into)
}

// decodeOptional is decodeBody where a request may have none; into is then left alone.
func decodeOptional(w http.ResponseWriter, r *http.Request, into any) error {
	body, release, err := readBody(w, r, maxBody)
	defer release()
	if err != nil || body == nil {
		return err
	}
	return decode(body, into)
}
