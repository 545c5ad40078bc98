package klikpajaktest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"
)

// authorization is the header as MEKARI writes it, and no other way.
var authorization = regexp.MustCompile(`^hmac username="([^"]+)", algorithm="hmac-sha256", headers="date request-line", signature="([A-Za-z0-9+/]{43}=)"$`)

// admit gives the NPWP of who signed a call: the date must be of now, and the
// signature that of its client over the date and the request line as it came.
func (s *Server) admit(r *http.Request) (npwp string, refused *refusal) {
	said := authorization.FindStringSubmatch(r.Header.Get("Authorization"))
	if said == nil {
		return "", &refusal{http.StatusUnauthorized, "Unauthorized"}
	}
	date := r.Header.Get("Date")
	at, err := time.Parse(time.RFC1123, date)
	if err != nil || !strings.HasSuffix(date, " GMT") || s.config.Now().Sub(at).Abs() > s.config.MaxSkew {
		return "", &refusal{http.StatusUnauthorized, "HMAC signature cannot be verified, a valid date or x-date header is required for HMAC Authentication"}
	}
	client, known := s.config.Clients[said[1]]
	mac := hmac.New(sha256.New, []byte(client.Secret))
	fmt.Fprintf(mac, "date: %s\n%s %s %s", date, r.Method, r.RequestURI, r.Proto)
	signature, err := base64.StdEncoding.DecodeString(said[2])
	if err != nil || !known || !hmac.Equal(signature, mac.Sum(nil)) {
		return "", &refusal{http.StatusForbidden, "HMAC signature does not match"}
	}
	return client.NPWP, nil
}
