package efaktur_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fakturgate/fakturgate/adapter"
	"github.com/fakturgate/fakturgate/adapter/adaptertest"
	"github.com/fakturgate/fakturgate/adapter/efaktur"
	"github.com/fakturgate/fakturgate/adapter/efaktur/efakturtest"
	"github.com/fakturgate/fakturgate/faktur"
)

// The channel keeps the contract that every channel keeps, with a person
// between it and an application that takes nothing that the facts do not allow.
func TestContract(t *testing.T) {
	adaptertest.Run(t, faktur.ChannelEfakturDesktop, adaptertest.Harness{Open: openBench, Spoil: func(s adapter.Submission) adapter.Submission {
		s.Invoice.Buyer.Name = "PT Café"
		return s
	}})
}

func openBench(*testing.T) *adaptertest.Bench {
	desktop := efakturtest.New(efakturtest.Config{NPWP: "0012345674901000",
		Clock: func() time.Time { return faktur.NewDate(2026, 11, 22).StartOfDay().Add(8 * time.Hour) }})
	var drawn atomic.Int64
	desk := &adaptertest.Desk{Writer: efaktur.New(),
		Upload: func(file adapter.File) error {
			_, err := desktop.Import(file.Content)
			return err
		},
		Draw: func() string { return fmt.Sprintf("00526%08d", drawn.Add(1)) },
	}
	desk.Listed = func(q adapter.Question) adapter.Outcome {
		row, found := desktop.Row(q.Reference)
		if !found {
			return adapter.Outcome{Certainty: adapter.Absent}
		}
		status, _ := faktur.ParseCoretaxStatus(row.Status)
		return adapter.Outcome{Certainty: adapter.Known, Status: status, CoretaxStatus: row.Status, NSFP: row.NSFP}
	}
	filed := func(s adapter.Submission) (n int) {
		for _, row := range desktop.Rows() {
			if row.Reference == s.Reference {
				n++
			}
		}
		return n
	}
	return &adaptertest.Bench{Livemode: true, Channel: desk, Filed: filed, Settle: desktop.SignAll}
}
