package service_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/repository"
	"github.com/fakturgate/fakturgate/repository/repotest"
	"github.com/fakturgate/fakturgate/service"
)

// listOfReturns is the portal's export of returns that were made today and a day
// later: rows of number, days, word and the reams that went back, 0 for no amounts.
func listOfReturns(rows ...returnedRow) []byte {
	var b strings.Builder
	b.WriteString("Nomor Faktur,Tanggal Retur,Status Retur,DPP,DPP Nilai Lain,PPN,PPnBM\n")
	for _, r := range rows {
		day := faktur.DateOf(time.Now()).StartOfDay().AddDate(0, 0, -r.daysAgo).Format("02/01/2006")
		amounts := ",,,"
		if r.reams > 0 {
			amounts = fmt.Sprintf("%d,%d,%d,0", r.reams*100_000, r.reams*91_667, r.reams*11_000) // in whole rupiah
		}
		fmt.Fprintf(&b, "%s,%s,%s,%s\n", r.nsfp, day, r.word, amounts)
	}
	return []byte(b.String())
}

type returnedRow struct {
	nsfp    string
	daysAgo int
	word    string
	reams   int
}

// Coretax knows no reference of a return: number, date and amounts say which one
// a row is about, and what they leave open waits for a person.
func TestStatusImportOfReturns(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		reams    []int64 // that each of our returns gives back
		rows     []returnedRow
		outcomes string
		statuses []faktur.Status // of our returns afterwards
	}{
		{"told apart by amounts", []int64{2, 3}, []returnedRow{{someNSFP, 0, "Approved", 3}, {someNSFP, 0, "Saved Invalid", 2}}, "updated, updated", []faktur.Status{faktur.SavedInvalid, faktur.Approved}},
		{"alike", []int64{2, 2}, []returnedRow{{someNSFP, 0, "Approved", 2}, {someNSFP, 0, "Approved", 2}}, "ambiguous returns_alike, ambiguous returns_alike", []faktur.Status{faktur.Submitting, faktur.Submitting}},
		{"alike, one listed", []int64{2, 2}, []returnedRow{{someNSFP, 0, "Approved", 2}}, "ambiguous returns_alike", []faktur.Status{faktur.Submitting, faktur.Submitting}},
		{"listed twice", []int64{2}, []returnedRow{{someNSFP, 0, "Approved", 2}, {someNSFP, 0, "Saved Invalid", 2}}, "ambiguous returns_alike, ambiguous returns_alike", []faktur.Status{faktur.Submitting}},
		{"without amounts, the only one", []int64{2}, []returnedRow{{someNSFP, 0, "Approved", 0}}, "updated", []faktur.Status{faktur.Approved}},
		{"without amounts, two", []int64{2, 3}, []returnedRow{{someNSFP, 0, "Approved", 0}}, "ambiguous returns_alike", []faktur.Status{faktur.Submitting, faktur.Submitting}},
		{"of another day, amount or invoice", []int64{2}, []returnedRow{{someNSFP, 1, "Approved", 2}, {someNSFP, 0, "Approved", 5}, {numberB, 0, "Approved", 2}}, "not_found, not_found, not_found", []faktur.Status{faktur.Submitting}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			repotest.Each(t, func(t *testing.T, db *repository.DB) {
				g := importing(t, db)
				var ids []string
				for i, reams := range c.reams {
					id := g.postReturn(t, fmt.Sprint("RET/", i), someNSFP, reams)
					g.step(t, id, handedOver)
					ids = append(ids, id)
				}
				g.importList(t, service.StatusImport{Content: listOfReturns(c.rows...), DryRun: true})
				if got := outcomes(g.importList(t, service.StatusImport{Content: listOfReturns(c.rows...)})); got != c.outcomes {
					t.Errorf("outcomes %s, want %s", got, c.outcomes)
				}
				again := g.importList(t, service.StatusImport{Content: listOfReturns(c.rows...)})
				if again.Counts["updated"]+again.Counts["noted"] > 0 {
					t.Errorf("the second time: %s", outcomes(again))
				}
				var statuses []faktur.Status
				for _, id := range ids {
					view, err := g.AwaitReturnStatus(context.Background(), tenant, id, 0, 0)
					if err != nil {
						t.Fatal(err)
					}
					statuses = append(statuses, view.Status)
					if told := len(g.toldOfReturn(t, id, "return."+faktur.EventType(view.Status))); told != 1 || view.NSFP != someNSFP {
						t.Errorf("%s was told %d times, and the number is %q", view.Status, told, view.NSFP)
					}
				}
				if diff := cmp.Diff(c.statuses, statuses); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

// toldOfReturn are the events of a return of one type.
func (g *gateway) toldOfReturn(t *testing.T, id string, kind faktur.EventType) (told []faktur.Event) {
	t.Helper()
	events, err := g.ReturnHistory(context.Background(), tenant, id)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		if e.Type == kind {
			told = append(told, e)
		}
	}
	return told
}
