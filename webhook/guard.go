package webhook

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"unicode"

	"code.dny.dev/ssrf"
)

// AllowVariable is the setting that lists the private ranges webhooks may reach.
const AllowVariable = "FAKTURGATE_WEBHOOK_ALLOW_CIDRS"

// ErrAddressRefused is why a connection was not made: the host leads to an
// address that webhooks may not reach.
var ErrAddressRefused = errors.New("the host leads to a private address, which is not listed in " + AllowVariable)

// errPlainRefused is the same for an http URL whose host is a public address.
var errPlainRefused = errors.New("plain http goes only to addresses listed in " + AllowVariable)

// never are addresses that no setting opens: a program on this machine or this
// link answers there with secrets, or nobody does.
var never = prefixes(
	"0.0.0.0/8", "::/128", // unspecified: connects to this machine
	"169.254.0.0/16", "fe80::/10", // link-local, and with it 169.254.169.254
	"224.0.0.0/4", "ff00::/8", "255.255.255.255/32", // multicast, broadcast
	"168.63.129.16/32",   // Azure's host agent
	"100.100.100.200/32", // Alibaba Cloud's metadata
	"192.0.0.192/32",     // Oracle Cloud's metadata
	"fd00:ec2::/32",      // AWS's metadata over IPv6
	"fd20:ce::254/128",   // Google Cloud's metadata over IPv6
)

// tunnels are IPv6 ranges whose addresses carry an IPv4 address to which a
// gateway on the way may forward: at is where its four bytes begin.
var tunnels = []struct {
	prefix   netip.Prefix
	at       int
	inverted bool
}{
	{netip.MustParsePrefix("64:ff9b::/96"), 12, false},   // NAT64, RFC 6052
	{netip.MustParsePrefix("64:ff9b:1::/48"), 12, false}, // NAT64 of a site's own, RFC 8215
	{netip.MustParsePrefix("2002::/16"), 2, false},       // 6to4, RFC 3056
	{netip.MustParsePrefix("2001::/32"), 4, false},       // Teredo's server, RFC 4380
	{netip.MustParsePrefix("2001::/32"), 12, true},       // Teredo's client
}

func prefixes(texts ...string) []netip.Prefix {
	list := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		list[i] = netip.MustParsePrefix(text)
	}
	return list
}

// ParseCIDRs reads a setting such as AllowVariable: ranges or single addresses,
// separated by commas or spaces. "" is none. A range that is never reached is an
// error, so that nobody believes to have opened it.
func ParseCIDRs(setting, text string) ([]netip.Prefix, error) {
	var list []netip.Prefix
	for _, field := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || unicode.IsSpace(r) }) {
		prefix, err := parsePrefix(field)
		if err != nil || prefix.Addr().Is4In6() {
			return nil, fmt.Errorf("%s: %q is neither a range such as 192.168.0.0/16 nor an address", setting, field)
		}
		for _, n := range never {
			if n.Bits() <= prefix.Bits() && n.Contains(prefix.Addr()) {
				return nil, fmt.Errorf("%s: %s cannot be opened: link-local, metadata and multicast addresses are never called", setting, field)
			}
		}
		list = append(list, prefix)
	}
	return list, nil
}

func parsePrefix(text string) (netip.Prefix, error) {
	if strings.Contains(text, "/") {
		prefix, err := netip.ParsePrefix(text)
		return prefix.Masked(), err
	}
	addr, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Prefix{}, err
	}
	return addr.Unmap().Prefix(addr.Unmap().BitLen())
}

// Guard decides which addresses messages may go to: public ones, and private
// ones that the operator listed. Its zero value lists none.
type Guard struct {
	// Allowed are the private ranges that may be reached; see ParseCIDRs.
	Allowed []netip.Prefix
	// Resolver turns names into addresses; nil means the system's.
	Resolver *net.Resolver
}

// public knows IANA's special-purpose registries.
var public = ssrf.New(ssrf.WithAnyPort())

// Check says whether an address may be reached; otherwise ErrAddressRefused.
func (g *Guard) Check(addr netip.Addr) error {
	addr = addr.Unmap()
	if addr.Zone() != "" || in(never, addr) {
		return ErrAddressRefused
	}
	tunnelled := false
	for _, t := range tunnels {
		if t.prefix.Contains(addr) {
			tunnelled = true
			if err := g.Check(carried(addr, t.at, t.inverted)); err != nil {
				return err
			}
		}
	}
	// The public range of code.dny.dev/ssrf holds no tunnel.
	if !g.lists(addr) && (tunnelled || public.SafeAddr(addr) != nil) {
		return ErrAddressRefused
	}
	return nil
}

// lists says whether the operator named the address's range.
func (g *Guard) lists(addr netip.Addr) bool { return in(g.Allowed, addr.Unmap()) }

func in(list []netip.Prefix, addr netip.Addr) bool {
	return slices.ContainsFunc(list, func(p netip.Prefix) bool { return p.Contains(addr) })
}

func carried(addr netip.Addr, at int, inverted bool) netip.Addr {
	whole := addr.As16()
	four := [4]byte(whole[at : at+4])
	if inverted {
		for i := range four {
			four[i] ^= 0xff
		}
	}
	return netip.AddrFrom4(four)
}

type plainKey struct{}

// withPlain marks the context of a request over plain http.
func withPlain(ctx context.Context) context.Context {
	return context.WithValue(ctx, plainKey{}, true)
}

// control refuses a connection when its address is already known and the first
// packet has not been sent yet: what the name resolved to earlier, when the
// endpoint was created, does not count.
func (g *Guard) control(ctx context.Context, _, address string, _ syscall.RawConn) error {
	target, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrAddressRefused, err)
	}
	if err := g.Check(target.Addr()); err != nil {
		return err
	}
	if ctx.Value(plainKey{}) != nil && !g.lists(target.Addr()) {
		return errPlainRefused
	}
	return nil
}

// resolve gives the addresses of a host, which may be an address itself.
func (g *Guard) resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	if addr, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{addr}, nil
	}
	resolver := g.Resolver
	if resolver == nil {
		resolver = net.DefaultResolver
	}
	return resolver.LookupNetIP(ctx, "ip", host)
}
