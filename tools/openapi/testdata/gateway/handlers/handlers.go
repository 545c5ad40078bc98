// Package handlers is the fixture's HTTP.
package handlers

import (
	"net/http"

	"github.com/fakturgate/fakturgate/tools/openapi/testdata/gateway/faktur"
)

// Problem is RFC 9457's.
type Problem struct {
	Title string `json:"title"`
	Code  string `json:"code"`
}

// List is a page.
type List[T any] struct {
	Data       []T    `json:"data"`
	NextCursor string `json:"next_cursor" extensions:"x-nullable"`
}

// Event is a row of the feed.
type Event struct {
	ID   string           `json:"id"`
	Data faktur.EventData `json:"data"`
}

// PostInvoice accepts one.
//
//	@Summary	Accept an invoice
//	@ID			postInvoice
//	@Tags		invoices
//	@Accept		json
//	@Produce	json
//	@Param		invoice	body		faktur.TaxInvoice	true	"The invoice"
//	@Success	202		{object}	faktur.StoredInvoice	"Stored"
//	@Header		202		{string}	Location	"Where it is"
//	@Failure	409		{object}	Problem	"The reference is taken"
//	@Security	bearer
//	@Router		/invoices [post]
func PostInvoice(w http.ResponseWriter, r *http.Request) {}

// GetInvoices lists them.
//
//	@Summary	List invoices
//	@ID			listInvoices
//	@Tags		invoices
//	@Produce	json
//	@Param		limit	query		int	false	"How many at most"
//	@Success	200		{object}	List[faktur.StoredInvoice]
//	@Security	bearer[invoices:read]
//	@Router		/invoices [get]
func GetInvoices(w http.ResponseWriter, r *http.Request) {}

// GetEvents is the feed.
//
//	@Summary	Follow the feed
//	@ID			listEvents
//	@Produce	json
//	@Success	200	{object}	List[Event]
//	@Security	ApiKeyAuth
//	@Router		/events [get]
func GetEvents(w http.ResponseWriter, r *http.Request) {}

// Health says that the process is alive.
//
//	@Summary	Alive?
//	@ID			health
//	@Produce	plain
//	@Success	200	{string}	string	"alive"
//	@Failure	503	{string}	string	"not"
//	@Router		/healthz [get]
func Health(w http.ResponseWriter, r *http.Request) {}
