package service

import (
	"testing"
	"time"

	"github.com/fakturgate/fakturgate/adapter"
	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/repository"
)

// While the news are read, little is asked. When they begin, break off or come back
// after a gap, or another process's shards come over, it is time to catch up: each
// document is asked about once, and not again before the catching up is over.
func TestLittleIsAskedWhileTheNewsTell(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
	now := start
	s := New(Config{Now: func() time.Time { return now }, Channels: []adapter.Channel{&deadlineKeeper{}}})
	c := s.channels[0]
	shards := []repository.Lease{{Shard: 1, Token: 1}}
	read := func() { c.newsRead(now) }
	for _, step := range []struct {
		name       string
		at         time.Duration // since start
		happens    func()
		age        time.Duration // of the document
		want       time.Duration // until the next question
		catchingUp bool
	}{
		{"never any news", 0, func() {}, 0, time.Second, false},
		{"and an old document", 0, func() {}, 40 * time.Second, 10 * time.Second, false},
		{"the news begin", time.Second, read, 0, time.Minute, true},
		{"it has caught up", 61 * time.Second, read, 0, time.Minute, true}, // the last reading is a minute old
		{"they go on", 62 * time.Second, read, 10 * time.Second, time.Minute, true},
		{"an old document, in a while", 63 * time.Second, read, 20 * time.Minute, 10 * time.Minute, true},
		{"a very old one", 64 * time.Second, read, 24 * time.Hour, 15 * time.Minute, true},
		{"they break off", 66 * time.Second, func() { c.newsRead(time.Time{}) }, 0, time.Minute, true},
		{"and stay away", 76 * time.Second, func() { c.newsRead(time.Time{}) }, 0, 50 * time.Second, true},
		{"for long", 130 * time.Second, func() { c.newsRead(time.Time{}) }, 0, time.Second, false},
		{"they are back", 140 * time.Second, read, 0, time.Minute, true},
		{"and nobody reads them", 300 * time.Second, func() {}, 0, time.Second, false},
		{"shards come over", 301 * time.Second, func() { c.catchUpIn(shards) }, 0, time.Minute, true},
		{"and are kept", 400 * time.Second, func() { c.catchUpIn(shards) }, 0, time.Second, false},
		{"their holder changes", 401 * time.Second, func() { c.catchUpIn([]repository.Lease{{Shard: 1, Token: 2}}) }, 0, time.Minute, true},
	} {
		now = start.Add(step.at)
		step.happens()
		d := faktur.Document{Channel: c.Name(), Status: faktur.SigningInProgress}
		d.Work.StatusSince = now.Add(-step.age)
		if got := s.pollPause(&d, now); got != step.want {
			t.Errorf("%s: the next question is due in %v, want %v", step.name, got, step.want)
		}
		if _, until := c.following(); until.After(now) != step.catchingUp {
			t.Errorf("%s: it catches up until %v, at %v", step.name, until, now)
		}
	}
}
