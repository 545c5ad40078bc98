package service

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/fakturgate/fakturgate/adapter"
	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/repository"
)

// Register registers a seller of a tenant, or changes its registration; it says
// whether the seller is new. The channel must be one that this gateway is set up
// for. Another channel is audited, and takes what is queued with it.
func (s *Service) Register(ctx context.Context, t faktur.Taxpayer, o Operator) (faktur.Taxpayer, bool, error) {
	if err := t.Validate(); err != nil {
		return t, false, err
	}
	channel, err := s.channelFor(t.Channel)
	if err != nil {
		return t, false, err
	}
	description, err := channel.describe(ctx)
	if err != nil {
		return t, false, &faktur.Error{Kind: faktur.KindUnavailable, Code: "channel_unreachable",
			Detail:     fmt.Sprintf("The channel %s does not answer, so it is not known whether it is the real tax system. Try again soon.", t.Channel),
			RetryAfter: 5 * time.Second, Cause: err}
	}
	if err := s.checkLivemode(ctx, t, description); err != nil {
		return t, false, err
	}
	if err := s.sealProvider(ctx, &t); err != nil {
		return t, false, err
	}
	t.Livemode = description.Livemode
	stored, created, err := s.DB.SaveTaxpayer(ctx, t, s.Now(), repository.Move{
		Audit:    s.audited(o, "taxpayer.channel", t.NPWP, ""),
		Replaces: description.Capabilities.Replace,
		KeepHeld: description.Capabilities.Files && t.Settings.ReuploadMode != faktur.DeleteThenImport,
	})
	s.forgetSeller(t.Tenant, t.NPWP)
	s.queued.ring()
	if err != nil {
		return t, false, translate(err, "taxpayer")
	}
	if err := s.warnOfNumbers(ctx, &stored); err != nil {
		return stored, created, err
	}
	return stored, created, s.openProvider(&stored)
}

// checkLivemode refuses to move a seller between the real tax system and the
// simulator: its livemode is fixed at its first registration.
func (s *Service) checkLivemode(ctx context.Context, t faktur.Taxpayer, d adapter.Description) error {
	known, err := s.DB.Taxpayer(ctx, t.Tenant, t.NPWP)
	if errors.Is(err, repository.ErrNotFound) {
		return nil
	}
	if err != nil {
		return translate(err, "taxpayer")
	}
	if known.Livemode == d.Livemode {
		return nil
	}
	return faktur.NewError(faktur.KindConflict, "livemode_fixed",
		fmt.Sprintf("This seller was registered with livemode %t, and channel %s has livemode %t. "+
			"A seller never moves between the simulator and the real tax system; use another tenant for tests.",
			known.Livemode, t.Channel, d.Livemode))
}

// channelNamed gives a channel of this gateway, nil when there is none.
func (s *Service) channelNamed(name faktur.Channel) *channel {
	for _, c := range s.channels {
		if c.Name() == name {
			return c
		}
	}
	return nil
}

// channelFor finds a channel of this gateway, or says which setting is missing.
func (s *Service) channelFor(name faktur.Channel) (*channel, error) {
	if c := s.channelNamed(name); c != nil {
		return c, nil
	}
	message := fmt.Sprintf("This gateway is not set up for channel %s.", name)
	if name == faktur.ChannelPJAP {
		message = "This gateway has no tax-system connector: set FAKTURGATE_PJAP_URL to its address, or to `simulator` to try things out."
	} else if !slices.Contains(faktur.Channels(), name) {
		message = fmt.Sprintf("There is no channel %q; there are %v.", name, faktur.Channels())
	}
	return nil, faktur.Invalid([]faktur.Fault{{Pointer: "/channel", Code: "channel_unavailable", Message: message}})
}

// Taxpayer gives a registered seller of a tenant.
func (s *Service) Taxpayer(ctx context.Context, tenant, npwp string) (faktur.Taxpayer, error) {
	t, err := s.DB.Taxpayer(ctx, tenant, npwp)
	if err != nil {
		return t, translate(err, "taxpayer")
	}
	if err := s.warnOfNumbers(ctx, &t); err != nil {
		return t, err
	}
	return t, s.openProvider(&t)
}

// Taxpayers lists a tenant's sellers by NPWP.
func (s *Service) Taxpayers(ctx context.Context, tenant string, limit int, cursor string) (Page[faktur.Taxpayer], error) {
	after, err := openCursor(cursor)
	if err != nil {
		return Page[faktur.Taxpayer]{}, err
	}
	list, err := s.DB.Taxpayers(ctx, tenant, after, limit+1)
	if err != nil {
		return Page[faktur.Taxpayer]{}, translate(err, "taxpayer")
	}
	for i := range list {
		if err := s.warnOfNumbers(ctx, &list[i]); err != nil {
			return Page[faktur.Taxpayer]{}, err
		}
		if err := s.openProvider(&list[i]); err != nil {
			return Page[faktur.Taxpayer]{}, err
		}
	}
	return newPage(list, limit, func(t faktur.Taxpayer) string { return t.NPWP }), nil
}
