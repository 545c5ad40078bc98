package service

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// Sealer encrypts secrets at rest with the master key: AES-256-GCM, with the
// row's identity as associated data, so that a sealed text moved to another
// row does not open there.
type Sealer struct {
	aead  cipher.AEAD
	keyID string // the first bytes of the key's SHA-256, to name the key without showing it
}

// NewSealer takes a master key of exactly 32 bytes.
func NewSealer(masterKey []byte) (*Sealer, error) {
	if len(masterKey) != 32 {
		return nil, fmt.Errorf("the master key has %d bytes; it needs 32 (base64 of 32 random bytes)", len(masterKey))
	}
	block, err := aes.NewCipher(masterKey)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(masterKey)
	return &Sealer{aead: aead, keyID: hex.EncodeToString(sum[:4])}, nil
}

// CheckMasterKey refuses to go on with another master key than the one that the
// stored secrets are sealed with: they would open with no other.
func (s *Service) CheckMasterKey(ctx context.Context) error {
	ids, err := s.DB.SealedWith(ctx)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if id != s.Sealer.keyID {
			return fmt.Errorf("the secrets in this database are sealed with master key %s, and the one given is %s: "+
				"set FAKTURGATE_MASTER_KEY (or _FILE) to the former, or put its file back beside the database; "+
				"if `fakturgate keys rotate-master` was interrupted, run it again; if the key is lost, see FAKTURGATE_MASTER_KEY_LOST", id, s.Sealer.keyID)
		}
	}
	return nil
}

// Seal encrypts plain for a row ("webhook_endpoints/ID").
func (s *Sealer) Seal(plain []byte, row string) string {
	nonce := make([]byte, s.aead.NonceSize())
	rand.Read(nonce)
	box := s.aead.Seal(nonce, nonce, plain, []byte(row))
	return "v1." + s.keyID + "." + base64.RawStdEncoding.EncodeToString(box)
}

// Open decrypts what Seal made for the same row.
func (s *Sealer) Open(sealed, row string) ([]byte, error) {
	parts := strings.Split(sealed, ".")
	if len(parts) != 3 || parts[0] != "v1" {
		return nil, errors.New("sealed text: unknown form")
	}
	if parts[1] != s.keyID {
		return nil, fmt.Errorf("sealed text: it was sealed with master key %s, and this one is %s", parts[1], s.keyID)
	}
	box, err := base64.RawStdEncoding.DecodeString(parts[2])
	if err != nil || len(box) < s.aead.NonceSize() {
		return nil, errors.New("sealed text: damaged")
	}
	plain, err := s.aead.Open(nil, box[:s.aead.NonceSize()], box[s.aead.NonceSize():], []byte(row))
	if err != nil {
		return nil, fmt.Errorf("sealed text of %s does not open: %w", row, err)
	}
	return plain, nil
}
