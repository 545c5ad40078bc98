package service

import (
	"bytes"
	"strings"
	"testing"
)

func TestSealedSecretsOpenOnlyInTheirRowWithTheirKey(t *testing.T) {
	t.Parallel()
	sealer, other := mustSealer(t, 1), mustSealer(t, 2)
	sealed := sealer.Seal([]byte("whsec_x"), "webhook_endpoints/1")
	if strings.Contains(sealed, "whsec") {
		t.Fatal("the secret is readable")
	}
	if plain, err := sealer.Open(sealed, "webhook_endpoints/1"); err != nil || string(plain) != "whsec_x" {
		t.Fatalf("%q, %v", plain, err)
	}
	for name, open := range map[string]func() ([]byte, error){
		"another row": func() ([]byte, error) { return sealer.Open(sealed, "webhook_endpoints/2") },
		"another key": func() ([]byte, error) { return other.Open(sealed, "webhook_endpoints/1") },
		"damaged":     func() ([]byte, error) { return sealer.Open(sealed[:len(sealed)-4]+"AAAA", "webhook_endpoints/1") },
		"not sealed":  func() ([]byte, error) { return sealer.Open("whsec_x", "webhook_endpoints/1") },
	} {
		if plain, err := open(); err == nil {
			t.Errorf("%s: it opened to %q", name, plain)
		}
	}
	if _, err := NewSealer([]byte("short")); err == nil {
		t.Error("a short master key was taken")
	}
}

func mustSealer(t *testing.T, b byte) *Sealer {
	t.Helper()
	s, err := NewSealer(bytes.Repeat([]byte{b}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return s
}
