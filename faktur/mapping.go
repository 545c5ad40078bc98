package faktur

import (
	"maps"
	"slices"
	"strings"
)

// maxMapped is how many codes a seller may map; our own bound.
const maxMapped = 10_000

// UnitCode gives DJP's code of a unit for the ERP's own one; what UnitCodes
// does not name stays as it is.
func (s *Settings) UnitCode(own string) string { return mapped(s.UnitCodes, own) }

// ProductCode gives DJP's code of a good or service for the ERP's own one; what
// ProductCodes does not name stays as it is.
func (s *Settings) ProductCode(own string) string { return mapped(s.ProductCodes, own) }

func mapped(codes map[string]string, own string) string {
	if code, named := codes[own]; named {
		return code
	}
	return own
}

// Filed gives inv with the ERP's own codes of units and products replaced by
// DJP's, as it is checked, stored, shown and filed. The content given is left
// alone: it stays what the ERP sent, and ContentHash of it recognises a
// repetition even when the maps have changed since. Filing what is filed
// already changes nothing.
func (s *Settings) Filed(inv TaxInvoice) TaxInvoice {
	if len(s.UnitCodes) == 0 && len(s.ProductCodes) == 0 {
		return inv
	}
	inv.Lines = slices.Clone(inv.Lines)
	for i := range inv.Lines {
		inv.Lines[i].Unit = s.UnitCode(inv.Lines[i].Unit)
		inv.Lines[i].Code = s.ProductCode(inv.Lines[i].Code)
	}
	return inv
}

// FiledReturn is Filed of a return.
func (s *Settings) FiledReturn(r Return) Return {
	if len(s.UnitCodes) == 0 && len(s.ProductCodes) == 0 {
		return r
	}
	r.Lines = slices.Clone(r.Lines)
	for i := range r.Lines {
		r.Lines[i].Unit = s.UnitCode(r.Lines[i].Unit)
		r.Lines[i].Code = s.ProductCode(r.Lines[i].Code)
	}
	return r
}

// checkMapping checks a map from the ERP's own codes to DJP's, which have that
// shape; malformed is the code of the fault when one has not. A code that stands on both sides must stand for itself: what is read
// by GET and sent back by PUT is mapped a second time.
func (f *findings) checkMapping(pointer string, codes map[string]string, malformed, shape string) {
	if len(codes) > maxMapped {
		f.refuse(pointer, "too_many_codes", "There are %d codes; at most %d can be mapped. Map the others in the ERP.", len(codes), maxMapped)
		return
	}
	for _, own := range slices.Sorted(maps.Keys(codes)) {
		code, at := codes[own], pointer+"/"+escapePointer.Replace(own)
		again, both := codes[code]
		switch {
		case strings.TrimSpace(own) == "":
			f.refuse(at, "required", "The ERP's own code is empty. An absent code cannot be mapped.")
		case !matches(code, shape):
			f.refuse(at, malformed, "%q is mapped to %q. %s", clip(own), clip(code), hints[strings.TrimSuffix(malformed, "_malformed")])
		case both && again != code:
			f.refuse(at, "code_mapped_twice", "%q is mapped to %s, which is mapped to %s itself. Map it to the one that is meant.", clip(own), code, clip(again))
		}
	}
}

// escapePointer writes a name as a part of a JSON Pointer.
var escapePointer = strings.NewReplacer("~", "~0", "/", "~1")
