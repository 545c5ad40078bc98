package service

import "sync"

// bell wakes everyone who waits for it, and costs nothing while nobody does.
type bell struct {
	mu   sync.Mutex
	next chan struct{}
}

// rung gives a channel that closes with the next ring. Take it before looking
// for work: a ring between the look and the wait is then not missed.
func (b *bell) rung() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.next == nil {
		b.next = make(chan struct{})
	}
	return b.next
}

// ring wakes everyone who waits.
func (b *bell) ring() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.next != nil {
		close(b.next)
		b.next = nil
	}
}
