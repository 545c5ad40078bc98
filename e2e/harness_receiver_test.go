package e2e

import (
	"bufio"
	"bytes"
	"fmt"
	"hash/fnv"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"sync"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// The receiver of webhooks is the test binary itself, started once more with
// this variable. It reads the secrets of its paths from standard input, and
// tells on standard output what arrives.
const receiverVariable = "FAKTURGATE_E2E_RECEIVER"

// refusedOf is how many first tries there are to one that is refused.
const refusedOf = 100

// pathSecret is a line of the receiver's input: what it verifies a path's
// webhooks with and, where Manner is not "", how it behaves there from now on.
type pathSecret struct {
	Path   string `json:"path"`
	Secret string `json:"secret"`
	Manner string `json:"manner"`
}

// arrival is a line of the receiver's output.
type arrival struct {
	Path    string         `json:"path"`
	ID      string         `json:"id"`    // webhook-id
	Fault   string         `json:"fault"` // why it is not genuine; "" when it is
	Refused bool           `json:"refused"`
	Body    jsontext.Value `json:"body"`
}

// receive is the receiver's process.
func receive() int {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Printf("http://%s\n", listener.Addr())
	book := &receiverBook{secrets: map[string]*standardwebhooks.Webhook{}, met: map[string]bool{}, manners: map[string]string{}}
	go func() { _ = http.Serve(listener, book) }()
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		if err := book.learn(lines.Bytes()); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	return 0
}

type receiverBook struct {
	mu      sync.Mutex
	secrets map[string]*standardwebhooks.Webhook // by path
	met     map[string]bool                      // path and webhook-id
	manners map[string]string                    // by path
}

func (b *receiverBook) learn(line []byte) error {
	var s pathSecret
	if err := json.Unmarshal(line, &s); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if s.Manner != "" {
		b.manners[s.Path] = s.Manner
		return nil
	}
	hook, err := standardwebhooks.NewWebhook(s.Secret)
	b.secrets[s.Path] = hook
	return err
}

// ServeHTTP verifies a webhook, and refuses some at their first try.
func (b *receiverBook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // cut off by the sender's death: it never arrived
	}
	if b.misbehaves(w, r) {
		return
	}
	a := arrival{Path: r.URL.Path, ID: r.Header.Get("webhook-id"), Body: jsontext.Value(body)}
	b.mu.Lock()
	defer b.mu.Unlock()
	if hook := b.secrets[a.Path]; hook == nil {
		a.Fault = "no secret is known for this path"
	} else if err := hook.Verify(body, r.Header); err != nil {
		a.Fault = err.Error()
	}
	h := fnv.New32a()
	h.Write([]byte(a.ID))
	a.Refused = h.Sum32()%refusedOf == 0 && !b.met[a.Path+a.ID]
	b.met[a.Path+a.ID] = true
	line, err := json.Marshal(a)
	if err != nil {
		line, _ = json.Marshal(arrival{Path: a.Path, ID: a.ID, Fault: "its body is not JSON: " + err.Error()})
	}
	os.Stdout.Write(append(line, '\n'))
	if a.Refused {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
}

// receiver is the test's side of it.
type receiver struct {
	t   *testing.T
	url string
	in  io.WriteCloser

	mu       sync.Mutex
	arrived  map[string]map[string]arrival // by path, by webhook-id; the first that was not refused
	arrivals int
	hear     map[string]func(arrival) // by path; called once a webhook-id
}

func startReceiver(t *testing.T) *receiver {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env, cmd.Stderr, cmd.SysProcAttr = []string{receiverVariable + "=1"}, os.Stderr, ownGroup
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	url, err := lines.ReadBytes('\n')
	if err != nil {
		t.Fatal(err)
	}
	r := &receiver{t: t, url: string(bytes.TrimSpace(url)), in: in, arrived: map[string]map[string]arrival{}, hear: map[string]func(arrival){}}
	read := make(chan struct{})
	go func() { defer close(read); r.read(lines) }()
	t.Cleanup(func() {
		in.Close()
		<-read
		if err := cmd.Wait(); err != nil {
			t.Errorf("the webhook receiver: %v", err)
		}
	})
	return r
}

// knows gives the receiver the secret of a path, and what to do with each
// webhook that arrives there.
func (r *receiver) knows(path, secret string, hear func(arrival)) {
	r.t.Helper()
	r.mu.Lock()
	r.hear[path] = hear
	r.arrived[path] = map[string]arrival{}
	r.mu.Unlock()
	r.tell(pathSecret{Path: path, Secret: secret})
}

// tell gives the receiver a line of its input.
func (r *receiver) tell(s pathSecret) {
	r.t.Helper()
	line, err := json.Marshal(s)
	if err != nil {
		r.t.Fatal(err)
	}
	if _, err := r.in.Write(append(line, '\n')); err != nil {
		r.t.Fatal(err)
	}
}

func (r *receiver) read(lines *bufio.Reader) {
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return
		}
		var a arrival
		if err := json.Unmarshal(line, &a); err != nil {
			r.t.Errorf("the webhook receiver said %q: %v", line, err)
			return
		}
		r.note(a)
	}
}

// note holds every arrival to the promises: genuine, and the same under the
// same webhook-id.
func (r *receiver) note(a arrival) {
	if a.Fault != "" {
		r.t.Errorf("a webhook at %s is not genuine: %s\n%s", a.Path, a.Fault, a.Body)
		return
	}
	r.mu.Lock()
	r.arrivals++
	before, again := r.arrived[a.Path][a.ID]
	if !again && !a.Refused {
		r.arrived[a.Path][a.ID] = a
	}
	hear := r.hear[a.Path]
	r.mu.Unlock()
	switch {
	case again && !bytes.Equal(before.Body, a.Body):
		r.t.Errorf("webhook %s has two bodies:\n%s\n%s", a.ID, before.Body, a.Body)
	case !again && !a.Refused && hear != nil:
		hear(a)
	}
}

// count is how many different webhooks a path has taken.
func (r *receiver) count(path string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.arrived[path])
}
