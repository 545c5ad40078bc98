package handlers

import "testing"

func TestIfNoneMatchKnowsAVersion(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]bool{
		`"3"`: true, `W/"3"`: true, `*`: true, `"1", "3"`: true, `"4"`: false, `3`: false, ``: false,
	} {
		if got := matches([]string{header}, `"3"`); got != want {
			t.Errorf("If-None-Match: %s matches %t, want %t", header, got, want)
		}
	}
}

// A tag that is none of ours must not be taken for "any version".
func TestIfMatchAsksForAVersion(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]struct {
		sequence int64
		stale    bool
	}{
		``: {}, `*`: {}, `"3"`: {sequence: 3},
		`3`: {stale: true}, `W/"3"`: {stale: true}, `"abc"`: {stale: true}, `"0"`: {stale: true}, `"1", "2"`: {stale: true},
	} {
		sequence, err := ifMatch([]string{header})
		if sequence != want.sequence || (err != nil) != want.stale {
			t.Errorf("If-Match: %s asks for %d, %v; want %+v", header, sequence, err, want)
		}
	}
}
