package service

import (
	"context"
	"fmt"

	"github.com/fakturgate/fakturgate/adapter"
	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/repository"
)

// equip makes submissions of documents: their content with every amount that is
// filed, and what their channel needs besides.
func (s *Service) equip(ctx context.Context, batch []repository.Stored) ([]outgoing, error) {
	originals, err := s.originals(ctx, batch)
	if err != nil {
		return nil, err
	}
	if err := s.expectSellers(ctx, batch); err != nil {
		return nil, err
	}
	equipped := make([]outgoing, len(batch))
	for i := range batch {
		stored := &batch[i]
		taxpayer, err := s.seller(ctx, stored.Document.Tenant, stored.Document.TaxpayerNPWP)
		if err != nil {
			return nil, err
		}
		sent := submission(stored)
		sent.TaxpayerName, sent.Provider = taxpayer.Name, taxpayer.Settings.Provider
		if replaced := stored.Document.ReplacesID; replaced != "" {
			original, found := originals[replaced]
			if !found {
				return nil, fmt.Errorf("document %s replaces %s, which is not there", stored.Document.ID, replaced)
			}
			sent.ReplacesNSFP = original.NSFP
			if original.Channel == stored.Document.Channel { // another channel's name of it says nothing here
				sent.ReplacesReceipt = original.Receipt
			}
		}
		equipped[i] = outgoing{document: stored.Document, submission: sent}
	}
	return equipped, nil
}

// originals gives the documents that those of a batch replace, by id.
func (s *Service) originals(ctx context.Context, batch []repository.Stored) (map[string]faktur.Document, error) {
	var ids []string
	for i := range batch {
		if id := batch[i].Document.ReplacesID; id != "" {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	documents, err := s.DB.Reread(ctx, ids)
	if err != nil {
		return nil, err
	}
	byID := make(map[string]faktur.Document, len(documents))
	for _, d := range documents {
		byID[d.ID] = d
	}
	return byID, nil
}

// submission is a document as it travels.
func submission(s *repository.Stored) adapter.Submission {
	sent := adapter.Submission{ClientID: s.Document.ClientID(), Livemode: s.Document.Livemode,
		TaxpayerNPWP: s.Document.TaxpayerNPWP, Reference: s.Document.Reference, Receipt: s.Document.Receipt}
	if s.Return != nil {
		filed := *s.Return
		filed.Lines = s.ReturnAssessment.Fill(filed.Lines)
		sent.Return = &filed
		return sent
	}
	sent.Invoice = s.Assessment.Complete(s.Content)
	sent.Totals = s.Assessment.Totals
	return sent
}

// question asks about a document's last attempt.
func (s *Service) question(ctx context.Context, d *faktur.Document, description adapter.Description) (adapter.Question, error) {
	q := adapter.Question{ClientID: d.ClientID(), Kind: d.Kind, TaxpayerNPWP: d.TaxpayerNPWP,
		Reference: d.Reference, Receipt: d.Receipt, NSFP: d.NSFP, Attempt: d.Attempt, AcceptedAt: d.CreatedAt}
	if d.ReplacesID != "" {
		originals, err := s.DB.Reread(ctx, []string{d.ReplacesID})
		if err != nil {
			return q, err
		}
		if len(originals) != 1 {
			return q, fmt.Errorf("document %s replaces %s, which is not there", d.ID, d.ReplacesID)
		}
		q.ReplacesNSFP, q.ReplacesReceipt = originals[0].NSFP, originals[0].Receipt
	}
	if !description.PerTaxpayer {
		return q, nil
	}
	taxpayer, err := s.seller(ctx, d.Tenant, d.TaxpayerNPWP)
	q.Provider = taxpayer.Settings.Provider
	return q, err
}
