package webhook

import (
	"encoding/base64"
	"fmt"
	"io"
	"strings"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// The lengths of a secret in bytes: Standard Webhooks allows 24 to 64.
const (
	newSecretLength = 32
	minSecretLength = 24
	maxSecretLength = 64
)

const secretPrefix = "whsec_"

// Secret is the key that one endpoint's messages are signed with.
type Secret []byte

// NewSecret draws a secret from random, which is crypto/rand.Reader outside tests.
func NewSecret(random io.Reader) (Secret, error) {
	secret := make(Secret, newSecretLength)
	if _, err := io.ReadFull(random, secret); err != nil {
		return nil, fmt.Errorf("draw a webhook secret: %w", err)
	}
	return secret, nil
}

// ParseSecret reads what Text wrote.
func ParseSecret(text string) (Secret, error) {
	encoded, ok := strings.CutPrefix(text, secretPrefix)
	if !ok {
		return nil, fmt.Errorf("a webhook secret begins with %s", secretPrefix)
	}
	secret, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return nil, fmt.Errorf("a webhook secret is base64 after %s", secretPrefix)
	}
	if len(secret) < minSecretLength || len(secret) > maxSecretLength {
		return nil, fmt.Errorf("a webhook secret has %d to %d bytes, not %d", minSecretLength, maxSecretLength, len(secret))
	}
	return secret, nil
}

// Text is the secret as its owner gets it: whsec_ and base64.
func (s Secret) Text() string { return secretPrefix + base64.StdEncoding.EncodeToString(s) }

// String hides the secret, so that no log prints it by accident.
func (s Secret) String() string { return secretPrefix + "(hidden)" }

// sign gives the webhook-signature header: one value for each secret. A
// receiver takes the message when any of them verifies, so that during a
// rotation both the old and the new secret do.
func sign(secrets []Secret, messageID string, at time.Time, body []byte) (string, error) {
	signatures := make([]string, len(secrets))
	for i, secret := range secrets {
		signer, err := standardwebhooks.NewWebhookRaw(secret)
		if err != nil {
			return "", fmt.Errorf("sign: %w", err)
		}
		if signatures[i], err = signer.Sign(messageID, at, body); err != nil {
			return "", fmt.Errorf("sign: %w", err)
		}
	}
	return strings.Join(signatures, " "), nil
}
