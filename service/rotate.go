package service

import (
	"context"
	"fmt"

	"github.com/fakturgate/fakturgate/repository"
)

// RotateMasterKey seals every stored secret with another key, all or none, and
// gives how many there were. It refuses when one does not open with the present
// key. When all are sealed with the other key already, an earlier call has done
// it, and it does nothing.
//
// Processes that run with the former key open nothing any more; they must be
// stopped before, for what they seal meanwhile opens with that key only.
func (s *Service) RotateMasterKey(ctx context.Context, next *Sealer) (int, error) {
	if next.keyID == s.Sealer.keyID {
		return 0, fmt.Errorf("the new master key is the present one (%s)", next.keyID)
	}
	ids, err := s.DB.SealedWith(ctx)
	if err != nil || len(ids) == 1 && ids[0] == next.keyID {
		return 0, err
	}
	return s.DB.Reseal(ctx, func(sealed repository.Sealed) (string, error) {
		plain, err := s.Sealer.Open(sealed.Text, sealed.Row)
		switch {
		case err == nil:
			return next.Seal(plain, sealed.Row), nil
		case sealed.Spent:
			return sealed.Text, nil
		}
		return "", fmt.Errorf("%s does not open, and nothing was changed: %w", sealed.Row, err)
	})
}
