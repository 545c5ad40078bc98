package handlers

import (
	"encoding"
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/fakturgate/fakturgate/faktur"
)

// form reads a body once more that the strict decoder has refused, notes every
// place whose form is wrong, and goes on behind it. The strict decoder stops at
// the first, and a developer who mends one field at a time loses a day.
type form struct {
	faults []faktur.Fault
	fields map[reflect.Type]map[string][]int // as fieldsOf gives them
}

// maxFormFaults bounds the answer to a body that fits nowhere.
const maxFormFaults = 100

// readForm fills into with what has the right form and gives the faults of the rest.
func readForm(body []byte, into any) ([]faktur.Fault, error) {
	f := form{fields: map[reflect.Type]map[string][]int{}}
	if err := json.Unmarshal(body, into, json.WithUnmarshalers(json.UnmarshalFromFunc(f.read))); err != nil {
		if broken, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
			return nil, malformed(broken)
		}
		return nil, &faktur.Error{Kind: faktur.KindMalformed, Code: "json_malformed", Detail: "The body cannot be read.", Cause: err}
	}
	return f.faults, nil
}

// read takes the next value for target, a pointer to any type of a body's.
// errors.ErrUnsupported leaves the value to the ordinary decoder.
func (f *form) read(dec *jsontext.Decoder, target any) error {
	t := reflect.TypeOf(target).Elem()
	want, wanted := wantedKind(target, t)
	top := dec.StackDepth() == 0
	switch kind := dec.PeekKind(); {
	case wanted == 0, kind == jsontext.KindInvalid, kind == 'n' && !top:
		return errors.ErrUnsupported
	case kind != wanted && !(wanted == 't' && kind == 'f'):
		return f.skip(dec, "wrong_type", "must be "+want+", not "+nameOf(kind)+".")
	case wanted == '{' && t.Kind() == reflect.Struct:
		return f.readObject(dec, reflect.ValueOf(target).Elem())
	}
	return errors.ErrUnsupported
}

func (f *form) readObject(dec *jsontext.Decoder, object reflect.Value) error {
	fields := f.fieldsOf(object.Type())
	if _, err := dec.ReadToken(); err != nil { // {
		return err
	}
	for dec.PeekKind() == '"' {
		name, err := dec.ReadToken()
		if err != nil {
			return err
		}
		index, known := fields[name.String()]
		if !known {
			err = f.skip(dec, "unknown_field", "is not a field here. The fields are "+namesOf(fields)+".")
		} else {
			err = json.UnmarshalDecode(dec, object.FieldByIndex(index).Addr().Interface())
		}
		if _, unreadable := errors.AsType[*json.SemanticError](err); unreadable {
			f.note(dec, "wrong_type", "cannot be read.")
		} else if err != nil {
			return err
		}
	}
	_, err := dec.ReadToken() // }
	return err
}

// skip leaves the next value out and notes why.
func (f *form) skip(dec *jsontext.Decoder, code, message string) error {
	if err := dec.SkipValue(); err != nil {
		return err
	}
	f.note(dec, code, message)
	return nil
}

// note adds a fault at the value that was read last.
func (f *form) note(dec *jsontext.Decoder, code, message string) {
	if len(f.faults) == maxFormFaults {
		return
	}
	pointer := dec.StackPointer()
	place := clip(pointer.LastToken())
	if pointer == "" {
		place = "The body"
	}
	f.faults = append(f.faults, faktur.Fault{Pointer: clip(string(pointer)), Code: code, Message: place + " " + message})
}

// wantedKind says what JSON a type is written in, and its name; 0 for a type
// that decodes itself or follows a pointer.
func wantedKind(target any, t reflect.Type) (string, jsontext.Kind) {
	switch target.(type) {
	case json.UnmarshalerFrom, *jsontext.Value:
		return "", 0
	case json.Unmarshaler, encoding.TextUnmarshaler:
		return "a text", '"'
	}
	switch t.Kind() {
	case reflect.String:
		return "a text", '"'
	case reflect.Bool:
		return "true or false", 't'
	case reflect.Int, reflect.Int64:
		return "a whole number", '0'
	case reflect.Slice:
		return "a list", '['
	case reflect.Struct, reflect.Map:
		return "an object", '{'
	}
	return "", 0
}

func nameOf(kind jsontext.Kind) string {
	switch kind {
	case 'n':
		return "null"
	case 't', 'f':
		return "true or false"
	case '"':
		return "a text"
	case '0':
		return "a number"
	case '[':
		return "a list"
	}
	return "an object"
}

func (f *form) fieldsOf(t reflect.Type) map[string][]int {
	if f.fields[t] == nil {
		f.fields[t] = fieldsOf(t)
	}
	return f.fields[t]
}

// fieldsOf gives the place of each field in a struct by its name in JSON, those
// of embedded structs included.
func fieldsOf(t reflect.Type) map[string][]int {
	fields := map[string][]int{}
	for _, field := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name != "" && name != "-" {
			fields[name] = field.Index
		}
	}
	return fields
}

func namesOf(fields map[string][]int) string {
	return strings.Join(slices.Sorted(maps.Keys(fields)), ", ")
}
