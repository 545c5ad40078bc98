package service_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/repository"
	"github.com/fakturgate/fakturgate/repository/repotest"
	"github.com/fakturgate/fakturgate/service"
	"github.com/fakturgate/fakturgate/simulator"
)

// mapUnits changes the seller's registration so that its units are mapped.
func (g *gateway) mapUnits(t *testing.T, codes map[string]string) {
	t.Helper()
	_, _, err := g.Register(context.Background(), faktur.Taxpayer{Tenant: tenant, NPWP: seller, Name: "PT Penjual",
		Channel: faktur.ChannelPJAP, Settings: faktur.Settings{UnitCodes: codes}}, service.Operator{Tenant: tenant})
	if err != nil {
		t.Fatal(err)
	}
}

func inUnit(unit, reference string) faktur.TaxInvoice {
	inv := invoice(seller, reference)
	inv.Lines[0].Unit = unit
	return inv
}

func TestTheERPsOwnUnitIsFiledAsDJPs(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		ctx := context.Background()
		g := start(t, db, simulator.Config{})
		const reference = "INV/1/SIM-SAVED-INVALID"
		if _, err := g.Preview(ctx, tenant, inUnit("PCS", reference)); !isConflict(err, "unit_malformed") {
			t.Errorf("without a map: %v", err)
		}
		g.mapUnits(t, map[string]string{"PCS": "UM.0021"})
		preview, err := g.Preview(ctx, tenant, inUnit("PCS", reference))
		if err != nil || preview.Lines[0].Unit != "UM.0021" {
			t.Fatalf("validated: %+v, %v", preview, err)
		}
		first, err := g.Accept(ctx, service.Request{Tenant: tenant}, inUnit("PCS", reference))
		if err != nil {
			t.Fatal(err)
		}
		g.becomes(t, first.DocumentID, faktur.SavedInvalid)
		shown, err := g.Invoice(ctx, tenant, first.DocumentID)
		if err != nil || shown.Lines[0].Unit != "UM.0021" {
			t.Errorf("shown: %+v, %v", shown.Lines, err)
		}
		again, err := g.Accept(ctx, service.Request{Tenant: tenant}, inUnit("PCS", reference))
		if err != nil || !again.Replayed || again.DocumentID != first.DocumentID {
			t.Errorf("the same again: %+v, %v", again, err)
		}
		if _, err := g.Accept(ctx, service.Request{Tenant: tenant}, inUnit("UM.0018", reference)); !isConflict(err, "reference_conflict") {
			t.Errorf("other content: %v", err)
		}
		same, err := g.Correct(ctx, tenant, first.DocumentID, shown.TaxInvoice, 0, false)
		if err != nil || same.Sequence != shown.Sequence {
			t.Errorf("GET and PUT changed something: %+v, %v", same, err)
		}
		same, err = g.Correct(ctx, tenant, first.DocumentID, inUnit("PCS", reference), 0, false)
		if err != nil || same.Sequence != shown.Sequence {
			t.Errorf("PUT of what was posted changed something: %+v, %v", same, err)
		}
	})
}

func TestAReplayOutlivesAChangeOfTheMap(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		ctx := context.Background()
		g := start(t, db, simulator.Config{})
		g.mapUnits(t, map[string]string{"PCS": "UM.0021", "LBR": "UM.0018"})
		accept := func(unit string) service.Accepted {
			accepted, err := g.Accept(ctx, service.Request{Tenant: tenant}, inUnit(unit, "INV/1/SIM-SAVED-INVALID"))
			if err != nil {
				t.Fatal(err)
			}
			return accepted
		}
		first := accept("PCS")
		g.becomes(t, first.DocumentID, faktur.SavedInvalid)
		corrected, err := g.Correct(ctx, tenant, first.DocumentID, inUnit("LBR", "INV/1/SIM-SAVED-INVALID"), 0, false)
		if err != nil || corrected.Lines[0].Unit != "UM.0018" {
			t.Fatalf("corrected: %+v, %v", corrected.Lines, err)
		}
		g.mapUnits(t, map[string]string{"PCS": "UM.0022", "LBR": "UM.0022"})
		for _, unit := range []string{"PCS", "LBR"} {
			if again := accept(unit); !again.Replayed || again.DocumentID != first.DocumentID {
				t.Errorf("%s again: %+v", unit, again)
			}
		}
	})
}

// A registration that another process has changed is heeded at once, whether an
// invoice would be refused or taken under the one in memory.
func TestARegistrationChangedElsewhereIsHeededAtOnce(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		ctx := context.Background()
		g := start(t, db, simulator.Config{})
		accept := func(reference string) (faktur.StoredInvoice, error) {
			accepted, err := g.Accept(ctx, service.Request{Tenant: tenant}, inUnit("PCS", reference))
			if err != nil {
				return faktur.StoredInvoice{}, err
			}
			return g.Invoice(ctx, tenant, accepted.DocumentID)
		}
		if _, err := accept("INV/1"); !isConflict(err, "unit_malformed") {
			t.Fatalf("without a map: %v", err)
		}
		other := start(t, db, simulator.Config{})
		for i, unit := range []string{"UM.0021", "UM.0018"} {
			other.mapUnits(t, map[string]string{"PCS": unit})
			stored, err := accept(fmt.Sprintf("INV/%d", i+2))
			if err != nil || stored.Lines[0].Unit != unit {
				t.Errorf("mapped to %s: %+v, %v", unit, stored.Lines, err)
			}
		}
	})
}
