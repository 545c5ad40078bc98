package e2e

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/webhook"
)

// verification is one request to a receiver, and whether it must verify.
type verification struct {
	Name    string            `json:"name"`
	Secret  string            `json:"secret"`
	Headers map[string]string `json:"headers"` // lower-case names
	Body    string            `json:"body"`    // base64
	Genuine bool              `json:"-"`
}

func (v verification) with(name string, change func(*verification)) verification {
	headers := map[string]string{}
	for key, value := range v.Headers {
		headers[key] = value
	}
	v.Name, v.Headers, v.Genuine = name, headers, false
	change(&v)
	return v
}

// The verification that docs/webhooks.md tells users to write by hand takes
// what we send and nothing else, in all three languages.
func TestVerificationByHand(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		language, file, harness, harnessFile string
		command                              []string
	}{
		{"go", "verify.go", goHarness, "main.go", []string{"go", "run", "verify.go", "main.go"}},
		{"js", "verify.mjs", nodeHarness, "main.mjs", []string{"node", "main.mjs"}},
		{"python", "verify.py", pythonHarness, "main.py", []string{"python3", "main.py"}},
	} {
		t.Run(c.language, func(t *testing.T) {
			t.Parallel()
			if _, err := exec.LookPath(c.command[0]); err != nil {
				t.Fatalf("This test runs the %s verification of docs/webhooks.md and needs %s: install it (apt-get install nodejs python3).", c.language, c.command[0])
			}
			dir := t.TempDir()
			write(t, filepath.Join(dir, c.file), snippet(t, c.language))
			write(t, filepath.Join(dir, c.harnessFile), c.harness)
			cases := verifications(t) // now, for some of them age
			for i, got := range verifyIn(t, dir, c.command, cases) {
				if got != cases[i].Genuine {
					t.Errorf("%s: verifies %v, want %v", cases[i].Name, got, cases[i].Genuine)
				}
			}
		})
	}
}

// verifications are requests as our sender makes them, and forgeries of them.
func verifications(t *testing.T) []verification {
	t.Helper()
	current, previous, other := newSecret(t), newSecret(t), newSecret(t)
	now := time.Now()
	fresh := capture(t, now, current)
	rotated := capture(t, now, current, previous)
	return []verification{
		fresh.with("as it is sent", func(v *verification) { v.Genuine = true }),
		rotated.with("during a rotation, new secret", func(v *verification) { v.Genuine = true }),
		rotated.with("during a rotation, old secret", func(v *verification) { v.Secret, v.Genuine = previous.Text(), true }),
		capture(t, now.Add(-4*time.Minute), current).with("4 minutes old", func(v *verification) { v.Genuine = true }),
		capture(t, now.Add(-6*time.Minute), current).with("6 minutes old", func(*verification) {}),
		capture(t, now.Add(6*time.Minute), current).with("6 minutes ahead", func(*verification) {}),
		fresh.with("another secret", func(v *verification) { v.Secret = other.Text() }),
		fresh.with("another body", func(v *verification) { v.Body = base64.StdEncoding.EncodeToString([]byte(`{}`)) }),
		fresh.with("another id", func(v *verification) { v.Headers["webhook-id"] = "msg_2" }),
		fresh.with("another timestamp", func(v *verification) {
			v.Headers["webhook-timestamp"] = strconv.FormatInt(now.Unix()+1, 10)
		}),
		fresh.with("no number for a timestamp", func(v *verification) { v.Headers["webhook-timestamp"] = "now" }),
		fresh.with("an endless timestamp", func(v *verification) { v.Headers["webhook-timestamp"] = strings.Repeat("9", 400) }),
		fresh.with("another version", func(v *verification) {
			v.Headers["webhook-signature"] = "v2" + strings.TrimPrefix(v.Headers["webhook-signature"], "v1")
		}),
		fresh.with("half a signature", func(v *verification) { v.Headers["webhook-signature"] = v.Headers["webhook-signature"][:20] }),
		fresh.with("an empty signature", func(v *verification) { v.Headers["webhook-signature"] = "v1," }),
		fresh.with("no comma", func(v *verification) { v.Headers["webhook-signature"] = "v1" }),
		fresh.with("letters beyond ASCII", func(v *verification) { v.Headers["webhook-signature"] = "v1,é" }),
		fresh.with("no signature", func(v *verification) { delete(v.Headers, "webhook-signature") }),
		fresh.with("no id", func(v *verification) { delete(v.Headers, "webhook-id") }),
		fresh.with("no timestamp", func(v *verification) { delete(v.Headers, "webhook-timestamp") }),
		fresh.with("nothing", func(v *verification) { v.Headers = map[string]string{} }),
	}
}

func newSecret(t *testing.T) webhook.Secret {
	t.Helper()
	secret, err := webhook.NewSecret(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

// capture sends an event to a receiver and gives what arrived there.
func capture(t *testing.T, at time.Time, secrets ...webhook.Secret) verification {
	t.Helper()
	v := verification{Secret: secrets[0].Text(), Headers: map[string]string{}}
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		for name := range r.Header {
			v.Headers[strings.ToLower(name)] = r.Header.Get(name)
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		v.Body = base64.StdEncoding.EncodeToString(body)
	}))
	defer receiver.Close()
	event := faktur.Event{DocumentID: "0199c9a4-7a52-7d0e-8f3c-2b1f6d1c9a10", Sequence: 4, Type: "invoice.approved", At: at,
		Data: []byte(`{"reference":"INV/1","name":"Toko Méga & <Söhne> 株式会社"}`)}
	body, err := webhook.Body(&event)
	if err != nil {
		t.Fatal(err)
	}
	allowed, err := webhook.ParseCIDRs(webhook.AllowVariable, "127.0.0.0/8")
	if err != nil {
		t.Fatal(err)
	}
	sender := webhook.NewSender(webhook.Config{Guard: webhook.Guard{Allowed: allowed}})
	defer sender.Close()
	attempt := sender.Send(t.Context(), webhook.Message{URL: receiver.URL, ID: event.MessageID(), Body: body, Secrets: secrets, At: at})
	if !attempt.Delivered() {
		t.Fatal(attempt.Error)
	}
	return v
}

// snippet gives the code of docs/webhooks.md for a language.
func snippet(t *testing.T, language string) string {
	t.Helper()
	_, rest, found := strings.Cut(webhooksPage(t), "\n```"+language+" by hand\n")
	code, _, ends := strings.Cut(rest, "\n```\n")
	if !found || !ends {
		t.Fatalf("docs/webhooks.md has no block ```%s by hand", language)
	}
	return code + "\n"
}

func webhooksPage(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile("../docs/webhooks.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// verifyIn runs a harness over all cases at once and gives its verdicts.
func verifyIn(t *testing.T, dir string, command []string, cases []verification) []bool {
	t.Helper()
	input, err := json.Marshal(cases)
	if err != nil {
		t.Fatal(err)
	}
	run := exec.CommandContext(t.Context(), command[0], command[1:]...)
	var output, complaint bytes.Buffer
	run.Dir, run.Stdin, run.Stdout, run.Stderr = dir, bytes.NewReader(input), &output, &complaint
	if err := run.Run(); err != nil {
		t.Fatalf("%v: %v\n%s", command, err, complaint.String())
	}
	var verdicts []bool
	if err := json.Unmarshal(output.Bytes(), &verdicts); err != nil || len(verdicts) != len(cases) {
		t.Fatalf("%v answered %q, %v", command, output.String(), err)
	}
	return verdicts
}

const goHarness = `package main

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"os"
)

func main() {
	var cases []struct {
		Secret, Body string
		Headers      map[string]string
	}
	if err := json.NewDecoder(os.Stdin).Decode(&cases); err != nil {
		panic(err)
	}
	verdicts := []bool{}
	for _, c := range cases {
		header := http.Header{}
		for name, value := range c.Headers {
			header.Set(name, value)
		}
		body, err := base64.StdEncoding.DecodeString(c.Body)
		if err != nil {
			panic(err)
		}
		verdicts = append(verdicts, verify(c.Secret, header, body) == nil)
	}
	json.NewEncoder(os.Stdout).Encode(verdicts)
}
`

const nodeHarness = `import { readFileSync } from "node:fs";
import { verify } from "./verify.mjs";

const cases = JSON.parse(readFileSync(0, "utf8"));
console.log(JSON.stringify(cases.map((c) => verify(c.secret, c.headers, Buffer.from(c.body, "base64")))));
`

const pythonHarness = `import base64, json, sys
from verify import verify

cases = json.load(sys.stdin)
print(json.dumps([verify(c["secret"], c["headers"], base64.b64decode(c["body"])) for c in cases]))
`

// The page's table of retries is the schedule's.
func TestWebhooksPageHasTheSchedule(t *testing.T) {
	t.Parallel()
	var got []time.Duration
	for _, row := range regexp.MustCompile(`(?m)^\| \d+ \| (\w+) \|`).FindAllStringSubmatch(webhooksPage(t), -1) {
		delay, err := time.ParseDuration(row[1])
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, delay)
	}
	if want := webhook.DefaultDelays(); !slices.Equal(got, want) {
		t.Errorf("docs/webhooks.md says %v, the schedule %v", got, want)
	}
}

// The page knows every type of event.
func TestWebhooksPageHasEveryEvent(t *testing.T) {
	t.Parallel()
	page := webhooksPage(t)
	for _, eventType := range faktur.EventTypes() {
		name := strings.Replace(string(eventType), "return.", "invoice.", 1)
		if !strings.Contains(page, "`"+name+"`") {
			t.Errorf("docs/webhooks.md does not explain %s", eventType)
		}
	}
}
