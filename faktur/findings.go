package faktur

import (
	"fmt"
	"strconv"
)

// mostAlike is how many warnings of one code are told one by one. They are
// stored with the invoice, and one of 5,000 lines may have the same on each.
const mostAlike = 50

// mostFaults is how many faults of one content are told: enough for any invoice
// that a person corrects, and no answer many times the size of its question.
const mostFaults = 1000

// findings gathers what is wrong and what is doubtful about one content.
type findings struct {
	faults, warnings []Fault
	untold           int            // faults beyond mostFaults
	alike            map[string]int // warnings by code
}

// refuse notes a fault: the content is not accepted.
func (f *findings) refuse(pointer, code, format string, args ...any) {
	f.note(Fault{pointer, code, fmt.Sprintf(format, args...)})
}

// note is refuse for a fault that is written already.
func (f *findings) note(fault Fault) {
	if len(f.faults) == mostFaults {
		f.untold++
		return
	}
	f.faults = append(f.faults, fault)
}

// refusal is the error of all faults, with a last word where there were too
// many to tell; nil when there is none.
func (f *findings) refusal() error {
	if f.untold > 0 {
		f.faults = append(f.faults, Fault{"", "more_faults", fmt.Sprintf("There are %d more faults. Correct these first.", f.untold)})
	}
	return Invalid(f.faults)
}

// warn notes a doubt: the content is accepted, and the doubt is told.
func (f *findings) warn(pointer, code, format string, args ...any) {
	if f.alike == nil {
		f.alike = map[string]int{}
	}
	if f.alike[code]++; f.alike[code] <= mostAlike {
		f.warnings = append(f.warnings, Fault{pointer, code, fmt.Sprintf(format, args...)})
	}
}

// told gives the warnings, with a last word on each code of which there were
// too many to tell. It is never nil.
func (f *findings) told() []Fault {
	told := append([]Fault{}, f.warnings...)
	for _, w := range f.warnings {
		if more := f.alike[w.Code] - mostAlike; more > 0 {
			f.alike[w.Code] = 0
			told = append(told, Fault{"", w.Code, fmt.Sprintf("There are %d more of these.", more)})
		}
	}
	return told
}

// linePointer is the JSON Pointer of a field of line i.
func linePointer(i int, field string) string { return "/lines/" + strconv.Itoa(i) + "/" + field }
