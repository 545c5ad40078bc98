package coretax_test

import (
	"sync"
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

// recording notes under which reference a client id travels, for the portal
// knows only references.
type recording struct {
	adapter.Writer
	mu         sync.Mutex
	references map[string]string
}

func (r *recording) Write(batch []adapter.Submission) (adapter.File, []adapter.Outcome, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range batch {
		r.references[s.ClientID] = s.Reference
	}
	return r.Writer.Write(batch)
}

func (r *recording) reference(clientID string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.references[clientID]
}

func openBench(*testing.T) *adaptertest.Bench {
	portal := coretaxtest.New(coretaxtest.Config{TIN: "0012345674901000",
		Clock: func() time.Time { return faktur.NewDate(2026, 11, 23).StartOfDay().Add(8 * time.Hour) }})
	writer := &recording{Writer: coretax.New(), references: map[string]string{}}
	return &adaptertest.Bench{
		Livemode: true,
		Channel: adaptertest.Desk{Writer: writer,
			Upload: func(file adapter.File) error {
				_, err := portal.Upload(file.Content)
				return err
			},
			Listed: func(q adapter.Question) adapter.Outcome { return listed(portal, q.Reference) },
		},
		Filed: func(clientID string) int {
			for _, entry := range portal.Ledger() {
				if entry.Reference == writer.reference(clientID) {
					return entry.Created
				}
			}
			return 0
		},
		Settle: portal.SignAll,
	}
}

func listed(portal *coretaxtest.Portal, reference string) adapter.Outcome {
	row, found := portal.Row(reference)
	if !found {
		return adapter.Outcome{Certainty: adapter.Absent}
	}
	status, _ := faktur.ParseCoretaxStatus(row.Status)
	return adapter.Outcome{Certainty: adapter.Known, Status: status, CoretaxStatus: row.Status, NSFP: row.NSFP}
}
