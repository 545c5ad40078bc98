package handlers

import (
	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/service"
)

// How many items a page has.
const (
	defaultLimit = 50
	maxLimit     = 200
)

// List is one page of a list.
type List[T any] struct {
	Data []T `json:"data"`
	// NextCursor is what ?cursor= takes for the next page; null on the last.
	NextCursor faktur.NullString `json:"next_cursor" swaggertype:"string" extensions:"x-nullable"`
}

func listOf[T any](page service.Page[T]) List[T] {
	if page.Data == nil {
		page.Data = []T{}
	}
	return List[T]{Data: page.Data, NextCursor: faktur.NullString(page.NextCursor)}
}
