package adapter

import (
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Loose is a JSON value of a service whose type is not known: a string as it is, a
// number or a boolean as it is written, anything else as "".
type Loose string

// UnmarshalJSONFrom reads any JSON value.
func (t *Loose) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	value, err := dec.ReadValue()
	if err != nil {
		return err
	}
	*t = ""
	switch value.Kind() {
	case '"':
		var plain string
		if err := json.Unmarshal(value, &plain); err != nil {
			return err
		}
		*t = Loose(plain)
	case '0', 't', 'f':
		*t = Loose(value)
	}
	return nil
}

// ListIn reads a list whose envelope is not known: data itself, or the one array
// among the fields of data ("content" of some frameworks). Anything else is an
// error: nothing can be said to be absent from a list that is not understood.
func ListIn[T any](data jsontext.Value) ([]T, error) {
	if data.Kind() == '{' {
		var fields map[string]jsontext.Value
		if err := json.Unmarshal(data, &fields); err != nil {
			return nil, JSONFault(err)
		}
		arrays := 0
		for _, field := range fields {
			if field.Kind() == '[' {
				data = field
				arrays++
			}
		}
		if arrays != 1 {
			return nil, fmt.Errorf("data holds %d arrays instead of one", arrays)
		}
	}
	if data.Kind() != '[' {
		return nil, errors.New("data holds no list")
	}
	var list []T
	if err := json.Unmarshal(data, &list); err != nil {
		return nil, JSONFault(err)
	}
	return list, nil
}
