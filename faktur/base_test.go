package faktur_test

import (
	"strings"
	"testing"

	"github.com/fakturgate/fakturgate/faktur"
)

func TestParseBase(t *testing.T) {
	t.Parallel()
	const password = "s3cret-t0ken"
	for _, test := range []struct {
		address string
		says    string // "" when it is taken
	}{
		{"https://pjap.example.com", ""},
		{"https://pjap.example.com/coretax/", ""},
		{"http://127.0.0.1:9090", ""},
		{"http://127.8.8.8:9090", ""},
		{"http://localhost:9090", ""},
		{"http://[::1]:9090", ""},
		{"http://[::ffff:127.0.0.1]:9090", ""},
		{"http://pjap.example.com", "plain http"},
		{"http://192.168.1.5:9090", "plain http"},
		{"http://localhost.example.com", "plain http"},
		{"http://127.0.0.1.example.com", "plain http"},
		{"http://0.0.0.0:9090", "plain http"},
		{"ftp://127.0.0.1", "ftp:"},
		{"https://user:" + password + "@pjap.example.com", "user or password"},
		{"https://pjap.example.com/?a=" + password, "without ?"},
		{"https://pjap.example.com/#a", "without ?"},
		{"pjap.example.com", "SETTING"},
		{"", "SETTING"},
		{"https://\x7f" + password, "SETTING"},
	} {
		_, err := faktur.ParseBase("SETTING", test.address)
		if test.says == "" && err != nil {
			t.Errorf("ParseBase(%q): %v; want it taken", test.address, err)
		}
		if test.says != "" && (err == nil || !strings.Contains(err.Error(), test.says) || strings.Contains(err.Error(), password)) {
			t.Errorf("ParseBase(%q): %v; want it refused with %q and without the secret", test.address, err, test.says)
		}
	}
}

func TestParseLink(t *testing.T) {
	t.Parallel()
	for link, good := range map[string]bool{
		"https://files.example.com/a.pdf?sig=1": true, "http://127.0.0.1:1/a.pdf": true,
		"http://files.example.com/a.pdf": false, "https://u:p@example.com/": false, "javascript:alert(1)": false, "/a.pdf": false, "": false,
	} {
		if got, err := faktur.ParseLink(link); (err == nil) != good || good && got != link {
			t.Errorf("ParseLink(%q) = %q, %v", link, got, err)
		}
	}
}
