package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// callers post from every connection, as fast as answers come. They share the
// machine with what is measured, so they write their requests themselves: an
// http.Client would cost as much as what it calls.
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
	connection, err := (&net.Dialer{}).DialContext(ctx, "tcp", c.address)
	if err != nil {
		return err
	}
	defer connection.Close()
	answers, request := bufio.NewReader(connection), bytes.Clone(c.template)
	for failed.Load() == nil {
		sent := time.Now()
		if sent.After(c.ended) {
			return nil
		}
		c.fill(request, int(c.next.Add(1)))
		if _, err := connection.Write(request); err != nil {
			return err
		}
		if err := read(answers); err != nil {
			return err
		}
		if sent.After(c.measured) {
			c.accepted.Add(1)
		}
	}
	return nil
}

// read reads one answer, which must be 202.
func read(answers *bufio.Reader) error {
	response, err := http.ReadResponse(answers, nil)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusAccepted {
		body, err := io.ReadAll(io.LimitReader(response.Body, 300))
		return errors.Join(err, fmt.Errorf("POST /invoices: %s: %s", response.Status, body))
	}
	_, err = io.Copy(io.Discard, response.Body)
	return err
}
