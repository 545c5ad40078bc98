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

const (
	numberA  = "04002600000000001"
	numberA1 = "04012600000000001" // its replacement
	numberB  = "04002600000000002"
)

// list is the portal's export: rows of reference, number, word.
func list(rows ...[3]string) []byte {
	var b strings.Builder
	b.WriteString("Referensi,Tanggal Faktur Pajak,Nomor Faktur Pajak,Status Faktur\n")
	for _, r := range rows {
		fmt.Fprintf(&b, "%s,22/11/2026,%s,%s\n", r[0], r[1], r[2])
	}
	return []byte(b.String())
}

func (g *gateway) importList(t *testing.T, in service.StatusImport) service.ImportResult {
	t.Helper()
	in.NPWP = seller
	result, err := g.ImportStatuses(context.Background(), anybody, in)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// importing is a gateway that accepts and imports, and whose workers do nothing.
func importing(t *testing.T, db *repository.DB) *gateway {
	t.Helper()
	g := fileService(t, db, faktur.ChannelCoretaxXML, func(c *service.Config) { c.GatherAfter = time.Hour })
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); g.Run(ctx, false) }()
	t.Cleanup(func() { stop(); <-ended })
	return g
}

// at is a document that was taken by way of the statuses, the last one's word known.
func (g *gateway) at(t *testing.T, reference string, by ...faktur.Change) string {
	t.Helper()
	id := g.post(t, reference)
	for _, c := range by {
		g.step(t, id, c)
	}
	return id
}

var (
	handedOver  = faktur.Change{To: faktur.Submitting}
	inSigning   = faktur.Change{To: faktur.SigningInProgress, CoretaxStatus: "Signing In Progress"}
	isInvalid   = faktur.Change{To: faktur.SavedInvalid, CoretaxStatus: "Saved Invalid"}
	neverThere  = faktur.Change{To: faktur.SavedInvalid}
	isApproved  = faktur.Change{To: faktur.Approved, CoretaxStatus: "Approved", NSFP: numberA}
	waitsToGo   = faktur.Change{To: faktur.Queued}
	amending    = faktur.Change{To: faktur.AmendmentPending, CoretaxStatus: "Waiting For Amendment"}
	isCancelled = faktur.Change{To: faktur.Cancelled}
)

// What a list says of one document, by where that one is.
func TestStatusImportRules(t *testing.T) {
	t.Parallel()
	const unknown, ago, ahead = time.Duration(0), -time.Hour, time.Minute // when the list was exported, from when its documents last moved
	for _, c := range []struct {
		name     string
		before   []faktur.Change
		rows     [][3]string
		exported time.Duration
		outcomes string
		status   faktur.Status
		word     string // coretax_status afterwards
		nsfp     string
	}{
		{"approved", []faktur.Change{handedOver}, [][3]string{{"INV/1", numberA, "APPROVED"}}, unknown, "updated", faktur.Approved, "APPROVED", numberA},
		{"of 16 digits", []faktur.Change{handedOver}, [][3]string{{"INV/1", "010.002-26.00000001", "Approved"}}, unknown, "updated", faktur.Approved, "Approved", "0100022600000001"},
		{"approved out of a file that nobody said was uploaded", []faktur.Change{{To: faktur.AwaitingUpload}}, [][3]string{{"INV/1", numberA, "Approved"}}, unknown, "updated", faktur.Approved, "Approved", numberA},
		{"approved in the portal after a refusal", []faktur.Change{handedOver, isInvalid}, [][3]string{{"INV/1", numberA, "Approved"}}, ago, "updated", faktur.Approved, "Approved", numberA},
		{"approved without a number", []faktur.Change{handedOver}, [][3]string{{"INV/1", "", "Approved"}}, unknown, "noted nsfp_missing", faktur.Submitting, "Approved", ""},
		{"refused", []faktur.Change{handedOver}, [][3]string{{"INV/1", "", "Saved Invalid"}}, unknown, "updated", faktur.SavedInvalid, "Saved Invalid", ""},
		{"in signing", []faktur.Change{handedOver}, [][3]string{{"INV/1", "", "Signing In Progress"}}, unknown, "updated", faktur.SigningInProgress, "Signing In Progress", ""},
		{"an unknown word", []faktur.Change{handedOver}, [][3]string{{"INV/1", "", "Menunggu Pemeriksaan"}}, unknown, "noted word_unknown", faktur.Submitting, "Menunggu Pemeriksaan", ""},
		{"an unknown word, approved", []faktur.Change{handedOver, isApproved}, [][3]string{{"INV/1", numberA, "Credited Elsewhere"}}, unknown, "noted word_unknown", faktur.Approved, "Credited Elsewhere", numberA},
		{"an unknown word, cancelled", []faktur.Change{handedOver, isApproved, isCancelled}, [][3]string{{"INV/1", numberA, "Returned Elsewhere"}}, unknown, "noted word_unknown", faktur.Cancelled, "Returned Elsewhere", numberA},
		{"an unknown word beside a known one", []faktur.Change{handedOver}, [][3]string{{"INV/1", numberA, "Frobnicated"}, {"INV/1", numberA, "Approved"}}, unknown, "superseded approved_row, updated", faktur.Approved, "Approved", numberA},
		{"unknown words that contradict", []faktur.Change{handedOver, isApproved}, [][3]string{{"INV/1", numberA, "Credited Elsewhere"}, {"INV/1", numberA, "Returned Elsewhere"}}, unknown, "ambiguous rows_contradict, ambiguous rows_contradict", faktur.Approved, "Approved", numberA},
		{"unknown words", []faktur.Change{handedOver, isApproved}, [][3]string{{"INV/1", numberA, "Credited Elsewhere"}, {"INV/1", numberA, "Approved"}}, unknown, "superseded approved_row, unchanged", faktur.Approved, "Approved", numberA},
		{"an older list: approved stays", []faktur.Change{handedOver, isApproved}, [][3]string{{"INV/1", "", "Saved Invalid"}}, ago, "unchanged older_news", faktur.Approved, "Approved", numberA},
		{"the same", []faktur.Change{handedOver, isApproved}, [][3]string{{"INV/1", numberA, "Approved"}}, unknown, "unchanged", faktur.Approved, "Approved", numberA},
		{"approved beats saved invalid", []faktur.Change{handedOver}, [][3]string{{"INV/1", "", "Saved Invalid"}, {"INV/1", numberA, "Approved"}}, unknown, "superseded approved_row, updated", faktur.Approved, "Approved", numberA},
		{"two approved", []faktur.Change{handedOver}, [][3]string{{"INV/1", numberA, "Approved"}, {"INV/1", numberB, "Approved"}}, unknown, "duplicate duplicate_filed, duplicate duplicate_filed", faktur.Submitting, "", ""},
		{"approved again under another number", []faktur.Change{handedOver, isApproved}, [][3]string{{"INV/1", numberB, "Approved"}}, unknown, "duplicate duplicate_filed", faktur.Approved, "Approved", numberA},
		{"two approved, one cancelled since", []faktur.Change{handedOver}, [][3]string{{"INV/1", numberB, "Cancelled"}, {"INV/1", numberA, "Approved"}}, unknown, "foreign cancelled_before, updated", faktur.Approved, "Approved", numberA},
		{"replaced in the portal", []faktur.Change{handedOver, isApproved}, [][3]string{{"INV/1", numberA, "Amended"}, {"INV/1", numberA1, "Approved"}}, unknown, "updated, foreign replacement_foreign", faktur.Amended, "Amended", numberA},
		{"replaced before we looked", []faktur.Change{handedOver}, [][3]string{{"INV/1", numberA1, "Approved"}, {"INV/1", numberA, "Amended"}}, unknown, "foreign replacement_foreign, updated", faktur.Amended, "Amended", numberA},
		{"cancelled before we looked", []faktur.Change{handedOver}, [][3]string{{"INV/1", numberA, "Canceled"}}, unknown, "updated", faktur.Cancelled, "Canceled", numberA},
		{"signed", []faktur.Change{handedOver, inSigning}, [][3]string{{"INV/1", numberA, "Approved"}}, ago, "updated", faktur.Approved, "Approved", numberA},
		{"a draft again, perhaps", []faktur.Change{handedOver, inSigning}, [][3]string{{"INV/1", "", "Draft"}}, unknown, "ambiguous exported_at_missing", faktur.SigningInProgress, "Signing In Progress", ""},
		{"signing, of an earlier attempt perhaps", []faktur.Change{handedOver, isInvalid}, [][3]string{{"INV/1", "", "Signing In Progress"}}, unknown, "ambiguous exported_at_missing", faktur.SavedInvalid, "Saved Invalid", ""},
		{"signing, from before", []faktur.Change{handedOver, isInvalid}, [][3]string{{"INV/1", "", "Signing In Progress"}}, ago, "ambiguous older_export", faktur.SavedInvalid, "Saved Invalid", ""},
		{"signing, again in the portal", []faktur.Change{handedOver, isInvalid}, [][3]string{{"INV/1", "", "Signing In Progress"}}, ahead, "updated", faktur.SigningInProgress, "Signing In Progress", ""},
		{"invalid, of the first attempt perhaps", []faktur.Change{handedOver, isInvalid, waitsToGo, handedOver}, [][3]string{{"INV/1", "", "Saved Invalid"}}, unknown, "ambiguous exported_at_missing", faktur.Submitting, "Saved Invalid", ""},
		{"invalid, of the second attempt", []faktur.Change{handedOver, isInvalid, waitsToGo, handedOver}, [][3]string{{"INV/1", "", "Saved Invalid"}}, ahead, "updated", faktur.SavedInvalid, "Saved Invalid", ""},
		{"what Coretax never had", []faktur.Change{handedOver, neverThere, waitsToGo, handedOver}, [][3]string{{"INV/1", "", "Saved Invalid"}}, unknown, "updated", faktur.SavedInvalid, "Saved Invalid", ""},
		{"the buyer refused, perhaps", []faktur.Change{handedOver, isApproved, amending}, [][3]string{{"INV/1", numberA, "Approved"}}, unknown, "ambiguous exported_at_missing", faktur.AmendmentPending, "Waiting For Amendment", numberA},
		{"the buyer refused", []faktur.Change{handedOver, isApproved, amending}, [][3]string{{"INV/1", numberA, "Approved"}}, ahead, "updated", faktur.Approved, "Approved", numberA},
		{"queued, and filed elsewhere", nil, [][3]string{{"INV/1", numberA, "Approved"}}, unknown, "conflict filed_elsewhere", faktur.Queued, "", ""},
		{"queued, and invalid elsewhere", nil, [][3]string{{"INV/1", "", "Saved Invalid"}}, unknown, "ambiguous queued_here", faktur.Queued, "", ""},
		{"closed here", []faktur.Change{isCancelled}, [][3]string{{"INV/1", numberA, "Approved"}}, unknown, "conflict closed_here", faktur.Cancelled, "", ""},
		{"rows contradict", []faktur.Change{handedOver}, [][3]string{{"INV/1", "", "Saved Invalid"}, {"INV/1", "", "Signing In Progress"}}, unknown, "ambiguous rows_contradict, ambiguous rows_contradict", faktur.Submitting, "", ""},
		{"a number at two references", []faktur.Change{handedOver}, [][3]string{{"INV/1", numberA, "Approved"}, {"INV/9", numberA, "Approved"}}, unknown, "conflict nsfp_twice, not_found", faktur.Submitting, "", ""},
		{"not ours", []faktur.Change{handedOver}, [][3]string{{"INV/2", numberA, "Approved"}, {"", numberB, "Approved"}}, unknown, "not_found, not_found reference_missing", faktur.Submitting, "", ""},
		{"a number without its first zero", []faktur.Change{handedOver}, [][3]string{{"INV/1", "1002600000000001", "Approved"}}, unknown, "invalid nsfp_zero_lost", faktur.Submitting, "", ""},
		{"a number of code 10 from the desktop application", []faktur.Change{{To: faktur.AwaitingUpload, NSFP: "1000052600000029"}}, [][3]string{{"INV/1", "1000052600000029", "Approved"}}, unknown, "updated", faktur.Approved, "Approved", "1000052600000029"},
		{"another number than was drawn", []faktur.Change{{To: faktur.AwaitingUpload, NSFP: "0400052600000029"}}, [][3]string{{"INV/1", "0400052600000030", "Approved"}}, unknown, "conflict other_number", faktur.AwaitingUpload, "", "0400052600000029"},
		{"the same row twice", []faktur.Change{handedOver}, [][3]string{{"INV/1", numberA, "Approved"}, {"INV/1", numberA, "APPROVED"}}, unknown, "updated, superseded row_repeated", faktur.Approved, "Approved", numberA},
		{"a broken number", []faktur.Change{handedOver}, [][3]string{{"INV/1", "4.0026E+15", "Approved"}}, unknown, "invalid nsfp_as_number", faktur.Submitting, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			repotest.Each(t, func(t *testing.T, db *repository.DB) {
				g := importing(t, db)
				id := g.at(t, "INV/1", c.before...)
				in := service.StatusImport{Content: list(c.rows...), DryRun: true}
				if c.exported != unknown {
					in.ExportedAt = time.Now().Add(c.exported)
				}
				before, err := g.Status(context.Background(), tenant, id)
				if err != nil {
					t.Fatal(err)
				}
				g.importList(t, in)
				if after, err := g.Status(context.Background(), tenant, id); err != nil || !cmp.Equal(after, before) {
					t.Errorf("a dry run changed %+v to %+v, %v", before, after, err)
				}
				in.DryRun = false
				first := g.importList(t, in)
				if got := outcomes(first); got != c.outcomes {
					t.Errorf("outcomes %s, want %s", got, c.outcomes)
				}
				view, err := g.Status(context.Background(), tenant, id)
				if err != nil || view.Status != c.status || string(view.CoretaxStatus) != c.word || string(view.NSFP) != c.nsfp {
					t.Errorf("it is %+v, %v", view, err)
				}
				again := g.importList(t, in)
				if n := again.Counts["updated"] + again.Counts["noted"]; n > 0 {
					t.Errorf("the second time: %s", outcomes(again))
				}
				if after, err := g.Status(context.Background(), tenant, id); err != nil || !cmp.Equal(after, view) {
					t.Errorf("the second time changed %+v to %+v, %v", view, after, err)
				}
				if told := len(g.told(t, id, "invoice.duplicate_filed")); told > 1 || (told == 1) != strings.Contains(c.outcomes, "duplicate") {
					t.Errorf("duplicate_filed was told %d times", told)
				}
			})
		})
	}
}

func outcomes(r service.ImportResult) string {
	var texts []string
	for _, row := range r.Rows {
		texts = append(texts, strings.TrimSpace(string(row.Outcome)+" "+string(row.Code)))
	}
	return strings.Join(texts, ", ")
}

// A list of more columns: a row of another seller is nobody's, and amounts that
// are not ours are told once, whatever becomes of the document.
func TestStatusImportOfSellersAndAmounts(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		g := importing(t, db)
		id, as := g.at(t, "INV/1", handedOver), g.at(t, "INV/2", handedOver)
		list := "Referensi;Tanggal Faktur Pajak;Nomor Faktur Pajak;Status Faktur;NPWP Penjual;DPP;DPP Nilai Lain;PPN;PPnBM\n" +
			"INV/1;22/11/2026;" + numberA + ";Approved;" + seller + ";100.000;91.667;12.000;0\n" +
			"INV/2;22/11/2026;" + numberB + ";Approved;" + otherSeller + ";100.000;91.667;11.000;0\n"
		for _, want := range []string{"updated amount_mismatch, not_found other_seller", "unchanged amount_mismatch, not_found other_seller"} {
			result := g.importList(t, service.StatusImport{Content: []byte(list)})
			if got := outcomes(result); got != want {
				t.Errorf("outcomes %s, want %s", got, want)
			}
			if message := string(result.Rows[0].Message); message != "PPN is 12000.00 in the portal and 11000.00 here." {
				t.Error(message)
			}
		}
		if told := g.told(t, id, "invoice.amount_mismatch"); len(told) != 1 {
			t.Errorf("amount_mismatch was told %d times", len(told))
		}
		if a, b := g.status(t, id), g.status(t, as); a != faktur.Approved || b != faktur.Submitting {
			t.Errorf("they are %s and %s", a, b)
		}
	})
}

// A number that another document has is nobody else's: the row says whose it is,
// and moves neither.
func TestANumberIsOneDocumentsOnly(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		g := importing(t, db)
		holder, other := g.at(t, "INV/1", handedOver, isApproved), g.at(t, "INV/2", handedOver)
		for range 2 {
			row := g.importList(t, service.StatusImport{Content: list([3]string{"INV/2", numberA, "Approved"})}).Rows[0]
			if row.Outcome != service.ImportConflict || row.Code != "nsfp_taken" || !strings.Contains(string(row.Message), "INV/1") {
				t.Errorf("%+v", row)
			}
			if string(row.DocumentID) != other || string(row.Status) != string(faktur.Submitting) {
				t.Errorf("the row is about %s, which is %s; want %s", row.DocumentID, row.Status, other)
			}
		}
		if a, b := g.status(t, holder), g.status(t, other); a != faktur.Approved || b != faktur.Submitting {
			t.Errorf("they are %s and %s", a, b)
		}
	})
}
