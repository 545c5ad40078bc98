package service_test

import (
	"context"
	"iter"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fakturgate/fakturgate/adapter"
	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/repository"
	"github.com/fakturgate/fakturgate/repository/repotest"
	"github.com/fakturgate/fakturgate/service"
)

// readLister is a lister that counts how often its files and their lines are read.
type readLister struct {
	lister
	files, lines *atomic.Int64
	onLine       func()
}

func (l *readLister) Places(content []byte) iter.Seq2[int, adapter.Place] {
	l.files.Add(1)
	return func(yield func(int, adapter.Place) bool) {
		for line, place := range l.lister.Places(content) {
			l.lines.Add(1)
			if l.onLine != nil {
				l.onLine()
			}
			if !yield(line, place) {
				return
			}
		}
	}
}

// However many lines the portal names, and how often, the file is read once, and
// no further when nobody waits for the answer any more.
func TestTheLinesOfARejectionAreFoundInOneReading(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		writer := &readLister{lister: lister{faktur.ChannelCoretaxXML}, files: new(atomic.Int64), lines: new(atomic.Int64)}
		g := startFiles(t, db, faktur.ChannelCoretaxXML, func(c *service.Config) {
			c.Channels, c.GatherAfter = []adapter.Channel{writer}, time.Second
		})
		ids := g.accept(t, "INV/1", "INV/2", "INV/3")
		file := g.oneFile(t)
		if file.Documents != 3 {
			t.Fatalf("%d documents are in the file, want all three together", file.Documents)
		}
		ctx, leave := context.WithCancel(context.Background())
		writer.onLine = leave
		if _, err := g.FileRejected(ctx, anybody, file.ID, service.Rejection{Lines: []int{4}, Message: "bad"}); !isConflict(err, "request_cancelled") || writer.lines.Load() != 1 {
			t.Errorf("after the caller left %d lines were read: %v", writer.lines.Load(), err)
		}
		writer.files.Store(0)
		writer.onLine = nil
		_, err := g.FileRejected(context.Background(), anybody, file.ID, service.Rejection{Lines: []int{4, 9, 2, 0, 9}, Message: "bad"})
		var at []string
		for _, fault := range faktur.AsError(err).Faults {
			at = append(at, fault.Pointer)
		}
		if !slices.Equal(at, []string{"/lines/1", "/lines/3", "/lines/4"}) {
			t.Errorf("faults at %v: %v", at, err)
		}
		lines := slices.Repeat([]int{4, 2}, 50_000)
		if _, err := g.FileRejected(context.Background(), anybody, file.ID, service.Rejection{Lines: lines, Message: "bad"}); err != nil {
			t.Fatal(err)
		}
		if n := writer.files.Load(); n != 2 {
			t.Errorf("the file was read %d times for two rejections", n)
		}
		for i, want := range []faktur.Status{faktur.SavedInvalid, faktur.AwaitingUpload, faktur.SavedInvalid} {
			g.becomes(t, ids[i], want)
		}
	})
}
