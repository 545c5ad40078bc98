package faktur_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/fakturgate/fakturgate/faktur"
)

// An NSFP is digits, read back as it is written.
func FuzzNSFP(f *testing.F) {
	for _, seed := range []string{"04002600000000001", "010.002-25.00000001", "0400260000000000", "٠٤٠٠٢٦٠٠٠٠٠٠٠٠٠٠١", "", "-0400260000000001"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		n, err := faktur.ParseNSFP(text)
		if err != nil {
			if len(err.Error()) > 300 {
				t.Fatalf("the error has %d bytes", len(err.Error()))
			}
			return
		}
		bare := n.String()
		if again, err := faktur.ParseNSFP(bare); err != nil || again != n || strings.Trim(bare, "0123456789") != "" || len(bare) != 16 && len(bare) != 17 {
			t.Fatalf("%q is %q, then %+v, %v", text, bare, again, err)
		}
		if n.Follows(n) {
			t.Fatalf("%s follows itself", bare)
		}
	})
}

// A word of Coretax is one of the known ones or none: no status of our own is
// ever made of one.
func FuzzCoretaxStatus(f *testing.F) {
	for _, seed := range []string{"Approved", "APPROVED ", "Waiting For Cancelation", "signing-in-progress", "queued", "submitting", "Credited", "", "АPPROVED"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, word string) {
		status, known := faktur.ParseCoretaxStatus(word)
		if known != (status != "") || status == faktur.Queued || status == faktur.Submitting {
			t.Fatalf("%q is %q, %v", word, status, known)
		}
		letters := strings.Map(func(r rune) rune {
			if r < 0x80 && (r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z') {
				return r
			}
			return -1
		}, word)
		if same, _ := faktur.ParseCoretaxStatus(strings.ToUpper(letters)); known && same != status {
			t.Fatalf("%q is %q, and %q is %q", word, status, letters, same)
		}
	})
}

// A rate is kept as its text, or written as it is read.
func FuzzRate(f *testing.F) {
	for _, seed := range []string{`12`, `"2.5"`, `"0.1100"`, `1e2`, `-0`, `null`, `{"a":[1]}`, `"999.9999"`, `1000`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var r faktur.Rate
		if err := json.Unmarshal(text, &r); err != nil {
			return // not JSON
		}
		out, err := json.Marshal(r)
		if err != nil {
			t.Fatalf("%s cannot be written: %v", text, err)
		}
		parsed, err := faktur.ParseRate(r.String())
		if err != nil {
			return // kept as its text
		}
		if again := decode[faktur.Rate](t, out); again != r && again.String() != parsed.String() {
			t.Fatalf("%s is written as %s and read as %s", text, out, again)
		}
	})
}

// An identity is digits alone.
func FuzzIdentity(f *testing.F) {
	for _, seed := range []string{"0012345674901000", "3174015506800001", "0012345674901000000000", "0000000000000000", "００１２３４５６７４９０１０００"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		digits := strings.Trim(text, "0123456789") == ""
		for length, valid := range map[int]bool{16: faktur.ValidNPWP(text) || faktur.ValidNIK(text), 22: faktur.ValidNITKU(text)} {
			if valid && (!digits || len(text) != length) {
				t.Fatalf("%q passes as a number of %d digits", text, length)
			}
		}
	})
}

// An address of a provider is https, or plain on this machine, and the one that was read.
func FuzzBase(f *testing.F) {
	for _, seed := range []string{"https://openapi.pajak.io", "http://127.0.0.1:9090/a/", "http://localhost.evil.test", "https://a@b", "https://x/?", "http://[::ffff:127.0.0.1]/", "http://[::1%25lo]/", "HTTPS://X"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		base, err := faktur.ParseBase("setting", text)
		if err != nil {
			return
		}
		again, err := faktur.ParseBase("setting", base)
		if err != nil || again != base {
			t.Fatalf("%q is %q, then %q, %v", text, base, again, err)
		}
		if plain := strings.HasPrefix(base, "http://"); plain && !slices.ContainsFunc([]string{"127.", "[::1", "[::ffff:127.", "localhost", "[::ffff:7f", "[0:", "[::f", "[00"}, func(p string) bool {
			return strings.HasPrefix(strings.ToLower(strings.TrimPrefix(base, "http://")), p)
		}) {
			t.Fatalf("%q passes in plain text", base)
		}
	})
}
