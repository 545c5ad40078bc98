package coretax_test

import (
	"testing"
	"time"

	"github.com/fakturgate/fakturgate/adapter"
	"github.com/fakturgate/fakturgate/adapter/adaptertest"
	"github.com/fakturgate/fakturgate/adapter/coretax"
	"github.com/fakturgate/fakturgate/adapter/coretax/coretaxtest"
	"github.com/fakturgate/fakturgate/faktur"
)

// The channel keeps the contract that every channel keeps, with a person
// between it and a portal that takes nothing that the facts do not allow.
func TestContract(t *testing.T) {
	adaptertest.Run(t, faktur.ChannelCoretaxXML, adaptertest.Harness{Open: openBench, Spoil: func(s adapter.Submission) adapter.Submission {
		s.Invoice.Buyer.Name = "PT \x01"
		return s
	}})
}

func openBench(*testing.T) *adaptertest.Bench {
	portal := coretaxtest.New(coretaxtest.Config{TIN: "0012345674901000",
		Clock: func() time.Time { return faktur.NewDate(2026, 11, 23).StartOfDay().Add(8 * time.Hour) }})
	desk := &adaptertest.Desk{Writer: coretax.New(), Upload: func(file adapter.File) error {
		_, err := portal.Upload(file.Content)
		return err
	}}
	desk.Listed = func(q adapter.Question) adapter.Outcome {
		for _, row := range portal.Rows() {
			if row.Kind != q.Kind || q.Kind == faktur.KindInvoice && row.Reference != q.Reference || q.Kind == faktur.KindReturn && row.NSFP != q.NSFP {
				continue
			}
			status, _ := faktur.ParseCoretaxStatus(row.Status)
			return adapter.Outcome{Certainty: adapter.Known, Status: status, CoretaxStatus: row.Status, NSFP: row.NSFP}
		}
		return adapter.Outcome{Certainty: adapter.Absent}
	}
	return &adaptertest.Bench{Livemode: true, Channel: desk, Filed: func(s adapter.Submission) int { return filed(portal, s) }, Settle: portal.SignAll}
}

// filed counts the rows of a document. A return has no reference in Coretax: its
// invoice's number, its date and its amounts have to do.
func filed(portal *coretaxtest.Portal, s adapter.Submission) (n int) {
	for _, row := range portal.Rows() {
		switch {
		case s.Return == nil && row.Kind == faktur.KindInvoice && row.Reference == s.Reference:
			n++
		case s.Return != nil && row.Kind == faktur.KindReturn && row.NSFP == s.Return.NSFP && row.Date == s.Return.Date && row.DPP.Equal(*s.Return.Lines[0].ReturnDPP):
			n++
		}
	}
	return n
}
