package service

import (
	"context"
	"sync"
	"time"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/repository"
)

const (
	// taxpayerMemory is how long a registration is believed without asking again.
	taxpayerMemory = 5 * time.Second
	// mostRemembered bounds the registrations in memory, some 10 MB of them.
	mostRemembered = 20_000
)

// registry remembers registrations as they were last read.
type registry struct {
	mu    sync.Mutex
	known map[repository.TaxpayerKey]rememberedTaxpayer
}

type rememberedTaxpayer struct {
	taxpayer faktur.Taxpayer
	readAt   time.Time
}

// get gives what is remembered, if it was read since.
func (r *registry) get(key repository.TaxpayerKey, since time.Time) (faktur.Taxpayer, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	found, ok := r.known[key]
	return found.taxpayer, ok && found.readAt.After(since)
}

func (r *registry) remember(t faktur.Taxpayer, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.known == nil || len(r.known) >= mostRemembered {
		r.known = map[repository.TaxpayerKey]rememberedTaxpayer{}
	}
	r.known[repository.TaxpayerKey{Tenant: t.Tenant, NPWP: t.NPWP}] = rememberedTaxpayer{t, now}
}

// seller gives a registration, perhaps from memory, or repository.ErrNotFound.
func (s *Service) seller(ctx context.Context, tenant, npwp string) (faktur.Taxpayer, error) {
	if known, ok := s.sellers.get(repository.TaxpayerKey{Tenant: tenant, NPWP: npwp}, s.Now().Add(-taxpayerMemory)); ok {
		return known, nil
	}
	return s.sellerNow(ctx, tenant, npwp)
}

// sellerNow is seller as it is stored at this moment.
func (s *Service) sellerNow(ctx context.Context, tenant, npwp string) (faktur.Taxpayer, error) {
	read, err := s.readSellers(ctx, []repository.TaxpayerKey{{Tenant: tenant, NPWP: npwp}})
	if err != nil {
		return faktur.Taxpayer{}, err
	}
	if len(read) == 0 {
		s.forgetSeller(tenant, npwp)
		return faktur.Taxpayer{}, repository.ErrNotFound
	}
	return read[0], nil
}

// sellerOfAnyAge is seller, however long ago it was read, for who will notice when
// the registration has changed since: Accept of package repository compares versions.
func (s *Service) sellerOfAnyAge(ctx context.Context, tenant, npwp string) (faktur.Taxpayer, error) {
	if known, ok := s.sellers.get(repository.TaxpayerKey{Tenant: tenant, NPWP: npwp}, time.Time{}); ok {
		return known, nil
	}
	return s.seller(ctx, tenant, npwp)
}

// expectSellers reads the registrations that a batch needs and that are not in
// memory, all at once.
func (s *Service) expectSellers(ctx context.Context, batch []repository.Stored) error {
	since := s.Now().Add(-taxpayerMemory)
	missing := map[repository.TaxpayerKey]bool{}
	var keys []repository.TaxpayerKey
	for i := range batch {
		key := repository.TaxpayerKey{Tenant: batch[i].Document.Tenant, NPWP: batch[i].Document.TaxpayerNPWP}
		if _, ok := s.sellers.get(key, since); !ok && !missing[key] {
			missing[key] = true
			keys = append(keys, key)
		}
	}
	_, err := s.readSellers(ctx, keys)
	return err
}

// readSellers gives registrations as they are now, and remembers them; who is
// not registered is left out.
func (s *Service) readSellers(ctx context.Context, keys []repository.TaxpayerKey) ([]faktur.Taxpayer, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	now := s.Now()
	taxpayers, err := s.DB.TaxpayersNamed(ctx, keys)
	if err != nil {
		return nil, err
	}
	for i := range taxpayers {
		if err := s.openProvider(&taxpayers[i]); err != nil {
			return nil, err
		}
		s.sellers.remember(taxpayers[i], now)
	}
	return taxpayers, nil
}

func (s *Service) forgetSeller(tenant, npwp string) {
	s.sellers.mu.Lock()
	defer s.sellers.mu.Unlock()
	delete(s.sellers.known, repository.TaxpayerKey{Tenant: tenant, NPWP: npwp})
}
