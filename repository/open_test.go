package repository_test

import (
	"context"
	"strings"
	"testing"

	"github.com/fakturgate/fakturgate/repository"
)

// What is wrong with an address is said without its password.
func TestABadAddressIsNotQuoted(t *testing.T) {
	t.Parallel()
	for _, url := range []string{
		"postgres://u:hidden@[::1/x", "postgres://u:hidden@host:port/x", "postgres://u:hidden@h/x?sslmode=perhaps",
		"postgres://u:hidden%zz@h/x", "mysql://u:hidden@h/x",
		"postgres://u:hidden@127.0.0.1:1/x?sslmode=disable",
	} {
		db, err := repository.Open(context.Background(), url)
		if err == nil {
			t.Errorf("%s opens", url)
			_ = db.Close()
			continue
		}
		if strings.Contains(err.Error(), "hidden") {
			t.Errorf("the error of %s tells the password: %v", url, err)
		}
	}
}
