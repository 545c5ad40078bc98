package service

import (
	"testing"
	"time"
)

func TestWindowGrowsByOneAndHalves(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	w := window{}
	expect := func(step string, underWay, want int) {
		t.Helper()
		if got := w.room(underWay, now); got != want {
			t.Errorf("%s: room %d beside %d, want %d", step, got, underWay, want)
		}
	}
	expect("at first", 0, 1)
	expect("at first", 1, 0)
	for range 9 {
		w.succeeded()
	}
	expect("after 9 successes", 4, 6)
	w.failed(now, 0)
	expect("after a failure", 4, 1)
	for range 100 {
		w.succeeded()
	}
	expect("at most", 0, maxWindow)
	for range failuresToPause - 1 {
		w.failed(now, 0)
	}
	expect("after three failures in a row", 0, 8)
	w.failed(now, 0)
	expect("after four", 0, 0)
}

// An endpoint that only fails is asked one message at a time, less and less
// often, and at once again when it answers.
func TestWindowPauses(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	w := window{size: 64}
	for range 64 { // all of them were under way when it died
		w.failed(now, 0)
	}
	for i, want := range []time.Duration{1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300} {
		if w.until.Sub(now) != want*time.Second {
			t.Errorf("pause %d: %v, want %v", i, w.until.Sub(now), want*time.Second)
		}
		if now = w.until.Add(-time.Nanosecond); w.room(0, now) != 0 {
			t.Errorf("pause %d: room before its end", i)
		}
		now = w.until
		if w.room(0, now) != 1 || w.room(1, now) != 0 {
			t.Errorf("pause %d: room %d, want one try and no more", i, w.room(0, now))
		}
		w.failed(now, 0)
	}
	w.succeeded()
	if w.room(0, now) != 2 {
		t.Errorf("after a success: room %d, want 2", w.room(0, now))
	}
}

func TestWindowGivesTheTimeAskedFor(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	cases := []struct {
		failures int
		asked    time.Duration
		want     time.Duration
	}{
		{1, 0, 0},
		{1, 30 * time.Second, 30 * time.Second},
		{1, time.Hour, longestPause},
		{failuresToPause, 100 * time.Millisecond, firstPause},
		{failuresToPause, time.Minute, time.Minute},
	}
	for _, c := range cases {
		w := window{size: 64}
		for range c.failures - 1 {
			w.failed(now, 0)
		}
		w.failed(now, c.asked)
		if c.want == 0 && w.room(0, now) == 0 {
			t.Errorf("%+v: paused", c)
		}
		if got := w.until.Sub(now); c.want != 0 && got != c.want {
			t.Errorf("%+v: waits %v", c, got)
		}
	}
}
