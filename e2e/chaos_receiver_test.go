package e2e

import (
	"net/http"
	"time"
)

// The manners of a receiver that is not well. Whatever it gets in one of them it
// counts as not received.
const (
	mannerGood = "good"
	mannerDown = "down" // it cuts the connection
	mannerSlow = "slow" // it does not answer
	mannerDrip = "drip" // it sends its answer's header, and then a byte now and then
	mannerHuge = "huge" // it answers 500 with a gigabyte
)

// misbehaves answers as the path's manner says, unless that is a good one.
func (b *receiverBook) misbehaves(w http.ResponseWriter, r *http.Request) bool {
	b.mu.Lock()
	manner := b.manners[r.URL.Path]
	b.mu.Unlock()
	switch manner {
	case mannerDown:
		panic(http.ErrAbortHandler)
	case mannerSlow:
		<-r.Context().Done()
	case mannerDrip:
		w.WriteHeader(http.StatusInternalServerError)
		drip(w, r)
	case mannerHuge:
		w.WriteHeader(http.StatusInternalServerError)
		pour(w)
	default:
		return false
	}
	return true
}

func drip(w http.ResponseWriter, r *http.Request) {
	for {
		if _, err := w.Write([]byte(".")); err != nil {
			return
		}
		if err := http.NewResponseController(w).Flush(); err != nil {
			return
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-r.Context().Done():
			return
		}
	}
}

// pour writes a gigabyte, or what is taken of it.
func pour(w http.ResponseWriter) {
	page := make([]byte, 1<<20)
	for range 1 << 10 {
		if _, err := w.Write(page); err != nil {
			return
		}
	}
}

// behaves sets a path's manner from now on.
func (r *receiver) behaves(path, manner string) {
	r.t.Helper()
	r.tell(pathSecret{Path: path, Manner: manner})
}
