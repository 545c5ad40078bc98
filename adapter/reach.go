package adapter

import (
	"slices"

	"github.com/fakturgate/fakturgate/faktur"
)

// reaches are the statuses that a tax system can say, from the least to the
// furthest reach; "" is a word that nobody knows.
var reaches = []faktur.Status{
	faktur.SavedInvalid, faktur.Cancelled, "", faktur.AwaitingUpload, faktur.SigningInProgress,
	faktur.Amended, faktur.CancellationPending, faktur.AmendmentPending, faktur.Approved,
}

// Reach says how far a status has come: of several entries about one document the
// furthest counts, because whatever else happened, that one is filed. It is
// negative for a status that no tax system says.
func Reach(status faktur.Status) int { return slices.Index(reaches, status) }

// Filed says whether a document in this status is with the tax system, or may be.
func Filed(status faktur.Status) bool { return Reach(status) > Reach(faktur.Cancelled) }
