package adaptertest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
)

// Faulty stands before a tax system that speaks HTTP and shows the suite's
// faults. The zero value is mended.
type Faulty struct {
	Inner http.Handler
	// Only says which calls show faults; nil means all. Unreachable is for all.
	Only      func(*http.Request) bool
	fault     atomic.Value
	underWay  sync.RWMutex
	transport *http.Transport // nil before Serve
}

// Serve listens on loopback until t ends. It gives the address, and a transport
// whose connections fail while the fault is Unreachable.
func (f *Faulty) Serve(t testing.TB) (address string, transport *http.Transport) {
	t.Helper()
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	f.transport = &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		if f.Shows(Unreachable) {
			return nil, &net.OpError{Op: "dial", Net: network, Err: syscall.ECONNREFUSED}
		}
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}}
	t.Cleanup(f.transport.CloseIdleConnections)
	return server.URL, f.transport
}

// Break shows a fault from now on. It waits for calls under way, so that none
// of them takes anything afterwards.
func (f *Faulty) Break(fault Fault) {
	f.underWay.Lock()
	defer f.underWay.Unlock()
	f.fault.Store(fault)
	if fault == Unreachable && f.transport != nil {
		f.transport.CloseIdleConnections()
	}
}

// Shows says whether it shows this fault now.
func (f *Faulty) Shows(fault Fault) bool {
	shown, _ := f.fault.Load().(Fault)
	return shown == fault
}

// ServeHTTP answers as Inner does, or as the fault wants it.
func (f *Faulty) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.underWay.RLock()
	defer f.underWay.RUnlock()
	fault, _ := f.fault.Load().(Fault)
	if f.Only != nil && !f.Only(r) {
		fault = Mended
	}
	switch fault {
	case "", Mended:
		f.Inner.ServeHTTP(w, r)
		return
	case TurnedAway:
		w.Header().Set("Retry-After", "7")
		http.Error(w, "too many calls", http.StatusTooManyRequests)
		return
	case DroppedBefore:
		panic(http.ErrAbortHandler)
	}
	// Inner reads the body to its end, so that net/http notices when the caller leaves.
	taken := httptest.NewRecorder()
	f.Inner.ServeHTTP(taken, r)
	switch fault {
	case FailedAfter:
		http.Error(w, "<html>502 Bad Gateway</html>", http.StatusBadGateway)
	case Silent:
		<-r.Context().Done()
	case Garbage:
		fmt.Fprint(w, "<html>Halaman tidak ditemukan</html>")
	case Truncated:
		half := taken.Body.Bytes()
		w.Header().Set("Content-Length", fmt.Sprint(len(half)))
		_, _ = w.Write(half[:len(half)/2])
	case Empty:
		w.WriteHeader(http.StatusOK)
	default:
		panic(http.ErrAbortHandler)
	}
}

// Direct carries calls to a handler without a network, for tests under
// testing/synctest. A handler that aborts, or outlives the call's context,
// loses its answer, as it would on a wire.
func Direct(handler http.Handler) http.RoundTripper { return direct{handler} }

type direct struct{ handler http.Handler }

// RoundTrip answers within the caller's goroutine.
func (d direct) RoundTrip(r *http.Request) (response *http.Response, err error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	if trace := httptrace.ContextClientTrace(r.Context()); trace != nil && trace.GotConn != nil {
		trace.GotConn(httptrace.GotConnInfo{}) // a connection was made: nothing lost counts as never sent
	}
	arriving := r.Clone(r.Context())
	if arriving.Body == nil {
		arriving.Body = http.NoBody
	}
	arriving.RequestURI, arriving.RemoteAddr = r.URL.RequestURI(), "127.0.0.1:1"
	recorder := httptest.NewRecorder()
	defer func() {
		if cause := recover(); cause != nil {
			if cause != any(http.ErrAbortHandler) {
				panic(cause)
			}
			response, err = nil, &net.OpError{Op: "read", Net: "direct", Err: io.ErrUnexpectedEOF}
		}
	}()
	d.handler.ServeHTTP(recorder, arriving)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	response = recorder.Result()
	response.Request, response.Body = r, io.NopCloser(bytes.NewReader(recorder.Body.Bytes()))
	return response, nil
}
