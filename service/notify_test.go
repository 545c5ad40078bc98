package service

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/fakturgate/fakturgate/repository/repotest"
)

// What a process stores just after it has woken the others wakes them once more.
func TestOthersAreWokenForWhatComesDuringThePause(t *testing.T) {
	t.Parallel()
	onShared(t, func(t *testing.T, url string) {
		s, other := loopback(t, repotest.Open(t, url), time.Minute), repotest.Open(t, url)
		ctx, stop := context.WithCancel(context.Background())
		heard := make(chan struct{}, 100)
		var running sync.WaitGroup
		running.Go(func() { other.Listen(ctx, func() { heard <- struct{}{} }) })
		t.Cleanup(func() { stop(); running.Wait() })
		awaitListener(t, s, heard)

		running.Go(func() { s.notifyOthers(ctx) })
		awaitWaiting(t, &s.ours)
		for _, ring := range []string{"first", "second"} {
			s.grown()
			select {
			case <-heard:
			case <-time.After(repotest.Patience):
				t.Fatalf("nobody heard the %s ring", ring)
			}
		}
	})
}

// awaitListener wakes the other side until it hears that.
func awaitListener(t *testing.T, s *Service, heard <-chan struct{}) {
	t.Helper()
	for deadline := time.Now().Add(repotest.Patience); time.Now().Before(deadline); {
		if err := s.DB.Notify(t.Context()); err != nil {
			t.Fatal(err)
		}
		select {
		case <-heard:
			return
		case <-time.After(100 * time.Millisecond):
		}
	}
	t.Fatal("nobody listens")
}

// awaitWaiting waits until somebody waits for the next ring.
func awaitWaiting(t *testing.T, b *bell) {
	t.Helper()
	for deadline := time.Now().Add(repotest.Patience); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		b.mu.Lock()
		waits := b.next != nil
		b.mu.Unlock()
		if waits {
			return
		}
	}
	t.Fatal("nobody waits for the bell")
}
