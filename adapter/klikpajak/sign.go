package klikpajak

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/fakturgate/fakturgate/faktur"
)

// signature gives the headers that sign one call (MEKARI): the HMAC-SHA256 under
// the client secret of its date and its request line, with the query. How old a
// date may be is not known; it is the present.
func signature(clientID string, secret faktur.Secret, now time.Time, method, address string) (http.Header, error) {
	target, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	date := now.UTC().Format(http.TimeFormat)
	mac := hmac.New(sha256.New, []byte(secret.Reveal()))
	fmt.Fprintf(mac, "date: %s\n%s %s HTTP/1.1", date, method, target.RequestURI())
	return http.Header{
		"Date": {date},
		"Authorization": {fmt.Sprintf(`hmac username="%s", algorithm="hmac-sha256", headers="date request-line", signature="%s"`,
			clientID, base64.StdEncoding.EncodeToString(mac.Sum(nil)))},
	}, nil
}
