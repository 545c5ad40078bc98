package faktur

import (
	"strings"
	"testing"
)

func TestClip(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, want string }{
		{"", ""}, {"abcdé", "abcdé"}, {"abcdef", "abcdef"}, {"abcdefg", "abcdef…"}, {"abcdeé", "abcde…"}, {"ééé", "ééé"}, {"éééé", "ééé…"}, {"abé日本", "abé…"},
	} {
		if got := Clip(c.text, 6); got != c.want {
			t.Errorf("%q: %q, want %q", c.text, got, c.want)
		}
	}
}

func TestCleanText(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, want string }{
		{"", ""}, {"NITKU tidak valid\n\té", "NITKU tidak valid\n\té"}, {"a\x00b\x1b[31mc\x7f\r", "ab[31mc"}, {"a\xffb\xc3", "a\uFFFDb\uFFFD"},
		{strings.Repeat("é", 2000), strings.Repeat("é", 2000)}, {strings.Repeat("é", 2001), strings.Repeat("é", 2000) + "…"},
	} {
		if got := CleanText(c.text); got != c.want {
			t.Errorf("%q: %q, want %q", c.text, got, c.want)
		}
	}
}
