package bench

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// Connection is a caller's own way to a gateway. It shares the machine with what
// is measured, so it writes its requests itself: an http.Client would cost as
// much as what it calls. It bears one call at a time.
type Connection struct {
	conn    net.Conn
	answers *bufio.Reader
}

// Answer is what came back.
type Answer struct {
	Status     int
	DocumentID string // of an accepted invoice
	Text       string // the beginning of any other answer
}

// callTimeout is how long a caller waits for an answer.
const callTimeout = time.Minute

// Dial connects to HOST:PORT.
func Dial(ctx context.Context, address string) (*Connection, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	return &Connection{conn, bufio.NewReader(conn)}, nil
}

// Call sends a whole POST and waits for its answer. After an error the
// connection is of no more use.
func (c *Connection) Call(request []byte) (Answer, error) {
	if err := c.conn.SetDeadline(time.Now().Add(callTimeout)); err != nil {
		return Answer{}, err
	}
	if _, err := c.conn.Write(request); err != nil {
		return Answer{}, err
	}
	response, err := http.ReadResponse(c.answers, nil)
	if err != nil {
		return Answer{}, err
	}
	defer response.Body.Close()
	answer := Answer{Status: response.StatusCode, DocumentID: strings.TrimPrefix(response.Header.Get("Location"), "/invoices/")}
	if answer.Status != http.StatusAccepted {
		text, err := io.ReadAll(io.LimitReader(response.Body, 300))
		if err != nil {
			return answer, err
		}
		answer.Text = string(text)
	}
	_, err = io.Copy(io.Discard, response.Body)
	return answer, err
}

// Close ends the connection.
func (c *Connection) Close() error { return c.conn.Close() }
