package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/fakturgate/fakturgate/adapter/coretax/coretaxtest"
	"github.com/fakturgate/fakturgate/adapter/pajakio/pajakiotest"
	"github.com/fakturgate/fakturgate/faktur"
)

// tellEvening: on the evening of the 20th, the last day to upload, a seller's
// provider goes down, and an operator moves the seller to the portal. What was
// filed before stays where it is.
func tellEvening(ctx context.Context, d *demo) error {
	const token = "token-of-the-evening"
	provider := pajakiotest.New(pajakiotest.Config{Tokens: map[string]string{token: demoEvening}, SigningDelay: d.sim.SigningDelay})
	// The provider gives numbers from 1 on, and no two invoices have the same.
	portal := coretaxtest.New(coretaxtest.Config{TIN: demoEvening, FirstSerial: 501})
	d.keep(demoEvening, atPajakio(provider), atPortal(portal))
	if _, err := d.overProvider(ctx, demoEvening, faktur.ChannelPajakio, "EVENING/1", provider, map[string]any{"token": token}); err != nil {
		return err
	}
	if err := d.servers[len(d.servers)-1].Close(); err != nil {
		return err
	}
	d.say(ctx, seller(demoEvening), red, "provider down", "Pajak.io answers nobody")
	if err := d.decide(ctx, "pause", "Pajak.io is down"); err != nil {
		return err
	}
	waiting, err := d.postSome(ctx, demoEvening, "EVENING", 2, 3)
	if err != nil {
		return err
	}
	if err := d.move(ctx, faktur.ChannelCoretaxXML, "The portal is up, and it is the 20th"); err != nil {
		return err
	}
	if err := d.decide(ctx, "resume", "It goes by file now"); err != nil {
		return err
	}
	if err := d.overPortal(ctx, demoEvening, portal, waiting); err != nil {
		return err
	}
	return d.readAudit(ctx)
}

// move takes the seller of the evening to another channel.
func (d *demo) move(ctx context.Context, to faktur.Channel, why string) error {
	registration := map[string]any{"name": demoName(demoEvening), "channel": to}
	if err := d.erp.call(ctx, http.MethodPut, "/taxpayers/"+demoEvening+"?why="+url.QueryEscape(why), registration, nil); err != nil {
		return err
	}
	d.say(ctx, seller(demoEvening), yellow, "moved", "by an operator to "+string(to)+", with what is queued: "+why)
	return nil
}

// decide is an operator's word on the seller of the evening: pause or resume.
func (d *demo) decide(ctx context.Context, what, why string) error {
	if err := d.erp.call(ctx, http.MethodPost, "/taxpayers/"+demoEvening+"/"+what, map[string]any{"why": why}, nil); err != nil {
		return err
	}
	d.say(ctx, seller(demoEvening), yellow, what+"d", "by an operator: "+why)
	return nil
}

// readAudit shows what the audit has of the seller of the evening, and holds
// that it is what was decided.
func (d *demo) readAudit(ctx context.Context) error {
	var audit struct {
		Data []faktur.AuditEntry `json:"data"`
	}
	if err := d.erp.call(ctx, http.MethodGet, "/audit?limit=50", nil, &audit); err != nil {
		return err
	}
	var actions []string
	for _, e := range slices.Backward(audit.Data) {
		if e.Subject == demoEvening && strings.HasPrefix(e.Action, "taxpayer.") {
			actions = append(actions, e.Action)
			d.say(ctx, seller(demoEvening), plain, "audit", fmt.Sprintf("%s by key %.8s...: %s (%s)", e.Action, e.Actor, e.Why, e.Detail))
		}
	}
	if want := []string{"taxpayer.pause", "taxpayer.channel", "taxpayer.resume"}; !slices.Equal(actions, want) {
		return fmt.Errorf("the audit has %v of it, and it was %v", actions, want)
	}
	return nil
}
