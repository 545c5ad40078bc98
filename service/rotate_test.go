package service_test

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/repository"
	"github.com/fakturgate/fakturgate/repository/repotest"
	"github.com/fakturgate/fakturgate/service"
)

// keyOf is a master key of one byte, 32 times.
func keyOf(t *testing.T, b byte) *service.Sealer {
	t.Helper()
	sealer, err := service.NewSealer(bytes.Repeat([]byte{b}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return sealer
}

func TestTheMasterKeyIsRotated(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		ctx := context.Background()
		under := func(key byte) *service.Service {
			return newService(t, db, func(c *service.Config) { c.Sealer = keyOf(t, key) })
		}
		if _, _, err := db.SaveTaxpayer(ctx, faktur.Taxpayer{Tenant: tenant, NPWP: seller, Name: "PT Penjual", Channel: faktur.ChannelPajakio,
			SealedProvider: keyOf(t, 1).Seal([]byte(`{"token":"t0ken"}`), "taxpayers/"+tenant+"/"+seller)}, under(1).Now(), repository.Move{}); err != nil {
			t.Fatal(err)
		}
		before := under(1)
		endpoint, err := before.CreateEndpoint(ctx, tenant, service.EndpointInput{URL: "http://127.0.0.1:9/"})
		if err != nil {
			t.Fatal(err)
		}
		(&gateway{Service: before, db: db}).signer(t, seller, siti, 1, rightWord)
		if _, err := under(3).RotateMasterKey(ctx, keyOf(t, 2)); err == nil || !strings.Contains(err.Error(), "nothing was changed") {
			t.Errorf("from a key that is not the present one: %v", err)
		}
		if err := before.CheckMasterKey(ctx); err != nil {
			t.Errorf("after the refusal: %v", err)
		}
		if n, err := before.RotateMasterKey(ctx, keyOf(t, 2)); err != nil || n != 3 {
			t.Fatalf("%d secrets, %v", n, err)
		}
		after := under(2)
		if err := after.CheckMasterKey(ctx); err != nil {
			t.Error(err)
		}
		if err := before.CheckMasterKey(ctx); err == nil {
			t.Error("the former key still fits")
		}
		if _, err := after.TestEndpoint(ctx, tenant, endpoint.ID); err != nil {
			t.Error(err)
		}
		if taxpayer, err := after.Taxpayer(ctx, tenant, seller); err != nil || taxpayer.Settings.Provider.Token.Reveal() != "t0ken" {
			t.Error(err)
		}
		(&gateway{Service: after, db: db}).signer(t, seller, siti, 1, rightWord) // it opens: the same, and nothing changes
		if n, err := before.RotateMasterKey(ctx, keyOf(t, 2)); err != nil || n != 0 {
			t.Errorf("again: %d, %v", n, err)
		}
	})
}
