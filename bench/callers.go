package bench

import "sync"

// callers are those who post: as many as are needed at a time, at most mostAtOnce.
type callers struct {
	hire func(arrivals <-chan int)

	mu    sync.Mutex
	freed *sync.Cond
	free  []chan int // the one that became free last is the last
	all   []chan int
}

// newCallers begins with none; hire starts one, which takes arrivals until there
// are no more.
func newCallers(hire func(arrivals <-chan int)) *callers {
	c := &callers{hire: hire}
	c.freed = sync.NewCond(&c.mu)
	return c
}
