package webhook

import (
	"context"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/fakturgate/fakturgate/faktur"
)

const (
	maxURLLength   = 2048
	resolveTimeout = 5 * time.Second
)

// CheckURL says whether an endpoint may have this URL. The error is a
// *faktur.Error with one fault at /url: webhook_url_invalid,
// webhook_host_unresolvable, webhook_address_private, or webhook_https_required.
//
// Every address of the host must pass the guard, not only the one that would be
// dialled. Plain http is for hosts all of whose addresses the operator listed:
// the messages carry tax data.
func (g *Guard) CheckURL(ctx context.Context, text string) error {
	u, complaint := parseURL(text)
	if complaint != "" {
		return urlFault("webhook_url_invalid", complaint)
	}
	ctx, cancel := context.WithTimeout(ctx, resolveTimeout)
	defer cancel()
	addrs, err := g.resolve(ctx, u.Hostname())
	if err != nil || len(addrs) == 0 {
		return urlFault("webhook_host_unresolvable", fmt.Sprintf(
			"The host name %s does not resolve to an address from here. Check its spelling, or create the endpoint once the name exists.", u.Hostname()))
	}
	listed := true
	for _, addr := range addrs {
		if g.Check(addr) != nil {
			return urlFault("webhook_address_private", fmt.Sprintf(
				"%s leads to a private address, where webhooks do not go by default. If your receiver is in the gateway's own network, the operator lists its range in %s (such as 192.168.0.0/16). Link-local and metadata addresses are never allowed.",
				u.Hostname(), AllowVariable))
		}
		listed = listed && g.lists(addr)
	}
	if u.Scheme == "http" && !listed {
		return urlFault("webhook_https_required", fmt.Sprintf(
			"The url must begin with https://, because messages carry tax data. Plain http is only for hosts whose addresses are listed in %s.", AllowVariable))
	}
	return nil
}

func urlFault(code, message string) error {
	return faktur.Invalid([]faktur.Fault{{Pointer: "/url", Code: code, Message: message}})
}

// parseURL gives the URL, or what is wrong with it.
func parseURL(text string) (u *url.URL, complaint string) {
	if text == "" {
		return nil, "The url is missing. Write the whole address of your receiver, such as https://erp.example.co.id/fakturgate."
	}
	if len(text) > maxURLLength {
		return nil, fmt.Sprintf("The url is longer than %d characters.", maxURLLength)
	}
	u, err := url.Parse(text)
	if err != nil || u.Opaque != "" || (u.Scheme != "https" && u.Scheme != "http") {
		return nil, "The url is not an address that begins with https://."
	}
	switch {
	case u.User != nil:
		return nil, "The url carries a user name or password. Messages are signed; verify the signature instead."
	case strings.Contains(text, "#"):
		return nil, "The url has a part after #, which is never sent. Leave it away."
	case !validPort(u):
		return nil, "The url's port is not a number from 1 to 65535."
	}
	return u, hostComplaint(u.Hostname())
}

func validPort(u *url.URL) bool {
	if u.Port() == "" {
		return !strings.HasSuffix(u.Host, ":")
	}
	port, err := strconv.ParseUint(u.Port(), 10, 16)
	return err == nil && port > 0
}

// hostComplaint refuses hosts that resolvers read in different ways: 127.1,
// 0x7f.0.0.1, 017700000001 and 2130706433 are 127.0.0.1 to some of them.
func hostComplaint(host string) string {
	if host == "" {
		return "The url names no host."
	}
	if _, err := netip.ParseAddr(host); err == nil {
		return ""
	}
	for _, r := range host {
		if !isHostLetter(r) {
			return fmt.Sprintf("The host %q has a character that host names do not have. Write an international name in its xn-- form.", host)
		}
	}
	labels := strings.Split(strings.TrimSuffix(host, "."), ".")
	if last := labels[len(labels)-1]; last == "" || isNumber(last) {
		return fmt.Sprintf("The host %q is neither a name nor an IP address in its usual form, such as 192.0.2.1.", host)
	}
	return ""
}

// isNumber says whether a host's last label makes it an address in some other
// way of writing: decimal or octal digits, or 0x and hexadecimal ones.
func isNumber(label string) bool {
	digits, hex := strings.CutPrefix(strings.ToLower(label), "0x")
	allowed := "0123456789"
	if hex {
		allowed += "abcdef"
	}
	return strings.Trim(digits, allowed) == ""
}

func isHostLetter(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '.' || r == '_'
}
