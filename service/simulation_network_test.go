package service

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"slices"
	"strings"
	"testing/synctest"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/webhook"
)

// call is a request to the tax system. Its sender waits until the scheduler
// decides what becomes of it.
type call struct {
	number       int
	task         *task
	point        string // where in the code it stays, when it is no request
	method, path string
	body         []byte
	sentAt       time.Time
	deadline     time.Time // its sender waits no longer
	delivered    bool
	cut          bool // the tax system itself cut the connection
	status       int
	header       http.Header
	answer       []byte
	reply        chan reply
}

// reply is what a call's sender gets to see.
type reply struct {
	crash   bool // its process dies
	refused bool // no connection was made
	err     error
	status  int
	header  http.Header
	body    []byte
}

// callsOf is a process's way to the tax system.
type callsOf struct{ *node }

// RoundTrip waits for the scheduler. Only what a channel is asked for at once:
// nothing is at stake in it, and a lock is held meanwhile.
func (n callsOf) RoundTrip(r *http.Request) (*http.Response, error) {
	c := &call{method: r.Method, path: r.URL.RequestURI(), reply: make(chan reply, 1), sentAt: time.Now()}
	if r.Body != nil {
		var err error
		if c.body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
	}
	w := n.world
	k, scheduled := r.Context().Value(taskKey{}).(*task)
	if c.path == "/v1/connector" || !scheduled {
		if w.taxDown {
			return respond(r, reply{refused: true})
		}
		w.serve(c)
		return respond(r, c.truth())
	}
	c.task = k
	c.deadline, _ = r.Context().Deadline()
	w.mu.Lock()
	w.begun++
	c.number = w.begun
	w.calls, k.call = append(w.calls, c), c
	w.mu.Unlock()
	return respond(r, <-c.reply)
}

// respond makes of a reply what a transport gives.
func respond(r *http.Request, a reply) (*http.Response, error) {
	trace := httptrace.ContextClientTrace(r.Context())
	if trace != nil && trace.GetConn != nil {
		trace.GetConn(r.URL.Host)
	}
	switch {
	case a.crash:
		panic(crash{})
	case a.refused:
		return nil, errors.New("connection refused")
	}
	if trace != nil && trace.GotConn != nil {
		trace.GotConn(httptrace.GotConnInfo{})
	}
	if a.err != nil {
		return nil, a.err
	}
	if a.header == nil {
		a.header = http.Header{}
	}
	return &http.Response{StatusCode: a.status, Header: a.header, Body: io.NopCloser(bytes.NewReader(a.body)), Request: r}, nil
}

// serve lets the tax system do what a call asks for.
func (w *world) serve(c *call) {
	c.delivered = true
	recorder := httptest.NewRecorder()
	defer func() {
		if cause := recover(); cause != nil && cause != http.ErrAbortHandler { //nolint:errorlint // a panic's value
			panic(cause)
		} else if cause != nil {
			c.cut = true
		}
		c.status, c.header, c.answer = recorder.Code, recorder.Header(), recorder.Body.Bytes()
	}()
	w.tax.Handler().ServeHTTP(recorder, httptest.NewRequest(c.method, c.path, bytes.NewReader(c.body)))
}

// deliver lets a call arrive, and holds that the tax system gets nothing that it should not.
func (w *world) deliver(c *call) {
	if c.delivered || c.point != "" {
		return
	}
	if c.path != "/v1/submissions" {
		w.serve(c)
		return
	}
	var sent struct {
		Submissions []struct {
			ClientID string `json:"client_id"`
		} `json:"submissions"`
	}
	if err := json.Unmarshal(c.body, &sent); err != nil {
		w.fail("a hand-over that cannot be read: %v", err)
		return
	}
	for _, s := range sent.Submissions {
		w.checkArrival(s.ClientID)
	}
	w.serve(c)
	for _, s := range sent.Submissions {
		w.checkFiledOnce(s.ClientID)
	}
}

// truth is the answer as the tax system gave it.
func (c *call) truth() reply {
	if c.cut {
		return reply{err: errCut}
	}
	return reply{status: c.status, header: c.header, body: c.answer}
}

var errCut = errors.New("the connection was cut")

// resume gives a call's sender its reply, and lets it go on.
func (w *world) resume(c *call, a reply) {
	w.mu.Lock()
	w.calls = slices.DeleteFunc(w.calls, func(other *call) bool { return other == c })
	c.task.call = nil
	w.mu.Unlock()
	w.running = c.task
	c.reply <- a
	synctest.Wait()
	w.rested(c.task)
}

// answer brings a call to its good end, if there is still time for that.
func (w *world) answer(c *call) {
	switch {
	case c.point != "":
		w.resume(c, reply{})
	case !time.Now().Before(c.deadline) && !(c.delivered && w.faulty && w.dice.IntN(2) == 0):
		w.giveUp(c)
	case w.taxDown && !c.delivered:
		w.resume(c, reply{refused: true})
	default:
		w.deliver(c)
		w.resume(c, c.truth())
	}
}

// giveUp ends a call whose time is over. What was sent may arrive all the same.
func (w *world) giveUp(c *call) {
	w.strand(c)
	w.seen["call ran out of time"]++
	w.resume(c, reply{err: context.DeadlineExceeded})
}

// strand leaves a request that has not arrived to the network.
func (w *world) strand(c *call) {
	if !c.delivered && c.point == "" && w.faulty && w.dice.IntN(2) == 0 {
		w.late = append(w.late, c)
	}
}

// arrive lets a request arrive whose sender has given up.
func (w *world) arrive(c *call) {
	w.late = slices.DeleteFunc(w.late, func(other *call) bool { return other == c })
	if time.Since(c.sentAt) < worldLateness {
		w.seen["call arrived late"]++
		w.note("late: %s of %s", c.path, c.task.node.name)
		w.deliver(c)
	}
}

// spoil lets a call go wrong in one of the ways that networks know.
func (w *world) spoil(c *call) {
	overdue := !time.Now().Before(c.deadline)
	way := w.dice.IntN(13)
	switch {
	case c.point != "":
		return
	case overdue:
		w.giveUp(c)
		return
	case c.delivered && way < 5:
		way += 5
	case !c.delivered && way >= 5:
		w.deliver(c)
	}
	names := []string{"refused", "cut before", "turned away with 429", "503 not_taken", "time-out on the way", "cut after", "502 after", "empty 200",
		"garbage", "half an answer", "every result twice", "answer held", "500 after"}
	w.seen["call "+names[way]]++
	w.note("fault: %s, %s %s", names[way], c.task.node.name, c.path)
	problem := func(status int, code string) reply {
		return reply{status: status, header: http.Header{"Retry-After": {"1"}}, body: fmt.Appendf(nil, `{"type":"about:blank","title":"x","status":%d,"code":%q,"detail":"x"}`, status, code)}
	}
	answer := c.truth()
	switch way {
	case 0:
		w.resume(c, reply{refused: true})
	case 1:
		w.strand(c)
		w.resume(c, reply{err: errCut})
	case 2:
		w.resume(c, problem(http.StatusTooManyRequests, "rate_limited"))
	case 3:
		w.resume(c, problem(http.StatusServiceUnavailable, "not_taken"))
	case 4:
		w.pass(time.Until(c.deadline) - time.Millisecond)
		if slices.Contains(w.calls, c) {
			w.giveUp(c)
		}
	case 5:
		w.resume(c, reply{err: errCut})
	case 6:
		w.resume(c, problem(http.StatusBadGateway, "bad_gateway"))
	case 7:
		w.resume(c, reply{status: http.StatusOK})
	case 8:
		w.resume(c, reply{status: http.StatusOK, body: []byte("<html>oops")})
	case 9:
		w.resume(c, reply{status: answer.status, body: answer.body[:len(answer.body)/2]})
	case 10:
		w.resume(c, reply{err: answer.err, status: answer.status, body: twice(answer.body)})
	case 11: // it has arrived, and its answer waits
	case 12:
		w.resume(c, problem(http.StatusInternalServerError, "internal"))
	}
}

// twice repeats every result of an answer.
func twice(body []byte) []byte {
	var answer map[string]any
	if json.Unmarshal(body, &answer) != nil {
		return body
	}
	results, _ := answer["results"].([]any)
	answer["results"] = append(results, results...)
	text, err := json.Marshal(answer, json.Deterministic(true))
	if err != nil {
		return body
	}
	return text
}

// worldSchedule tries often enough that no message is given up within a world's life.
var worldSchedule = webhook.Schedule{Random: func() float64 { return 0 }, Delays: append([]time.Duration{5 * time.Second, 30 * time.Second},
	slices.Repeat([]time.Duration{time.Minute}, 40)...)}

// push is one try of a webhook, which waits for the scheduler.
type push struct {
	node     *node
	hook     *hook
	id, body string
	deadline time.Time
	reply    chan pushReply
}

type pushReply struct {
	status int
	wait   string // Retry-After
	err    error
}

// hook is a receiver of webhooks.
type hook struct {
	id     string // of its endpoint
	path   string
	wants  func(faktur.EventType) bool
	since  int64             // the feed's end when it was made
	bodies map[string]string // of what it received, by message
	tried  map[string]bool   // messages that were sent, whether they arrived or not
	taken  map[string]bool   // messages that it answered with 2xx
	seen   int               // events that its cursor has passed
	cursor int64             // of its endpoint, when last seen
}

func (w *world) addHook(i int) {
	h := &hook{path: fmt.Sprintf("/hook%d", i), bodies: map[string]string{}, tried: map[string]bool{}, taken: map[string]bool{}}
	input := EndpointInput{URL: "https://93.184.216.34" + h.path}
	if i == 0 {
		input.Events = []string{"*"}
	}
	h.wants = wants(eventsOrDefault(input.Events))
	e, err := w.nodes[0].CreateEndpoint(w.t.Context(), worldTenant, input)
	if err != nil {
		w.t.Fatal(err)
	}
	h.id = e.ID
	if h.since, err = w.db.LastPosition(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	w.hooks = append(w.hooks, h)
}

// pushesOf is a process's way to the receivers.
type pushesOf struct{ *node }

// RoundTrip waits for the scheduler. It may be called by several goroutines at a time.
func (n pushesOf) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	w := n.world
	p := &push{node: n.node, id: r.Header.Get("webhook-id"), body: string(body), reply: make(chan pushReply, 1)}
	p.deadline, _ = r.Context().Deadline()
	for _, h := range w.hooks {
		if h.path == r.URL.Path {
			p.hook = h
		}
	}
	w.mu.Lock()
	p.hook.tried[p.id] = true
	w.pushes = append(w.pushes, p)
	// Several tries begin at once, in no order: their messages give it one.
	slices.SortStableFunc(w.pushes, func(a, b *push) int {
		return compareIDs(a.node.name+a.hook.path+a.id, b.node.name+b.hook.path+b.id)
	})
	w.mu.Unlock()
	a := <-p.reply
	if a.err != nil {
		return nil, a.err
	}
	header := http.Header{}
	if a.wait != "" {
		header.Set("Retry-After", a.wait)
	}
	return &http.Response{StatusCode: a.status, Header: header, Body: http.NoBody, Request: r}, nil
}

// receive is a push's arrival. The receiver takes it, or not.
func (w *world) receive(p *push, status int) {
	h := p.hook
	if before, again := h.bodies[p.id]; again && before != p.body {
		w.fail("%s was sent to %s with two bodies:\n%s\n%s", p.id, h.path, before, p.body)
	}
	h.bodies[p.id] = p.body
	if status/100 == 2 {
		h.taken[p.id] = true
	}
}

func (w *world) closePush(p *push, a pushReply) {
	w.mu.Lock()
	w.pushes = slices.DeleteFunc(w.pushes, func(other *push) bool { return other == p })
	w.mu.Unlock()
	p.reply <- a
	synctest.Wait()
}

// push lets a try of a webhook end, well or not.
func (w *world) endPush(p *push) {
	way := 0
	if w.faulty {
		way = w.dice.IntN(24)
	}
	switch {
	case way < 16:
		w.receive(p, http.StatusNoContent)
		w.closePush(p, pushReply{status: http.StatusNoContent})
	case way < 18:
		w.receive(p, http.StatusInternalServerError)
		w.closePush(p, pushReply{status: http.StatusInternalServerError, wait: strings.Repeat("7", w.dice.IntN(3))})
	case way < 20:
		w.closePush(p, pushReply{err: errors.New("no route")})
	case way < 22: // taken, and the answer is lost
		w.receive(p, http.StatusOK)
		w.closePush(p, pushReply{err: io.ErrUnexpectedEOF})
	case way < 23:
		w.closePush(p, pushReply{status: http.StatusFound})
	case w.dice.IntN(8) == 0:
		w.note("%s answers 410", p.hook.path)
		w.closePush(p, pushReply{status: http.StatusGone})
	default: // it takes its time
	}
}
