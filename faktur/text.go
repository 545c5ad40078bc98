package faktur

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// plainText says whether text has no control characters but tab and line
// breaks. Go's own strings may hold broken UTF-8, which is refused as well.
func plainText(text string) bool {
	for i := range len(text) {
		if c := text[i]; c < ' ' && c != '\t' && c != '\n' && c != '\r' || c == 0x7f {
			return false
		}
	}
	return utf8.ValidString(text)
}

// doubtText warns of what the portal's XML import is known to trip over: line
// breaks, tabs, and what nobody sees on a screen (FACTS 5.3, FAQ-95).
func (f *findings) doubtText(pointer, text string) {
	if strings.TrimSpace(text) != text {
		f.warn(pointer, "surrounding_space", "There is a space or a line break before or after the text. The portal may drop it; better leave it out.")
	} else if i := strings.IndexFunc(text, hidden); i >= 0 {
		f.warn(pointer, "hidden_character", "The text contains a line break, a tab or an invisible character (%U). DJP's import is known to refuse some; better use plain spaces.", []rune(text[i:])[0])
	}
}

// doubtful says whether doubtText would warn.
func doubtful(text string) bool {
	return strings.TrimSpace(text) != text || strings.IndexFunc(text, hidden) >= 0
}

func hidden(c rune) bool {
	switch {
	case c < 0x80:
		return c < ' '
	case c == '\u00a0', c == utf8.RuneError:
		return true
	}
	return unicode.In(c, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp)
}

// validPeriod says whether text is a month as MMYYYY.
func validPeriod(text string) bool {
	return digits(text, 6) && text[:2] >= "01" && text[:2] <= "12" && text[2:] >= "1900"
}

// Clip shortens text to at most most bytes, never within a character, and marks the cut.
func Clip(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}

// clip shortens a refused text to what a message can show.
func clip(text string) string { return Clip(text, 40) }

// maxText is the longest text of another system's that is kept, in characters.
const maxText = 2000

// CleanText makes another system's text fit to be stored and shown: valid
// UTF-8 without control characters (PostgreSQL refuses NUL), not endless.
func CleanText(text string) string {
	text = strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r == 0x7f {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD"))
	if runes := []rune(text); len(runes) > maxText {
		return string(runes[:maxText]) + "…"
	}
	return text
}
