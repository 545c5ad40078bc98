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
	desk.Listed = func(reference string) adapter.Outcome {
		row, found := portal.Row(reference)
		if !found {
			return adapter.Outcome{Certainty: adapter.Absent}
		}
		status, _ := faktur.ParseCoretaxStatus(row.Status)
		return adapter.Outcome{Certainty: adapter.Known, Status: status, CoretaxStatus: row.Status, NSFP: row.NSFP}
	}
	filed := func(s adapter.Submission) int {
		for _, entry := range portal.Ledger() {
			if entry.Reference == s.Reference {
				return entry.Created
			}
		}
		return 0
	}
	return &adaptertest.Bench{Livemode: true, Channel: desk, Filed: filed, Settle: portal.SignAll}
}
