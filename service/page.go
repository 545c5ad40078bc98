package service

import (
	"encoding/base64"
	"strings"

	"github.com/fakturgate/fakturgate/faktur"
)

// Page is one part of a list.
type Page[T any] struct {
	Data       []T
	NextCursor string // "" at the end
}

// newPage makes a page of at most limit out of a list of up to limit+1, whose
// surplus only tells that there is more. position names an element in the list's order.
func newPage[T any](list []T, limit int, position func(T) string) Page[T] {
	if len(list) <= limit {
		return Page[T]{Data: list}
	}
	list = list[:limit]
	return Page[T]{Data: list, NextCursor: sealCursor(position(list[limit-1]))}
}

// cursorMark tells our cursors from other base64. A cursor is not a secret: it
// only ever leads to places in the caller's own lists.
const cursorMark = "c1:"

func sealCursor(position string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(cursorMark + position))
}

// openCursor gives the position in a cursor; "" for none.
func openCursor(cursor string) (string, error) {
	if cursor == "" {
		return "", nil
	}
	text, err := base64.RawURLEncoding.DecodeString(cursor)
	position, ok := strings.CutPrefix(string(text), cursorMark)
	if err != nil || !ok || position == "" || len(position) > 100 || strings.ContainsFunc(position, notPositional) {
		return "", badCursor("cursor")
	}
	return position, nil
}

// notPositional says which characters occur in no position: ids, NPWPs and
// numbers have letters, digits and dashes.
func notPositional(r rune) bool {
	return !(r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '-' || r == '_')
}

func badCursor(parameter string) error {
	return faktur.Invalid([]faktur.Fault{{Pointer: parameter, Code: "cursor_invalid",
		Message: "This is no cursor of ours. Send next_cursor as it came, or leave it out to begin anew."}})
}
