// Package fault lets tests break the gateway where breaking it hurts most: at
// named points between two steps that must not come apart, and by planted bugs
// that show whether the tests would notice. Built without the tag faults, as
// every release is, its functions are empty and leave nothing in the binary.
//
// A process built with the tag reads its faults from these variables:
//
//	FAKTURGATE_FAULT_CRASH_AT=after_send:7     kill -9 of itself, the seventh time
//	FAKTURGATE_FAULT_STOP_AT=before_send       SIGSTOP of itself, the first time
//	FAKTURGATE_FAULT_SLOW_AT=in_save:20ms      each time it takes so much longer
//	FAKTURGATE_FAULT_PLANT=no_look_up          the bug it has
//	FAKTURGATE_FAULT_CLOCK=FILE                the file says by how much its wall clock is wrong
package fault

// Point is a place in the code where a process may die, stop, or be slow.
type Point string

// The points, in the order in which a document passes them.
const (
	InCommit      Point = "in_commit"      // an acceptance's rows are written, COMMIT is not sent yet
	AfterCommit   Point = "after_commit"   // accepted, and nobody was answered yet
	BeforeSend    Point = "before_send"    // marked as submitting, and nothing was sent
	AfterSend     Point = "after_send"     // the tax system was called, what it said is not looked at
	BeforeSave    Point = "before_save"    // an answer is known, and not saved
	InSave        Point = "in_save"        // a step's rows and events are written, COMMIT is not sent yet
	AfterSave     Point = "after_save"     // an outcome is saved, its webhook not sent
	BeforeDeliver Point = "before_deliver" // a webhook is about to be sent
	AfterDeliver  Point = "after_deliver"  // a webhook was sent, and its outcome is not known
	BeforeNote    Point = "before_note"    // the outcomes of webhooks are known, and not saved
)

// Points are all of them.
func Points() []Point {
	return []Point{InCommit, AfterCommit, BeforeSend, AfterSend, BeforeSave, InSave, AfterSave, BeforeDeliver, AfterDeliver, BeforeNote}
}

// Bug is a guard that can be left out, to see whether its absence is noticed.
type Bug string

// The planted bugs.
const (
	NoFencing    Bug = "no_fencing"    // a worker or a courier saves under a lease that has gone to another
	NoLookUp     Bug = "no_look_up"    // what is of unknown fate is sent again without a look-up
	EarlyAnswer  Bug = "early_2xx"     // 2xx before the commit
	UnlockedFeed Bug = "unlocked_feed" // positions in the feed become visible out of order
	EarlyCursor  Bug = "early_cursor"  // an endpoint's cursor moves before its messages are delivered
)

// Bugs are all of them.
func Bugs() []Bug { return []Bug{NoFencing, NoLookUp, EarlyAnswer, UnlockedFeed, EarlyCursor} }
