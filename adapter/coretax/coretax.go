// Package coretax is the channel of files that a person imports in Coretax: XML
// as DJP's Excel template of output invoices, version 1.6.1, is turned into, and
// of input returns, version 1.1 (FACTS 1.1, 1.2). Every element stands in a line
// of its own, because the portal's Monitoring XML names faults by line.
//
// TaxInvoiceBulk can only create: it has no field for the number of a replaced
// invoice, for a down payment or a settlement (FACTS 0.5), so those are done in
// the portal.
package coretax

import (
	"context"

	"github.com/fakturgate/fakturgate/adapter"
	"github.com/fakturgate/fakturgate/faktur"
)

// maxBatch is how many documents one upload is said to take (FACTS 1.1, LIP6, of
// 21 January 2025). Other sources say 1,000 (DDTC-15ROWS, KLIK-XML); the seller's
// max_per_file decides, and its default is the lower.
const maxBatch = 15_000

// Channel writes files for Coretax. It has no state, and its methods may be used
// by many goroutines.
type Channel struct{}

var _ adapter.Writer = (*Channel)(nil)

// New makes the channel.
func New() *Channel { return &Channel{} }

// Name is coretax_xml.
func (*Channel) Name() faktur.Channel { return faktur.ChannelCoretaxXML }

// Describe says that the files are for the real portal: they are never written
// of a simulated seller's documents.
func (*Channel) Describe(context.Context) (adapter.Description, error) {
	return adapter.Description{Livemode: true, MaxBatch: maxBatch,
		Capabilities: adapter.Capabilities{Files: true, Returns: true}}, nil
}

// Write makes a TaxInvoiceBulk of invoices, an InputTaxInvoiceReturn of returns.
func (*Channel) Write(batch []adapter.Submission) (adapter.File, []adapter.Outcome, error) {
	carried, outcomes, err := adapter.Sift(batch, maxBatch, refusal)
	if err != nil || len(carried) == 0 {
		return adapter.File{}, outcomes, err
	}
	prefix, w := "faktur", &writer{}
	w.line(`<?xml version="1.0" encoding="UTF-8"?>`)
	if carried[0].Return != nil {
		prefix = "retur"
		w.returns(carried)
	} else {
		w.invoices(carried)
	}
	return adapter.File{
		Name:      adapter.FileName(prefix, ".xml", carried),
		MediaType: "application/xml",
		Content:   w.text.Bytes(),
	}, outcomes, nil
}
