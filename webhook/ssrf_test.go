package webhook

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// forbiddenTargets are urls through which a receiver's owner, or a seller's
// provider settings, could make the gateway call what only the gateway reaches.
// Nothing of them is listed, so no connection may be begun to any.
var forbiddenTargets = map[string]string{
	"loopback": "https://127.0.0.1/", "loopback, another": "https://127.8.8.8:6379/", "loopback by name": "https://localhost/", "loopback, IPv6": "https://[::1]/",
	"private 10": "https://10.0.0.1/", "private 172": "https://172.31.255.254/", "private 192": "https://192.168.0.1:8080/",
	"carrier-grade NAT": "https://100.64.0.1/", "carrier-grade NAT, its end": "https://100.127.255.254/",
	"link-local": "https://169.254.1.1/", "link-local, IPv6": "https://[fe80::1]/", "a zone": "https://[fe80::1%25eth0]/", "a zone that is no name": "https://[::1%25lo]/",
	"metadata": "http://169.254.169.254/latest/meta-data/", "metadata of ECS": "http://169.254.170.2/v2/credentials", "metadata of Alibaba": "http://100.100.100.200/", "metadata of Oracle": "http://192.0.0.192/",
	"metadata of Azure": "http://168.63.129.16/", "metadata of AWS, IPv6": "http://[fd00:ec2::254]/", "metadata of Google, IPv6": "http://[fd20:ce::254]/", "metadata by name": "http://metadata.test/",
	"multicast": "https://224.0.0.1/", "multicast, IPv6": "https://[ff02::1]/", "broadcast": "https://255.255.255.255/", "reserved": "https://240.0.0.1/",
	"unspecified": "https://0.0.0.0/", "unspecified, IPv6": "https://[::]/", "this network": "https://0.1.2.3/",
	"documentation": "https://192.0.2.1/", "documentation, IPv6": "https://[2001:db8::1]/", "benchmarking": "https://198.18.0.1/",
	"unique local": "https://[fc00::1]/", "unique local, fd": "https://[fd12:3456::1]/", "site-local": "https://[fec0::1]/", "discard": "https://[100::1]/",
	"IPv4 in IPv6": "https://[::ffff:127.0.0.1]/", "IPv4 in IPv6, hex": "https://[::ffff:a9fe:a9fe]/", "IPv4-compatible": "https://[::127.0.0.1]/", "IPv4-translated": "https://[::ffff:0:7f00:1]/",
	"NAT64": "https://[64:ff9b::7f00:1]/", "NAT64 of metadata": "https://[64:ff9b::a9fe:a9fe]/", "NAT64 of a site": "https://[64:ff9b:1::a9fe:a9fe]/",
	"6to4": "https://[2002:7f00:1::]/", "6to4 of metadata": "https://[2002:a9fe:a9fe::1]/", "Teredo": "https://[2001:0:808:808:0:0:f5ff:fffe]/", "ISATAP": "https://[fe80::5efe:7f00:1]/",
	"decimal": "https://2130706433/", "octal": "https://017700000001/", "octal bytes": "https://0177.0.0.1/", "hex": "https://0x7f000001/", "hex bytes": "https://0x7f.0x0.0x0.0x1/",
	"two parts": "https://127.1/", "three parts": "https://127.0.1/", "leading zeros": "https://127.000.000.001/", "beyond a byte": "https://383.0.0.1/", "beyond 32 bits": "https://6425673729/",
	"a trailing dot": "https://127.0.0.1./", "a name with a trailing dot": "https://localhost./", "two trailing dots": "https://localhost../", "only a dot": "https://./",
	"userinfo": "https://public.test@127.0.0.1/", "userinfo and a password": "https://public.test:443@127.0.0.1/", "userinfo in disguise": "https://127.0.0.1%00@public.test/", "a backslash": `https://public.test\@127.0.0.1/`,
	"a hash in the authority": "https://127.0.0.1#@public.test/", "an encoded host": "https://%31%32%37.0.0.1/", "an encoded dot": "https://127%2e0%2e0%2e1/",
	"ideographic full stops": "https://127。0。0。1/", "full-width digits": "https://１２７.0.0.1/", "circled digits": "https://①②⑦.⓪.⓪.①/", "full-width letters": "https://ｌｏｃａｌｈｏｓｔ/", "a soft hyphen": "https://local\u00adhost/",
	"mixed answers": "https://mixed.test/", "mixed answers, private first": "https://mixed-first.test/", "private by name": "https://private.test/", "private by IPv6 name": "https://six.test/", "punycode to private": "https://xn--private-9db.test/",
	"port 0": "https://public.test:0/", "a port beyond": "https://public.test:65536/", "a negative port": "https://public.test:-1/", "a port in words": "https://public.test:https/", "no port": "https://public.test:/",
	"a file": "file:///etc/passwd", "gopher": "gopher://127.0.0.1:6379/_FLUSHALL", "a unix socket": "unix:///var/run/docker.sock", "jar": "jar:https://127.0.0.1!/", "dict": "dict://127.0.0.1:11211/", "ftp": "ftp://public.test/",
	"no scheme": "//127.0.0.1/", "opaque": "https:127.0.0.1", "a line break": "https://127.0.0.1/\r\nHost: public.test", "a tab": "https://127.0.\t0.1/", "a space before": " https://127.0.0.1/",
}

var hostileNames = fakeDNS{
	"public.test": {publicAddress}, "localhost": {"127.0.0.1"}, "metadata.test": {"169.254.169.254"}, "private.test": {"10.1.2.3"}, "six.test": {"fd00::1"},
	"mixed.test": {publicAddress, "10.0.0.1"}, "mixed-first.test": {"10.0.0.1", publicAddress}, "xn--private-9db.test": {"192.168.1.1"},
}

var errWouldConnect = errors.New("the test ends every connection before its first packet")

// publicAddress is where public.test is; nothing is ever sent there either.
const publicAddress = "93.184.216.34"

// neverConnecting is the guard's own network, but that a connection which the
// guard lets pass is counted and ended before its first packet. The test fails
// when it goes anywhere but to publicAddress.
func neverConnecting(t *testing.T, g *Guard) (*http.Transport, *atomic.Int64) {
	t.Helper()
	var passed atomic.Int64
	dialer := g.dialer()
	checked := dialer.ControlContext
	dialer.ControlContext = func(ctx context.Context, network, address string, c syscall.RawConn) error {
		if err := checked(ctx, network, address, c); err != nil {
			return err
		}
		passed.Add(1)
		if host, _, err := net.SplitHostPort(address); err != nil || host != publicAddress {
			t.Errorf("%s would be connected to: %v", address, err)
		}
		return errWouldConnect
	}
	transport := g.Transport()
	transport.DialContext = dialer.DialContext
	return transport, &passed
}

// No forbidden target can be an endpoint's url, and none is connected to when it
// is one all the same: as a webhook, or as the address of a provider.
func TestForbiddenTargetsAreNeverConnectedTo(t *testing.T) {
	t.Parallel()
	for name, target := range forbiddenTargets {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := &Guard{Resolver: hostileNames.resolver()}
			if err := g.CheckURL(t.Context(), target); err == nil {
				t.Errorf("%s passes as an endpoint's url", target)
			}
			transport, _ := neverConnecting(t, g)
			a := NewSender(Config{Guard: *g, Transport: transport}).Send(t.Context(), Message{URL: target, ID: "msg_1", Secrets: []Secret{testSecret(t)}, At: time.Now()})
			if a.Delivered() {
				t.Errorf("a message to %s: %+v", target, a)
			}
			if request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, target, http.NoBody); err == nil {
				if answer, err := transport.RoundTrip(request); err == nil {
					answer.Body.Close()
					t.Errorf("a provider at %s answers", target)
				}
			}
		})
	}
	// The harness sees what the guard lets pass.
	g := &Guard{Resolver: hostileNames.resolver()}
	transport, passed := neverConnecting(t, g)
	a := NewSender(Config{Guard: *g, Transport: transport}).Send(t.Context(), Message{URL: "https://public.test/", ID: "msg_1", Secrets: []Secret{testSecret(t)}, At: time.Now()})
	if passed.Load() != 1 || !strings.Contains(a.Error, errWouldConnect.Error()) {
		t.Errorf("a public target: %+v, %d connections", a, passed.Load())
	}
}

// A name that is public when it is checked and private when it is dialled, back
// and forth, is never connected to while it is private.
func TestRebindingIsSeenAtEveryTry(t *testing.T) {
	t.Parallel()
	var answers []fakeDNS
	for i := range 10 {
		answers = append(answers, fakeDNS{"erp.test": {publicAddress}}, fakeDNS{"erp.test": {fmt.Sprintf("10.0.0.%d", i)}})
	}
	dns := &rebindingDNS{answers: answers}
	g := &Guard{Resolver: dns.resolver()}
	transport, passed := neverConnecting(t, g)
	sender := NewSender(Config{Guard: *g, Transport: transport})
	for i := range answers {
		a := sender.Send(t.Context(), Message{URL: "https://erp.test/", ID: "msg_1", Secrets: []Secret{testSecret(t)}, At: time.Now()})
		if private := i%2 == 1; private != strings.Contains(a.Error, AllowVariable) {
			t.Errorf("try %d: %+v", i, a)
		}
		if want := int64(i/2 + 1); passed.Load() != want {
			t.Errorf("after try %d, %d connections passed, want %d", i, passed.Load(), want)
		}
		if i+1 < len(answers) {
			dns.next()
		}
	}
}

// A redirect is an answer and no way: not to another host, nor to this one.
func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	for _, status := range []int{301, 302, 303, 307, 308} {
		var asked atomic.Int64
		receiver := listen(t, func(w http.ResponseWriter, r *http.Request) {
			asked.Add(1)
			http.Redirect(w, r, "http://169.254.169.254/latest/", status)
		})
		a := loopbackSender(0).Send(t.Context(), Message{URL: receiver, ID: "msg_1", Secrets: []Secret{testSecret(t)}, At: time.Now()})
		if a.Delivered() || a.StatusCode != status || asked.Load() != 1 {
			t.Errorf("%d: %+v after %d requests", status, a, asked.Load())
		}
	}
}

func listen(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: time.Second}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { server.Close() })
	return "http://" + listener.Addr().String()
}
