package faktur

import (
	"fmt"
	"strconv"
)

// findings gathers what is wrong and what is doubtful about one content.
type findings struct{ faults, warnings []Fault }

// refuse notes a fault: the content is not accepted.
func (f *findings) refuse(pointer, code, format string, args ...any) {
	f.faults = append(f.faults, Fault{pointer, code, fmt.Sprintf(format, args...)})
}

// warn notes a doubt: the content is accepted, and the doubt is told.
func (f *findings) warn(pointer, code, format string, args ...any) {
	f.warnings = append(f.warnings, Fault{pointer, code, fmt.Sprintf(format, args...)})
}

// linePointer is the JSON Pointer of a field of line i.
func linePointer(i int, field string) string { return "/lines/" + strconv.Itoa(i) + "/" + field }
