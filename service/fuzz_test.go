package service

import (
	"strings"
	"testing"
)

// A forged cursor is refused, or leads to a place as harmless as any of ours.
func FuzzCursor(f *testing.F) {
	for _, position := range []string{"0199c9a4-7a52-7d0e-8f3c-2b1f6d1c9a10", "0012345674901000", "42", "' OR 1=1 --", "", "9223372036854775808", "-1"} {
		f.Add(sealCursor(position))
	}
	f.Add("forged")
	f.Add("YzE6JyBPUiAxPTE")
	f.Fuzz(func(t *testing.T, cursor string) {
		position, err := openCursor(cursor)
		if err == nil && cursor != "" {
			const letters = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_"
			if position == "" || len(position) > 100 || strings.Trim(position, letters) != "" {
				t.Fatalf("%q leads to %q", cursor, position)
			}
		}
		if at, err := feedPosition(cursor); at < 0 || err == nil && at > 0 && cursor == "" {
			t.Fatalf("%q is position %d of the feed", cursor, at)
		}
	})
}

// What was sealed for one row opens there and nowhere else; nothing else opens.
func FuzzSealed(f *testing.F) {
	sealer, err := NewSealer([]byte("a-master-key-that-has-32-bytes-!"))
	if err != nil {
		f.Fatal(err)
	}
	sealed := sealer.Seal([]byte("rahasia"), "signers/1")
	f.Add(sealed, "signers/1")
	f.Add("v1.."+sealed, "signers/1")
	f.Add("v1."+sealer.keyID+".AAAA", "")
	f.Fuzz(func(t *testing.T, text, row string) {
		if plain, err := sealer.Open(text, row); err == nil {
			if text != sealed || row != "signers/1" || string(plain) != "rahasia" {
				t.Fatalf("%q opens for %q as %q", text, row, plain)
			}
		}
		own := sealer.Seal([]byte(text), row)
		if plain, err := sealer.Open(own, row); err != nil || string(plain) != text {
			t.Fatalf("what was sealed opens as %q, %v", plain, err)
		}
		if _, err := sealer.Open(own, row+"x"); err == nil || text != "" && strings.Contains(own, text) && len(text) > 20 {
			t.Fatalf("%q opens in another row, or shows what it hides", own)
		}
	})
}
