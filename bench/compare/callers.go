package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fakturgate/fakturgate/bench"
)

// callers post from every connection, as fast as answers come.
type callers struct {
	address  string
	template []byte // a whole request; the digits at number and at npwp change
	number   int
	npwp     []int
	next     atomic.Int64
	accepted atomic.Int64
	measured time.Time
	ended    time.Time
}

func newCallers(address string, lasts time.Duration) *callers {
	body := invoice(0)
	c := &callers{address: address, measured: time.Now().Add(warmUp)}
	c.ended = c.measured.Add(lasts)
	c.template = fmt.Appendf(nil, "POST /invoices HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		address, compareKey, len(body), body)
	c.number = bytes.Index(c.template, []byte("C/000000000")) + len("C/")
	for at := 0; ; {
		i := bytes.Index(c.template[at:], []byte(seller(0)))
		if i < 0 {
			return c
		}
		c.npwp = append(c.npwp, at+i)
		at += i + 1
	}
}

// fill makes the template the n-th invoice.
func (c *callers) fill(request []byte, n int) {
	for i, number := c.number+8, n; i >= c.number; i, number = i-1, number/10 {
		request[i] = '0' + byte(number%10)
	}
	for _, at := range c.npwp {
		copy(request[at:], seller(n))
	}
}

// run posts from so many connections until the end, or until the first fault.
func (c *callers) run(ctx context.Context, connections int) error {
	var failed atomic.Pointer[error]
	var calling sync.WaitGroup
	for range connections {
		calling.Go(func() {
			if err := c.call(ctx, &failed); err != nil {
				failed.CompareAndSwap(nil, &err)
			}
		})
	}
	calling.Wait()
	if err := failed.Load(); err != nil {
		return *err
	}
	return nil
}

func (c *callers) call(ctx context.Context, failed *atomic.Pointer[error]) error {
	connection, err := bench.Dial(ctx, c.address)
	if err != nil {
		return err
	}
	defer connection.Close()
	request := bytes.Clone(c.template)
	for failed.Load() == nil {
		sent := time.Now()
		if sent.After(c.ended) {
			return nil
		}
		c.fill(request, int(c.next.Add(1)))
		answer, err := connection.Call(request)
		if err != nil {
			return err
		}
		if answer.Status != http.StatusAccepted {
			return fmt.Errorf("POST /invoices: %d: %s", answer.Status, answer.Text)
		}
		if sent.After(c.measured) {
			c.accepted.Add(1)
		}
	}
	return nil
}
