package service_test

import (
	"context"
	"fmt"
	"sort"
	"strings"
	"testing"

	"github.com/fakturgate/fakturgate/adapter"
	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/repository"
	"github.com/fakturgate/fakturgate/repository/repotest"
	"github.com/fakturgate/fakturgate/service"
)

func ranges(pairs ...string) faktur.NSFPRanges {
	var r faktur.NSFPRanges
	for i := 0; i < len(pairs); i += 2 {
		r.Ranges = append(r.Ranges, faktur.NSFPRange{First: pairs[i], Last: pairs[i+1]})
	}
	return r
}

func TestNumbersAreDrawnWithTheFile(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		ctx := context.Background()
		g := startFiles(t, db, faktur.ChannelEfakturDesktop)
		id := g.post(t, "INV/1")
		eventually(t, "it says that no number is left", func() bool {
			view, err := g.Status(ctx, tenant, id)
			return err == nil && view.Status == faktur.Queued && view.Reason != nil && view.Reason.Code == "nsfp_ranges_empty"
		})
		if taxpayer, err := g.Taxpayer(ctx, tenant, seller); err != nil || len(taxpayer.Warnings) != 1 || taxpayer.Warnings[0].Code != "nsfp_ranges_empty" {
			t.Errorf("the taxpayer's warnings: %+v, %v", taxpayer.Warnings, err)
		}
		if _, err := g.PutNSFPRanges(ctx, anybody, seller, ranges("000-26.00000001", "000-26.00000002")); err != nil {
			t.Fatal(err)
		}
		view := g.becomes(t, id, faktur.AwaitingUpload) // long before noNumberPause
		if view.NSFP != "0400002600000001" || view.Reason != nil {
			t.Errorf("numbered %s, %+v", view.NSFP, view.Reason)
		}
		file := g.oneFile(t)
		if _, content, err := g.Download(ctx, tenant, file.ID); err != nil || !strings.Contains(string(content), "INV/1 0400002600000001\n") {
			t.Errorf("content %q, %v", content, err)
		}
		// Refused and corrected, it keeps its number.
		if _, err := g.FileRejected(ctx, anybody, file.ID, service.Rejection{Message: "bad"}); err != nil {
			t.Fatal(err)
		}
		if _, err := g.Reupload(ctx, tenant, id, ""); err != nil {
			t.Fatal(err)
		}
		if view = g.becomes(t, id, faktur.AwaitingUpload); view.NSFP != "0400002600000001" {
			t.Errorf("numbered anew: %s", view.NSFP)
		}
		left, err := g.NSFPRanges(ctx, tenant, seller)
		if err != nil || left.Left != 1 || left.Ranges[0].Next != "0002600000002" {
			t.Errorf("left: %+v, %v", left, err)
		}
		for _, c := range []struct {
			wanted faktur.NSFPRanges
			code   string
		}{
			{ranges(), "range_in_use"},
			{ranges("000-26.00000002", "000-26.00000009"), "range_in_use"},
			{ranges("000-26.00000001", "000-26.00000009", "000-26.00000009", "000-26.00000010"), "ranges_overlap"},
			{ranges("000-26.00000009", "000-26.00000001"), "range_backwards"},
			{ranges("000-26.0000001", "000-26.00000009"), "serial_malformed"},
			{ranges("000-26.00000001", "000-26.00000001"), ""},
			{ranges("0002600000001", "0002600000009", "000-26.00000100", "000-26.00000199"), ""},
		} {
			got, err := g.PutNSFPRanges(ctx, anybody, seller, c.wanted)
			if (err == nil) != (c.code == "") || err != nil && !isConflict(err, c.code) {
				t.Errorf("%+v: %v", c.wanted, err)
			}
			if err == nil && got.Ranges[0].Left != int64(len(c.wanted.Ranges)-1)*8 {
				t.Errorf("%+v gave %+v", c.wanted, got)
			}
		}
		g.registerOn(t, faktur.ChannelEfakturDesktop, faktur.Settings{})
	})
}

// Two processes draw from one range: no number is given twice, and none is lost.
func TestNoNumberIsGivenTwice(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		ctx := context.Background()
		g := startFiles(t, db, faktur.ChannelEfakturDesktop)
		if db.Kind() == "postgres" {
			runService(t, newService(t, db, quick, func(c *service.Config) {
				c.Channels, c.GatherAfter = []adapter.Channel{lister{faktur.ChannelEfakturDesktop}}, 1
			}))
		}
		if _, err := g.PutNSFPRanges(ctx, anybody, seller, ranges("000-26.00000001", "000-26.00000007", "000-26.00000100", "000-26.00000199")); err != nil {
			t.Fatal(err)
		}
		const n = 30
		var drawn []string
		for i := range n {
			id := g.post(t, fmt.Sprintf("INV/%d", i))
			if i%3 == 2 {
				drawn = append(drawn, string(g.becomes(t, id, faktur.AwaitingUpload).NSFP))
			}
		}
		eventually(t, "all are in files", func() bool {
			total := 0
			for _, f := range g.files(t, "") {
				total += f.Documents
			}
			return total == n
		})
		sort.Strings(drawn)
		for i := 1; i < len(drawn); i++ {
			if drawn[i] == drawn[i-1] {
				t.Errorf("%s is given twice", drawn[i])
			}
		}
		if left, err := g.NSFPRanges(ctx, tenant, seller); err != nil || left.Left != 107-n {
			t.Errorf("%d are left, %v", left.Left, err)
		}
	})
}
