package faktur

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
)

// ParseBase gives the address of a service without a slash at its end. It must
// be https, or plain http on loopback: over anything else secrets and invoices
// would travel readable. setting is what the address is called where a person
// set it. An error never repeats the address as a whole, because it may hold a
// password.
func ParseBase(setting, text string) (string, error) {
	base, err := url.Parse(text)
	if err != nil || base.Host == "" || base.Hostname() == "" {
		return "", fmt.Errorf("the address (%s) is not an https URL such as https://tax.example.co.id", setting)
	}
	switch {
	case base.User != nil:
		return "", fmt.Errorf("the address (%s) holds a user or password; secrets have settings of their own", setting)
	case base.RawQuery != "" || base.ForceQuery || base.Fragment != "":
		return "", fmt.Errorf("the address (%s) must end with its path, without ? and #", setting)
	case base.Scheme == "http" && !isLoopback(base.Hostname()):
		return "", fmt.Errorf("plain http to %s would show secrets and invoices to everyone on the way; use https (plain http is for this machine only)", clip(base.Hostname()))
	case base.Scheme != "http" && base.Scheme != "https":
		return "", fmt.Errorf("the address (%s) begins with %s: instead of https", setting, clip(base.Scheme))
	}
	return strings.TrimRight(base.String(), "/"), nil
}

// ParseLink gives an address that a service names, such as a PDF's, when it may
// be passed on: https, or plain http on loopback, without a password.
func ParseLink(text string) (string, error) {
	link, err := url.Parse(text)
	if err != nil || link.Hostname() == "" || link.User != nil || link.Scheme != "https" && (link.Scheme != "http" || !isLoopback(link.Hostname())) {
		return "", errors.New("the link is not an https address")
	}
	return link.String(), nil
}

func isLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && addr.Unmap().IsLoopback()
}
