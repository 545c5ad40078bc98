package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/fakturgate/fakturgate/adapter/klikpajak/klikpajaktest"
	"github.com/fakturgate/fakturgate/adapter/pajakio/pajakiotest"
	"github.com/fakturgate/fakturgate/faktur"
)

// tellPajakio: a provider to which every seller signs in with its own token. It
// is played, over HTTP, by the other side that the channel is tested against.
func tellPajakio(ctx context.Context, d *demo) error {
	const token = "token-of-the-demo"
	provider := pajakiotest.New(pajakiotest.Config{Tokens: map[string]string{token: demoPajakio}, SigningDelay: d.sim.SigningDelay, Lose: d.sim.Lose})
	d.keep(demoPajakio, atPajakio(provider))
	id, err := d.overProvider(ctx, demoPajakio, faktur.ChannelPajakio, "PAJAKIO/1", provider, map[string]any{"token": token})
	if err != nil {
		return err
	}
	pdf, err := d.erp.send(ctx, http.MethodGet, "/invoices/"+id+"/pdf", "", nil)
	if err != nil {
		return err
	}
	d.say(ctx, "PAJAKIO/1", blue, "PDF", fmt.Sprintf("%d bytes, from Pajak.io", len(pdf)))
	return nil
}

// atPajakio is Pajak.io's book.
func atPajakio(provider *pajakiotest.Server) book {
	return func(stored *faktur.StoredInvoice) (filings []filing, err error) {
		for _, held := range provider.Documents(stored.Reference) {
			filings = append(filings, filing{held.Uploads, approvedOr(held.Status, pajakiotest.Approved), held.Nofa})
		}
		return filings, nil
	}
}

// tellKlikpajak: another, whose calls are signed with the seller's own secret.
func tellKlikpajak(ctx context.Context, d *demo) error {
	const client, secret = "application-of-the-demo", "secret-of-the-demo"
	provider := klikpajaktest.New(klikpajaktest.Config{Clients: map[string]klikpajaktest.Client{client: {Secret: secret, NPWP: demoKlikpajak}},
		SigningDelay: d.sim.SigningDelay, Lose: d.sim.Lose})
	d.keep(demoKlikpajak, func(stored *faktur.StoredInvoice) (filings []filing, err error) {
		for _, held := range provider.Documents(stored.Reference) {
			filings = append(filings, filing{held.Approvals, approvedOr(held.ApprovalStatus, klikpajaktest.Approved), held.Number})
		}
		return filings, nil
	})
	id, err := d.overProvider(ctx, demoKlikpajak, faktur.ChannelKlikpajak, "KLIKPAJAK/1", provider, map[string]any{"client_id": client, "client_secret": secret})
	if err != nil {
		return err
	}
	link, err := d.erp.location(ctx, "/invoices/"+id+"/pdf")
	if err != nil {
		return err
	}
	d.say(ctx, "KLIKPAJAK/1", blue, "PDF", "a link to Klikpajak: "+link)
	return nil
}

// overProvider registers a seller with its account at a provider, and files an invoice there.
func (d *demo) overProvider(ctx context.Context, npwp string, channel faktur.Channel, reference string, provider http.Handler, account map[string]any) (id string, err error) {
	url, err := d.serve(ctx, provider)
	if err != nil {
		return "", err
	}
	account["base_url"] = url
	if err := d.register(ctx, npwp, channel, map[string]any{"provider": account}); err != nil {
		return "", err
	}
	id, err = d.post(ctx, demoInvoice(npwp, reference), faktur.Approved)
	if err != nil {
		return "", err
	}
	return id, d.await(ctx, id, faktur.Approved)
}

// approvedOr reads a provider's word: approved when it is the one for that,
// otherwise as it stands.
func approvedOr(word, approved string) faktur.Status {
	if word == approved {
		return faktur.Approved
	}
	return faktur.Status(word)
}

// serve lets somebody of the story listen on loopback until its end.
func (d *demo) serve(ctx context.Context, handler http.Handler) (url string, err error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	d.servers = append(d.servers, server)
	go func() { _ = server.Serve(listener) }() // what it does not answer, the story misses
	return "http://" + listener.Addr().String(), nil
}
