package webhook

import (
	"net/http"
	"testing"
	"time"
)

func TestScheduleFollowsContract(t *testing.T) {
	t.Parallel()
	want := []string{"5s", "30s", "2m0s", "10m0s", "30m0s", "2h0m0s", "6h0m0s", "12h0m0s", "24h0m0s", "30h0m0s"}
	s := Schedule{Random: func() float64 { return 0 }}
	for i, text := range want {
		delay, again := s.After(i+1, 0)
		if !again || delay.String() != text {
			t.Errorf("after try %d: %v %v, want %s", i+1, delay, again, text)
		}
	}
	if delay, again := s.After(len(want)+1, 0); again {
		t.Errorf("after the last try: again in %v, want failed", delay)
	}
}

func TestScheduleIsNeverShorter(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name       string
		random     float64
		tries      int
		retryAfter time.Duration
		want       time.Duration
	}{
		{"no jitter", 0, 1, 0, 5 * time.Second},
		{"most jitter", 1, 1, 0, 5500 * time.Millisecond},
		{"half the jitter of 30 s", 0.5, 2, 0, 31500 * time.Millisecond},
		{"the receiver asks for less", 0, 2, time.Second, 30 * time.Second},
		{"the receiver asks for more", 1, 2, time.Hour, time.Hour},
	}
	for _, c := range cases {
		s := Schedule{Random: func() float64 { return c.random }}
		if got, _ := s.After(c.tries, c.retryAfter); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
	s := Schedule{} // the real random numbers
	for range 1000 {
		if got, _ := s.After(1, 0); got < 5*time.Second || got > 5500*time.Millisecond {
			t.Fatalf("%v is not from 5 s to 5.5 s", got)
		}
	}
}

func TestRetryAfterHeader(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
	cases := []struct {
		text string
		want time.Duration
	}{
		{"", 0},
		{"0", 0},
		{"120", 2 * time.Minute},
		{"-5", 0},
		{"1.5", 0},
		{"soon", 0},
		{"86400", 24 * time.Hour},
		{"86401", 24 * time.Hour},
		{"18446744073709551616000", 24 * time.Hour},
		{"Sun, 22 Nov 2026 08:05:00 GMT", 5 * time.Minute},
		{"Sun, 22 Nov 2026 07:00:00 GMT", 0},
		{"Fri, 22 Nov 2126 08:00:00 GMT", 24 * time.Hour},
	}
	for _, c := range cases {
		if got := retryAfter(http.Header{"Retry-After": {c.text}}, now); got != c.want {
			t.Errorf("%q: %v, want %v", c.text, got, c.want)
		}
	}
}
