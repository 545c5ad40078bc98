package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/fakturgate/fakturgate/faktur"
)

// chapter is a part of the story after its first, with sellers of its own. It
// ends with an error when it does not come true.
type chapter struct {
	title string
	tell  func(context.Context, *demo) error
}

func chapters() []chapter {
	return []chapter{
		{"A signer with a wrong passphrase: it is paused after three, and the next one signs.", tellSigners},
		{"After approval: one is replaced, one is cancelled when its buyer agrees.", tellAfterApproval},
		{"A return of what was bought.", tellReturn},
		{"The portal's XML (coretax_xml): a person uploads the file and brings the list of statuses back.", tellPortal},
		{"DJP's desktop application (efaktur_desktop): the same with a CSV, and numbers given beforehand.", tellDesktop},
		{"A provider (pajakio): the seller signs in with its own token, and has a PDF.", tellPajakio},
		{"Another provider (klikpajak): every call is signed, and the PDF is a link.", tellKlikpajak},
		{"The evening of the 20th: a provider goes down, and an operator moves its seller to the portal.", tellEvening},
	}
}

// The sellers of the chapters exist nowhere else either.
const (
	demoSigned    = "0034567894903000"
	demoChanged   = "0045678904904000"
	demoUploading = "0056789014905000"
	demoDesktop   = "0067890152906000"
	demoPajakio   = "0078901253907000"
	demoKlikpajak = "0089012355908000"
	demoEvening   = "0090123456909000"
)

// tellSigners: four invoices whose first signer has a wrong passphrase.
func tellSigners(ctx context.Context, d *demo) error {
	if err := d.register(ctx, demoSigned, faktur.ChannelPJAP, map[string]any{"auto_reupload": map[string]any{"max_attempts": 3}}); err != nil {
		return err
	}
	for i, signer := range []struct{ id, name, passphrase string }{
		{"3174015506800001", "Siti Rahayu", "SIM-WRONG"}, {"3174010506800002", "Budi Santoso", "Rahasia#2026"},
	} {
		body := map[string]any{"name": signer.name, "passphrase": signer.passphrase, "priority": i + 1}
		if err := d.erp.call(ctx, http.MethodPut, "/taxpayers/"+demoSigned+"/signers/"+signer.id, body, nil); err != nil {
			return err
		}
	}
	ids, err := d.postSome(ctx, demoSigned, "SIGN", 1, 4)
	if err != nil {
		return err
	}
	return d.awaitAll(ctx, ids, faktur.Approved)
}

// tellAfterApproval replaces an invoice, and cancels another.
func tellAfterApproval(ctx context.Context, d *demo) error {
	if err := d.register(ctx, demoChanged, faktur.ChannelPJAP, nil); err != nil {
		return err
	}
	wrong := demoInvoice(demoChanged, "CHANGE/1")
	void := demoInvoice(demoChanged, "CHANGE/2/SIM-BUYER-CONSENT")
	original, err := d.post(ctx, wrong, faktur.Amended)
	if err != nil {
		return err
	}
	cancelled, err := d.post(ctx, void, faktur.Cancelled)
	if err != nil {
		return err
	}
	if err := errors.Join(d.await(ctx, original, faktur.Approved), d.await(ctx, cancelled, faktur.Approved)); err != nil {
		return err
	}
	wrong.Lines[0].Name = "Kertas A4 100 gsm"
	var replacement faktur.StoredInvoice
	if err := d.erp.call(ctx, http.MethodPost, "/invoices/"+original+"/replace", wrong, &replacement); err != nil {
		return err
	}
	d.erp.expect(replacement.ID, scene{invoice: wrong, ends: faktur.Approved})
	if err := d.erp.call(ctx, http.MethodPost, "/invoices/"+cancelled+"/cancel", nil, nil); err != nil {
		return err
	}
	return errors.Join(d.await(ctx, replacement.ID, faktur.Approved), d.await(ctx, original, faktur.Amended), d.await(ctx, cancelled, faktur.Cancelled))
}

// tellReturn files a return of what the first seller bought.
func tellReturn(ctx context.Context, d *demo) error {
	price, _ := faktur.ParseAmount("100000")
	ten, _ := faktur.ParseAmount("10")
	two, _ := faktur.ParseAmount("2")
	returned := faktur.Return{Reference: "RETURN/1", Date: faktur.DateOf(time.Now()), NSFP: "04002600000009999", SellerNPWP: "0098765431109000",
		Buyer: faktur.ReturnBuyer{NPWP: demoSeller}, Lines: []faktur.ReturnLine{
			{Kind: faktur.Goods, Code: "000000", Name: "Kertas A4 80 gsm", Unit: "UM.0022", UnitPrice: price, Quantity: ten, ReturnQuantity: two},
		}}
	var stored faktur.StoredReturn
	if err := d.erp.call(ctx, http.MethodPost, "/returns", returned, &stored); err != nil {
		return err
	}
	return d.awaitAt(ctx, "/returns/"+stored.ID, faktur.Approved)
}

// demoInvoice is an ordinary one of today.
func demoInvoice(seller, reference string) faktur.TaxInvoice {
	return faktur.TaxInvoice{Reference: reference, Date: faktur.DateOf(time.Now()), TrxCode: "04",
		Seller: faktur.Seller{NPWP: seller, NITKU: seller + faktur.HeadOffice},
		Buyer: faktur.Buyer{IDType: "npwp", IDNumber: "0098765431109000", NITKU: "0098765431109000000000",
			Name: "PT Pembeli Sejahtera", Address: "Jl. Merdeka 1, Jakarta", Country: "IDN"},
		Lines: []faktur.Line{line(faktur.Goods, "Kertas A4 80 gsm", "UM.0022", "55000", "40")}}
}

// seller is how a row names one.
func seller(npwp string) string { return "seller " + npwp }

func demoName(npwp string) string { return "PT Demo " + npwp[8:12] }

func (d *demo) register(ctx context.Context, npwp string, channel faktur.Channel, settings map[string]any) error {
	body := map[string]any{"name": demoName(npwp), "channel": channel}
	if settings != nil {
		body["settings"] = settings
	}
	return d.erp.call(ctx, http.MethodPut, "/taxpayers/"+npwp, body, nil)
}

func (d *demo) post(ctx context.Context, invoice faktur.TaxInvoice, ends faktur.Status) (id string, err error) {
	return d.erp.post(ctx, scene{invoice: invoice, ends: ends})
}

// postSome posts invoices of a seller that are to be approved: WORD/1, WORD/2, ...
func (d *demo) postSome(ctx context.Context, npwp, word string, from, to int) (ids []string, err error) {
	for n := from; n <= to; n++ {
		id, err := d.post(ctx, demoInvoice(npwp, fmt.Sprintf("%s/%d", word, n)), faktur.Approved)
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// await waits until an invoice has a status.
func (d *demo) await(ctx context.Context, id string, want faktur.Status) error {
	return d.awaitAt(ctx, "/invoices/"+id, want)
}

func (d *demo) awaitAll(ctx context.Context, ids []string, want faktur.Status) error {
	for _, id := range ids {
		if err := d.await(ctx, id, want); err != nil {
			return err
		}
	}
	return nil
}

func (d *demo) awaitAt(ctx context.Context, path string, want faktur.Status) error {
	var view faktur.StatusView
	for {
		err := d.erp.call(ctx, http.MethodGet, fmt.Sprintf("%s/status?wait=1s&after=%d", path, view.Sequence), nil, &view)
		switch {
		case err == nil && view.Status == want:
			return nil
		case ctx.Err() != nil:
			return fmt.Errorf("%s should have become %s and is %s", view.Reference, want, view.Status)
		case err != nil:
			return err
		}
	}
}
