package faktur

import (
	"fmt"
	"log/slog"
)

// Secret is a text that must not be seen: a passphrase, a provider's token. It
// is read from JSON as any text; printed, logged or written as JSON it is
// "[secret]", or "" when there is none. Only Reveal gives it.
type Secret string

const hiddenSecret = "[secret]"

// Hidden says whether s is what a caller reads instead of a secret: sent back,
// as after GET, edit and PUT, it means the one that is stored.
func (s Secret) Hidden() bool { return s == hiddenSecret }

// Or gives s, or the stored secret when s is only what hides it.
func (s Secret) Or(stored Secret) Secret {
	if s.Hidden() {
		return stored
	}
	return s
}

// Reveal gives the text itself, for the call that needs it.
func (s Secret) Reveal() string { return string(s) }

// String hides the text.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return hiddenSecret
}

// Format hides the text from every verb of fmt.
func (s Secret) Format(f fmt.State, _ rune) { fmt.Fprint(f, s.String()) }

// LogValue hides the text from slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText hides the text from encoders.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads the text as it is.
func (s *Secret) UnmarshalText(text []byte) error {
	*s = Secret(text)
	return nil
}
