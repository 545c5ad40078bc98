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

func TestManyAreUploadedAgain(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		ctx := context.Background()
		g := start(t, db, simulator.Config{})
		operator := service.Operator{Tenant: tenant, Actor: "test"}
		var ids []string
		for i := range 5 {
			ids = append(ids, g.post(t, fmt.Sprint("INV/", i, "/SIM-BAD-PASSPHRASE")))
		}
		for _, id := range ids {
			g.becomes(t, id, faktur.SavedInvalid)
		}
		result, err := g.ReuploadMany(ctx, operator, service.ReuploadFilter{NPWP: seller, References: []string{"INV/0/SIM-BAD-PASSPHRASE", "INV/1/SIM-BAD-PASSPHRASE"}})
		if err != nil || result.Matched != 2 || result.Requeued != 2 {
			t.Fatalf("%+v, %v", result, err)
		}
		rest, err := g.ReuploadMany(ctx, operator, service.ReuploadFilter{DateFrom: faktur.DateOf(g.Now()), DateTo: faktur.DateOf(g.Now()), ReasonCode: "REG-KODJP-00024"})
		if err != nil || rest.Matched != 3 || rest.Requeued != 3 {
			t.Fatalf("%+v, %v", rest, err)
		}
		for _, id := range ids {
			g.becomes(t, id, faktur.Approved)
		}
		if p, err := g.ReuploadProgress(ctx, tenant, result.ID); err != nil || p.Total != 2 || p.Done != 2 || p.ByStatus[faktur.Approved] != 2 {
			t.Errorf("%+v, %v", p, err)
		}
	})
}
