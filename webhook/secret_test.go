package webhook

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/iotest"
)

func TestNewSecret(t *testing.T) {
	t.Parallel()
	secret, err := NewSecret(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	again, err := ParseSecret(secret.Text())
	if err != nil || !bytes.Equal(secret, again) {
		t.Errorf("%v read back as %v, %v", []byte(secret), []byte(again), err)
	}
	if other, _ := NewSecret(rand.Reader); bytes.Equal(secret, other) {
		t.Error("two secrets are the same")
	}
	for _, format := range []string{"%v", "%s", "%+v", "%x", "%q"} {
		printed := fmt.Sprintf(format, secret)
		if strings.Contains(printed, secret.Text()) || strings.Contains(printed, fmt.Sprintf("%x", []byte(secret))) {
			t.Errorf("%s prints the secret", format)
		}
	}
	if _, err := NewSecret(iotest.ErrReader(errors.New("no entropy"))); err == nil {
		t.Error("no error when the random source fails")
	}
}

func TestParseSecretLengths(t *testing.T) {
	t.Parallel()
	for length, want := range map[int]bool{0: false, 23: false, 24: true, 64: true, 65: false} {
		text := "whsec_" + base64.StdEncoding.EncodeToString(make([]byte, length))
		if _, err := ParseSecret(text); (err == nil) != want {
			t.Errorf("%d bytes: %v, want taken %v", length, err, want)
		}
	}
	for _, text := range []string{"", "whsec_", "whsec_***", strings.Repeat("A", 44)} {
		if _, err := ParseSecret(text); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}
