package service

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/repository"
)

// The scopes of an API key.
const (
	ScopeWrite    = "invoices:write"
	ScopeRead     = "invoices:read"
	ScopeWebhooks = "webhooks"
	ScopeAdmin    = "admin"
)

// Scopes lists every scope.
func Scopes() []string { return []string{ScopeWrite, ScopeRead, ScopeWebhooks, ScopeAdmin} }

// Caller is who makes a request.
type Caller struct {
	Tenant string
	KeyID  string
	Scopes []string
}

// Has says whether the caller's key holds a scope.
func (c Caller) Has(scope string) bool { return slices.Contains(c.Scopes, scope) }

// keyMemory is how long a key is believed without asking the database, and so
// how long a revoked one may still be of use.
const keyMemory = 3 * time.Second

// keyring remembers callers by their key's hash for keyMemory.
type keyring struct {
	mu      sync.Mutex
	callers map[string]rememberedCaller
}

type rememberedCaller struct {
	caller Caller
	until  time.Time
}

// Authenticate finds out whose key a secret is. The key is looked up by its
// hash, so no comparison leaks how much of it was right.
func (s *Service) Authenticate(ctx context.Context, secret string) (Caller, error) {
	unknown := faktur.NewError(faktur.KindUnknownKey, "unauthorized",
		"Send a valid API key as `Authorization: Bearer fg_...`. `fakturgate keys create` makes one.")
	if !strings.HasPrefix(secret, "fg_") || len(secret) < minKeyLength || len(secret) > 200 {
		return Caller{}, unknown
	}
	hash := hashKey(secret)
	if caller, ok := s.keys.recall(hash, s.Now()); ok {
		return caller, nil
	}
	key, err := s.DB.KeyByHash(ctx, hash)
	if errors.Is(err, repository.ErrNotFound) || (err == nil && !key.RevokedAt.IsZero()) {
		return Caller{}, unknown
	}
	if err != nil {
		return Caller{}, translate(err, "API key")
	}
	caller := Caller{Tenant: key.Tenant, KeyID: key.ID, Scopes: key.Scopes}
	s.keys.remember(hash, caller, s.Now().Add(keyMemory))
	return caller, nil
}

func (k *keyring) recall(hash string, now time.Time) (Caller, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	found, ok := k.callers[hash]
	return found.caller, ok && now.Before(found.until)
}

func (k *keyring) remember(hash string, caller Caller, until time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.callers == nil || len(k.callers) >= 10_000 {
		k.callers = map[string]rememberedCaller{}
	}
	k.callers[hash] = rememberedCaller{caller, until}
}

// minKeyLength is that of "fg_" and 43 characters: 256 bits in base64.
const minKeyLength = 3 + 43

func hashKey(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// CreateKey makes an API key for a tenant and gives its secret, which is shown
// this once and stored only as a hash.
func (s *Service) CreateKey(ctx context.Context, tenant, name string, scopes []string) (string, repository.APIKey, error) {
	random := make([]byte, 32)
	rand.Read(random)
	secret := "fg_" + base64.RawURLEncoding.EncodeToString(random)
	key, err := s.storeKey(ctx, secret, tenant, name, scopes)
	return secret, key, err
}

// EnsureBootstrapKey stores a key that was given from outside, with every scope
// for tenant "default", unless it is there already.
func (s *Service) EnsureBootstrapKey(ctx context.Context, secret string) error {
	if !strings.HasPrefix(secret, "fg_") || len(secret) < minKeyLength {
		return fmt.Errorf("FAKTURGATE_BOOTSTRAP_KEY must be fg_ and at least %d more characters", minKeyLength-3)
	}
	_, err := s.storeKey(ctx, secret, "default", "bootstrap", Scopes())
	return err
}

func (s *Service) storeKey(ctx context.Context, secret, tenant, name string, scopes []string) (repository.APIKey, error) {
	for _, scope := range scopes {
		if !slices.Contains(Scopes(), scope) {
			return repository.APIKey{}, fmt.Errorf("there is no scope %q; there are %s", scope, strings.Join(Scopes(), ", "))
		}
	}
	if tenant == "" || strings.ContainsAny(tenant, " \t\r\n/") {
		return repository.APIKey{}, fmt.Errorf("a tenant's name is one word without slashes, not %q", tenant)
	}
	key := repository.APIKey{ID: s.NewID(), Tenant: tenant, Name: name, Prefix: secret[:9], Hash: hashKey(secret),
		Scopes: scopes, CreatedAt: s.Now()}
	return key, s.DB.AddKey(ctx, key)
}

// Keys lists the keys of a tenant, or of all tenants when it is "".
func (s *Service) Keys(ctx context.Context, tenant string) ([]repository.APIKey, error) {
	return s.DB.Keys(ctx, tenant)
}

// RevokeKey makes a key invalid; running processes notice within keyMemory.
func (s *Service) RevokeKey(ctx context.Context, id string) error {
	return s.DB.RevokeKey(ctx, id, s.Now())
}
