package e2e

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/fakturgate/fakturgate/adapter/coretax/coretaxtest"
	"github.com/fakturgate/fakturgate/faktur"
)

// returnsOverCoretaxXML: the buyer's person uploads the files of returns, and the
// portal's list, which knows no reference, finds each of them again.
func returnsOverCoretaxXML(t *testing.T, _ *world, c *client) {
	const npwp, count = "0066666666901000", 60
	portal := coretaxtest.New(coretaxtest.Config{TIN: npwp, Name: "PT Pembeli"})
	p := &person{gateway: c, npwp: npwp,
		upload: func(content []byte) error {
			_, err := portal.Upload(content)
			return err
		},
		export: func() ([]byte, error) {
			portal.SignAll()
			return portal.Export(coretaxtest.ExportOptions{Kind: faktur.KindReturn, XLSX: true})
		},
	}
	c.ask(http.MethodPut, "/taxpayers/"+npwp, registration{"PT Pembeli", faktur.ChannelCoretaxXML, faktur.Settings{}}).want(http.StatusCreated)
	for i := range count { // three of each invoice, on one day, of different amounts
		c.ask(http.MethodPost, "/returns", faktur.Return{
			Reference: fmt.Sprintf("RET/%03d", i), Date: faktur.DateOf(time.Now()), NSFP: fmt.Sprintf("040026%011d", i/3+1), SellerNPWP: "0098765431109000",
			Buyer: faktur.ReturnBuyer{NPWP: npwp},
			Lines: []faktur.ReturnLine{
				{Kind: "goods", Code: "000000", Name: "Kertas A4 & <map>", Unit: "UM.0018", UnitPrice: faktur.Cents(3_333_333), Quantity: faktur.Rupiah(10), ReturnQuantity: faktur.Rupiah(int64(i%3 + 1))},
				{Kind: "goods", Code: "000000", Name: "Tinta", Unit: "UM.0018", UnitPrice: faktur.Rupiah(250_000), Quantity: faktur.Rupiah(3), ReturnQuantity: faktur.Rupiah(0)},
			},
		}).want(http.StatusAccepted)
	}
	p.carry(count)
	if done := p.bringBack(""); done.Counts["updated"] != count {
		t.Errorf("the import says %+v", done.Counts)
	}
	if again := p.bringBack(""); again.Counts["unchanged"] != count {
		t.Errorf("the same list a second time says %+v", again.Counts)
	}
	approved := decode[listing[faktur.StoredReturn]](c.ask(http.MethodGet, "/returns?limit=200&status=approved&npwp="+npwp, nil).want(http.StatusOK))
	if len(approved.Data) != count {
		t.Errorf("%d returns are approved, want %d", len(approved.Data), count)
	}
}
