package service

import (
	"context"
	"fmt"
	"time"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/repository"
)

// PreviewReturn gives a return's computed amounts and warnings, and stores nothing.
func (s *Service) PreviewReturn(ctx context.Context, tenant string, ret faktur.Return) (faktur.ReturnPreview, error) {
	_, filed, assessment, err := s.assessReturn(ctx, tenant, ret.Bare())
	if err != nil {
		return faktur.ReturnPreview{}, err
	}
	return faktur.NewReturnPreview(filed, &assessment), nil
}

// assessReturn checks a return under its buyer's registration, and against what
// was bought and what went back before. It gives it as it is filed, as assess does.
func (s *Service) assessReturn(ctx context.Context, tenant string, ret faktur.Return) (faktur.Taxpayer, faktur.Return, faktur.ReturnAssessment, error) {
	var assessment faktur.ReturnAssessment
	npwp := ret.Buyer.NPWP
	unregistered := faktur.Fault{Pointer: "/buyer/npwp", Code: "buyer_not_registered",
		Message: fmt.Sprintf("The buyer %s, who files the return, is not registered. Register it first: PUT /taxpayers/%s.", npwp, npwp)}
	taxpayer, err := s.assessFor(ctx, s.seller, tenant, npwp, unregistered, func(t *faktur.Taxpayer) (err error) {
		ret = t.Settings.FiledReturn(ret)
		assessment, err = s.Rules.AssessReturn(ret, t.Settings, t.Channel, s.Now())
		return err
	})
	if err != nil {
		return taxpayer, ret, assessment, err
	}
	if err := s.takesReturns(ctx, taxpayer.Channel); err != nil {
		return taxpayer, ret, assessment, err
	}
	of := repository.Stored{Return: &ret, Document: faktur.Document{Tenant: tenant, Kind: faktur.KindReturn,
		TaxpayerNPWP: npwp, Reference: ret.Reference, Livemode: taxpayer.Livemode}}
	bought, err := s.DB.Bought(ctx, &of)
	if err != nil {
		return taxpayer, ret, assessment, translate(err, "return")
	}
	faults, warnings := ret.CheckBought(bought)
	assessment.Warnings = append(assessment.Warnings, warnings...)
	return taxpayer, ret, assessment, faktur.Invalid(faults)
}

// takesReturns refuses returns on a channel that is known to take none. One
// that cannot be asked now is asked when the return is handed over.
func (s *Service) takesReturns(ctx context.Context, name faktur.Channel) error {
	channel, err := s.channelFor(name)
	if err != nil {
		return nil //nolint:nilerr // it waits until the gateway is set up for its channel, as invoices do
	}
	description, err := channel.describe(ctx)
	if err != nil || description.Capabilities.Returns {
		return nil //nolint:nilerr // see above
	}
	return faktur.Invalid([]faktur.Fault{faktur.ReturnsNotOnChannel(name)})
}

// AcceptReturn takes a return into our care. It answers after the commit.
// Returns are rare, and those of one invoice wait for each other, so each has a
// transaction of its own.
func (s *Service) AcceptReturn(ctx context.Context, request Request, ret faktur.Return) (Accepted, error) {
	ret = ret.Bare()
	return s.accept(ctx, repository.TaxpayerKey{Tenant: request.Tenant, NPWP: ret.Buyer.NPWP}, faktur.KindReturn, func() (*pendingAcceptance, error) {
		taxpayer, filed, assessment, err := s.assessReturn(ctx, request.Tenant, ret)
		if err != nil {
			return s.acceptedBefore(ctx, posted(request, ret.Buyer.NPWP, faktur.ReturnHash(ret), faktur.Document{Kind: faktur.KindReturn, Reference: ret.Reference}), err)
		}
		a := s.newAcceptance(request, &taxpayer, faktur.Document{Kind: faktur.KindReturn,
			Reference: ret.Reference, Counterpart: ret.SellerNPWP, NSFP: ret.NSFP})
		a.ContentHash = faktur.ReturnHash(ret)
		a.Stored.Return, a.Stored.ReturnAssessment = &filed, assessment
		if err = a.Encode(); err != nil {
			return nil, err
		}
		return s.intake.alone(a), nil
	})
}

// Return gives a tenant's return.
func (s *Service) Return(ctx context.Context, tenant, id string) (faktur.StoredReturn, error) {
	return returnOf(s.stored(ctx, tenant, faktur.KindReturn, id))
}

// returnOf shows a document that is a return.
func returnOf(stored repository.Stored, err error) (faktur.StoredReturn, error) {
	if err != nil {
		return faktur.StoredReturn{}, err
	}
	return shownReturn(&stored), nil
}

// shownReturn is shown for returns.
func shownReturn(stored *repository.Stored) faktur.StoredReturn {
	ret := faktur.NewStoredReturn(&stored.Document, *stored.Return, &stored.ReturnAssessment)
	if word, _ := faktur.ParseCoretaxStatus(stored.Document.CoretaxStatus); word != faktur.Cancelled && word != faktur.Approved {
		ret.Warnings = append(ret.Warnings, remains(&stored.Document)...)
	}
	ret.Warnings = append(ret.Warnings, unsigned(&stored.Document)...)
	return ret
}

// ReturnFilter narrows a list of returns; a zero field narrows nothing.
type ReturnFilter struct {
	Status       faktur.Status
	Reference    string
	TaxpayerNPWP string      // of the buyer, who files
	NSFP         string      // of the returned invoice, as it is printed or bare
	DateFrom     faktur.Date // inclusive
	DateTo       faktur.Date // inclusive
	UpdatedSince time.Time   // inclusive
	Limit        int         // at least 1
	Cursor       string
}

// Returns lists a tenant's returns, newest first.
func (s *Service) Returns(ctx context.Context, tenant string, f ReturnFilter) (Page[faktur.StoredReturn], error) {
	before, err := openCursor(f.Cursor)
	if err != nil {
		return Page[faktur.StoredReturn]{}, err
	}
	filter := repository.DocumentFilter{Kind: faktur.KindReturn, Status: f.Status, Reference: f.Reference,
		TaxpayerNPWP: f.TaxpayerNPWP, NSFP: faktur.Return{NSFP: f.NSFP}.Bare().NSFP,
		DateFrom: f.DateFrom, DateTo: f.DateTo, BeforeID: before, Limit: f.Limit + 1}
	if !f.UpdatedSince.IsZero() {
		filter.UpdatedSince = f.UpdatedSince.UnixMicro()
	}
	stored, err := s.DB.Documents(ctx, tenant, filter)
	if err != nil {
		return Page[faktur.StoredReturn]{}, translate(err, "return")
	}
	list := make([]faktur.StoredReturn, len(stored))
	for i := range stored {
		list[i] = shownReturn(&stored[i])
	}
	return newPage(list, f.Limit, func(r faktur.StoredReturn) string { return r.ID }), nil
}

// AwaitReturnStatus is AwaitStatus of a return.
func (s *Service) AwaitReturnStatus(ctx context.Context, tenant, id string, after int64, wait time.Duration) (faktur.StatusView, error) {
	return s.awaitStatus(ctx, tenant, faktur.KindReturn, id, after, wait)
}

// ReturnHistory gives a return's events, oldest first.
func (s *Service) ReturnHistory(ctx context.Context, tenant, id string) ([]faktur.Event, error) {
	return s.history(ctx, tenant, faktur.KindReturn, id)
}

// CorrectReturn is Correct of a return: buyer and reference stay.
func (s *Service) CorrectReturn(ctx context.Context, tenant, id string, content faktur.Return, ifMatch int64, reupload bool) (faktur.StoredReturn, error) {
	content = content.Bare()
	return returnOf(s.correct(ctx, tenant, faktur.KindReturn, id, ifMatch, func(stored *repository.Stored) (repository.Step, string, error) {
		return s.returnCorrection(ctx, stored, content, reupload)
	}))
}

func (s *Service) returnCorrection(ctx context.Context, stored *repository.Stored, content faktur.Return, reupload bool) (repository.Step, string, error) {
	step, err := s.correctable(stored, identity{"/buyer/npwp", "buyer", content.Buyer.NPWP, content.Reference})
	if err != nil {
		return step, "", err
	}
	content = faktur.GivenReturn(content, *stored.Return, stored.ReturnAssessment)
	hash := faktur.ReturnHash(content) // of what the ERP sent, as at its POST
	_, content, assessment, err := s.assessReturn(ctx, step.Document.Tenant, content)
	if err != nil {
		return step, "", err
	}
	if faktur.ReturnHash(content) != faktur.ReturnHash(*stored.Return) {
		step.Document.NSFP, step.Document.Counterpart = content.NSFP, content.SellerNPWP
		s.corrected(&step)
		stored.Return, stored.ReturnAssessment = &content, assessment
	}
	return step, hash, s.goesAgain(ctx, &step, reupload)
}

// ReuploadReturn hands a Saved Invalid return over again, with another signer
// when one is named.
func (s *Service) ReuploadReturn(ctx context.Context, tenant, id, signer string) (faktur.StoredReturn, error) {
	return returnOf(s.reupload(ctx, tenant, faktur.KindReturn, id, signer))
}

// CancelReturn is Cancel of a return.
func (s *Service) CancelReturn(ctx context.Context, tenant, id string) (ret faktur.StoredReturn, underWay bool, err error) {
	stored, underWay, err := s.cancel(ctx, tenant, faktur.KindReturn, id)
	ret, err = returnOf(stored, err)
	return ret, underWay, err
}
