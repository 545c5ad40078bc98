package faktur_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/fakturgate/fakturgate/faktur"
)

// A secret is read from JSON and shows itself nowhere but in Reveal.
func TestSecret(t *testing.T) {
	t.Parallel()
	const canary = "Kata-Sandi#1"
	var signer faktur.Signer
	if err := json.Unmarshal([]byte(`{"passphrase":"`+canary+`"}`), &signer); err != nil || signer.Passphrase.Reveal() != canary {
		t.Fatalf("read %q, %v", signer.Passphrase.Reveal(), err)
	}
	encoded, err := json.Marshal(map[string]any{"signer": signer, "passphrase": signer.Passphrase})
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("m", "s", signer, "p", signer.Passphrase, "pp", &signer.Passphrase)
	for _, shown := range []string{
		string(encoded), log.String(), fmt.Sprint(signer), fmt.Sprintf("%v %+v %#v %s %q %x", signer, signer, signer, signer.Passphrase, signer.Passphrase, signer.Passphrase),
	} {
		if strings.Contains(shown, canary) || strings.Contains(shown, fmt.Sprintf("%x", canary)) {
			t.Errorf("it shows the secret: %s", shown)
		}
	}
}
