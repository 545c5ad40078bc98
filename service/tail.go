package service

import (
	"context"
	"sync"
	"time"
)

// tail reads the feed's end once a process and wakes the long-polls of the
// documents it meets there, whichever process changed them.
type tail struct {
	mu      sync.Mutex
	waiting map[string][]chan struct{} // by document id
	// arrived rings when somebody starts to wait.
	arrived bell
}

// tailPause bounds how long a change by another process goes unseen when its
// wake-up is lost.
const tailPause = 500 * time.Millisecond

// watch gives a channel that closes with the document's next event, and how to stop watching.
func (t *tail) watch(id string) (<-chan struct{}, func()) {
	changed := make(chan struct{})
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.waiting == nil {
		t.waiting = map[string][]chan struct{}{}
	}
	t.waiting[id] = append(t.waiting[id], changed)
	t.arrived.ring()
	return changed, func() { t.leave(id, changed) }
}

func (t *tail) leave(id string, changed chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i, c := range t.waiting[id] {
		if c == changed {
			t.waiting[id] = append(t.waiting[id][:i], t.waiting[id][i+1:]...)
			break
		}
	}
	if len(t.waiting[id]) == 0 {
		delete(t.waiting, id)
	}
}

func (t *tail) wake(id string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, changed := range t.waiting[id] {
		close(changed)
	}
	delete(t.waiting, id)
}

func (t *tail) wakeAll() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for id, waiting := range t.waiting {
		for _, changed := range waiting {
			close(changed)
		}
		delete(t.waiting, id)
	}
}

func (t *tail) empty() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.waiting) == 0
}

// followTail runs until ctx ends. While nobody waits it reads nothing.
func (s *Service) followTail(ctx context.Context) {
	position, idle := int64(0), true
	for ctx.Err() == nil {
		told, arrived := s.told.rung(), s.tail.arrived.rung()
		if s.tail.empty() {
			idle = true
			select {
			case <-arrived:
			case <-ctx.Done():
			}
			continue
		}
		var err error
		if idle {
			// What happened while nobody waited is skipped; those who came
			// since then look once more, so that they miss none of it.
			position, err = s.DB.LastPosition(ctx)
			idle = err != nil
			s.tail.wakeAll()
		} else {
			position, err = s.readTail(ctx, position)
		}
		if err != nil && ctx.Err() == nil {
			s.Logger.WarnContext(ctx, "the feed's end cannot be read; long-polls wait", "error", err)
		}
		select {
		case <-told:
		case <-time.After(tailPause):
		case <-ctx.Done():
		}
	}
}

// readTail wakes whoever waits for what is new after a position, and gives the new one.
func (s *Service) readTail(ctx context.Context, position int64) (int64, error) {
	for {
		headings, err := s.DB.Headings(ctx, position, 1000)
		if err != nil {
			return position, err
		}
		for _, h := range headings {
			s.tail.wake(h.DocumentID)
			position = h.Position
		}
		if len(headings) < 1000 {
			return position, nil
		}
	}
}
