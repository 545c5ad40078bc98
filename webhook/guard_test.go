package webhook

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"github.com/fakturgate/fakturgate/faktur"
)

func TestGuardAddresses(t *testing.T) {
	t.Parallel()
	const no, listed, yes = "never", "when listed", "always"
	cases := []struct{ address, reached, what string }{
		{"8.8.8.8", yes, "public"},
		{"103.10.20.30", yes, "public"},
		{"2606:4700:4700::1111", yes, "public"},
		{"::ffff:8.8.8.8", yes, "public, mapped into IPv6"},

		{"127.0.0.1", listed, "loopback"},
		{"127.255.255.254", listed, "loopback"},
		{"::1", listed, "loopback"},
		{"::ffff:127.0.0.1", listed, "loopback, mapped into IPv6"},
		{"10.0.0.1", listed, "private"},
		{"172.16.0.1", listed, "private"},
		{"172.31.255.255", listed, "private"},
		{"192.168.1.10", listed, "private"},
		{"::ffff:192.168.1.10", listed, "private, mapped into IPv6"},
		{"fc00::1", listed, "unique local"},
		{"fd12:3456::1", listed, "unique local"},
		{"100.64.0.1", listed, "carrier-grade NAT"},
		{"100.127.255.255", listed, "carrier-grade NAT"},
		{"192.0.2.1", listed, "documentation"},
		{"198.18.0.1", listed, "benchmarking"},
		{"240.0.0.1", listed, "reserved"},
		{"2001:db8::1", listed, "documentation"},
		{"fec0::1", listed, "site local"},
		{"::7f00:1", listed, "IPv4-compatible loopback"},
		{"64:ff9b::808:808", listed, "NAT64 of 8.8.8.8"},
		{"64:ff9b::7f00:1", listed, "NAT64 of 127.0.0.1"},
		{"2002:7f00:1::", listed, "6to4 of 127.0.0.1"},
		{"2002:c0a8:101::1", listed, "6to4 of 192.168.1.1"},
		{"2001:0:808:808:0:0:f5ff:fffe", listed, "Teredo of client 10.0.0.1"},

		{"0.0.0.0", no, "unspecified"},
		{"0.1.2.3", no, "this network"},
		{"::", no, "unspecified"},
		{"169.254.0.1", no, "link-local"},
		{"169.254.169.254", no, "metadata"},
		{"::ffff:169.254.169.254", no, "metadata, mapped into IPv6"},
		{"64:ff9b::a9fe:a9fe", no, "NAT64 of metadata"},
		{"64:ff9b:1::a9fe:a9fe", no, "a site's NAT64 of metadata"},
		{"2002:a9fe:a9fe::", no, "6to4 of metadata"},
		{"2001:0:808:808:0:0:5601:5601", no, "Teredo of metadata"},
		{"2001:0:a9fe:a9fe:0:0:f5ff:fffe", no, "Teredo through metadata"},
		{"fe80::1", no, "link-local"},
		{"fe80::1%eth0", no, "link-local with a zone"},
		{"fd12::1%eth0", no, "with a zone"},
		{"fd00:ec2::254", no, "AWS metadata"},
		{"fd20:ce::254", no, "Google metadata"},
		{"100.100.100.200", no, "Alibaba metadata"},
		{"192.0.0.192", no, "Oracle metadata"},
		{"168.63.129.16", no, "Azure's host agent, a public address"},
		{"224.0.0.1", no, "multicast"},
		{"ff02::1", no, "multicast"},
		{"255.255.255.255", no, "broadcast"},
	}
	closed := Guard{}
	open := Guard{Allowed: prefixes("0.0.0.0/0", "::/0")}
	for _, c := range cases {
		addr := netip.MustParseAddr(c.address)
		if got := closed.Check(addr) == nil; got != (c.reached == yes) {
			t.Errorf("%s (%s), nothing listed: reached %v, want %s", c.address, c.what, got, c.reached)
		}
		if got := open.Check(addr) == nil; got != (c.reached != no) {
			t.Errorf("%s (%s), everything listed: reached %v, want %s", c.address, c.what, got, c.reached)
		}
	}
}

// A listed tunnel opens only what may be reached without it.
func TestGuardTunnelsOpenNothingElse(t *testing.T) {
	t.Parallel()
	g := Guard{Allowed: prefixes("64:ff9b::/96")}
	if err := g.Check(netip.MustParseAddr("64:ff9b::808:808")); err != nil {
		t.Errorf("NAT64 of a public address: %v", err)
	}
	if err := g.Check(netip.MustParseAddr("64:ff9b::a00:1")); !errors.Is(err, ErrAddressRefused) {
		t.Errorf("NAT64 of 10.0.0.1: %v, want it refused", err)
	}
}

func TestParseCIDRs(t *testing.T) {
	t.Parallel()
	cases := []struct{ text, want, complaint string }{
		{"", "", ""},
		{"192.168.0.0/16", "192.168.0.0/16", ""},
		{" 10.0.0.0/8,192.168.1.5, fd00:1::/32 ", "10.0.0.0/8 192.168.1.5/32 fd00:1::/32", ""},
		{"192.168.1.5/16", "192.168.0.0/16", ""},
		{"::1", "::1/128", ""},
		{"0.0.0.0/0", "0.0.0.0/0", ""},
		{"192.168.x", "", "neither a range"},
		{"10.0.0.0/33", "", "neither a range"},
		{"::ffff:10.0.0.0/104", "", "neither a range"},
		{"169.254.0.0/16", "", "cannot be opened"},
		{"169.254.169.254", "", "cannot be opened"},
		{"fe80::/64", "", "cannot be opened"},
	}
	for _, c := range cases {
		list, err := ParseCIDRs(AllowVariable, c.text)
		texts := make([]string, len(list))
		for i, p := range list {
			texts[i] = p.String()
		}
		if got := strings.Join(texts, " "); got != c.want || (err == nil) != (c.complaint == "") {
			t.Errorf("%q: got %q, %v; want %q, %q", c.text, got, err, c.want, c.complaint)
		}
		if err != nil && (!strings.Contains(err.Error(), c.complaint) || !strings.Contains(err.Error(), AllowVariable)) {
			t.Errorf("%q: %q says neither %q nor which variable", c.text, err, c.complaint)
		}
	}
}

func TestCheckURL(t *testing.T) {
	t.Parallel()
	const invalid, unresolvable, private, plain = "webhook_url_invalid", "webhook_host_unresolvable", "webhook_address_private", "webhook_https_required"
	names := fakeDNS{
		"public.test": {"93.184.216.34"}, "mixed.test": {"93.184.216.34", "10.0.0.1"}, "erp.test": {"192.168.1.10"},
		"metadata.test": {"169.254.169.254"}, "six.test": {"2606:4700::1"},
	}
	cases := []struct{ url, code string }{
		{"https://public.test/hook", ""},
		{"https://public.test:8443/hook?a=b", ""},
		{"https://six.test", ""},
		{"https://93.184.216.34/hook", ""},
		{"https://[2606:4700::1]:8443/hook", ""},
		{"https://192.168.1.10/hook", ""}, // listed below
		{"http://192.168.1.10:8069/hook", ""},
		{"http://erp.test/hook", ""},

		{"https://mixed.test/hook", private},
		{"https://metadata.test/hook", private},
		{"https://127.0.0.1/hook", private},
		{"https://[::1]/hook", private},
		{"https://[::ffff:127.0.0.1]/hook", private},
		{"https://[fe80::1%25eth0]/hook", private},
		{"http://169.254.169.254/latest/meta-data/", private},
		{"https://nowhere.test/hook", unresolvable},
		{"http://public.test/hook", plain},
		{"http://93.184.216.34/hook", plain},

		{"", invalid},
		{"public.test/hook", invalid},
		{"//public.test/hook", invalid},
		{"ftp://public.test/hook", invalid},
		{"file:///etc/passwd", invalid},
		{"https:public.test", invalid},
		{"https:///hook", invalid},
		{"https://user:pass@public.test/hook", invalid},
		{"https://user@public.test/hook", invalid},
		{"https://public.test/hook#part", invalid},
		{"https://public.test/hook#", invalid},
		{"https://public.test:0/", invalid},
		{"https://public.test:65536/", invalid},
		{"https://public.test:/", invalid},
		{"https://public test/", invalid},
		{"https://pub\x00lic.test/", invalid},
		{"https://pübläc.test/", invalid},
		{"https://127。0。0。1/", invalid},
		{"https://2130706433/", invalid},
		{"https://0x7f000001/", invalid},
		{"https://0x7f.1/", invalid},
		{"https://017700000001/", invalid},
		{"https://127.1/", invalid},
		{"https://127.0.0.01/", invalid},
		{"https://127.0.0.1./", invalid},
		{"https://./", invalid},
		{"https://public.test/" + strings.Repeat("a", 2048), invalid},
	}
	g := Guard{Allowed: prefixes("192.168.0.0/16"), Resolver: names.resolver()}
	for _, c := range cases {
		err := g.CheckURL(t.Context(), c.url)
		if c.code == "" {
			if err != nil {
				t.Errorf("%s: %v", c.url, err)
			}
			continue
		}
		e, ok := errors.AsType[*faktur.Error](err)
		if !ok || e.Kind != faktur.KindInvalid || len(e.Faults) != 1 || e.Faults[0].Code != c.code || e.Faults[0].Pointer != "/url" {
			t.Errorf("%s: %v, want one fault %s at /url", c.url, err, c.code)
			continue
		}
		if c.code == private && !strings.Contains(e.Faults[0].Message, AllowVariable) {
			t.Errorf("%s: %q does not name %s", c.url, e.Faults[0].Message, AllowVariable)
		}
	}
}

// fakeDNS answers A and AAAA questions from a table, over no network at all.
type fakeDNS map[string][]string

func (f fakeDNS) resolver() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		go f.serve(server)
		return client, nil
	}}
}

func (f fakeDNS) serve(conn net.Conn) {
	defer conn.Close()
	for {
		var length [2]byte
		if _, err := io.ReadFull(conn, length[:]); err != nil {
			return
		}
		question := make([]byte, binary.BigEndian.Uint16(length[:]))
		if _, err := io.ReadFull(conn, question); err != nil {
			return
		}
		answer := f.answer(question)
		if _, err := conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer...)); err != nil {
			return
		}
	}
}

func (f fakeDNS) answer(question []byte) []byte {
	const header = 12
	var labels []string
	end := header
	for question[end] != 0 {
		n := int(question[end])
		labels = append(labels, string(question[end+1:end+1+n]))
		end += n + 1
	}
	end += 5 // the closing zero, type and class
	kind := binary.BigEndian.Uint16(question[end-4:])
	addresses, found := f[strings.Join(labels, ".")]
	answer := append([]byte{}, question[:end]...)
	count := 0
	for _, text := range addresses {
		ip := netip.MustParseAddr(text).AsSlice()
		if (kind == 1) != (len(ip) == 4) {
			continue
		}
		count++
		answer = append(answer, 0xc0, header, 0, byte(kind), 0, 1, 0, 0, 0, 0, 0, byte(len(ip)))
		answer = append(answer, ip...)
	}
	answer[2], answer[3] = 0x81, 0x80
	if !found {
		answer[3] |= 3 // no such name
	}
	copy(answer[4:header], []byte{0, 1, 0, byte(count), 0, 0, 0, 0})
	return answer
}

// rebindingDNS gives another answer at each dial of the resolver.
type rebindingDNS struct {
	mu      sync.Mutex
	answers []fakeDNS
}

func (r *rebindingDNS) resolver() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		r.mu.Lock()
		defer r.mu.Unlock()
		client, server := net.Pipe()
		go r.answers[0].serve(server)
		return client, nil
	}}
}

func (r *rebindingDNS) next() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answers = r.answers[1:]
}
