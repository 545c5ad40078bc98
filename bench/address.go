package bench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync/atomic"
)

// ports counts those that were handed out.
var ports atomic.Int64

// FreeAddress finds a port of loopback on which nothing listens. It is below the
// range from which systems take those of outgoing connections, so that it is
// still free when what listened there was killed and is started again.
func FreeAddress(ctx context.Context) (string, error) {
	const lowest, count = 11_000, 20_000
	for range 1000 {
		port := lowest + (int64(os.Getpid())*97+ports.Add(1))%count
		address := fmt.Sprintf("127.0.0.1:%d", port)
		if listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address); err == nil {
			return address, listener.Close()
		}
	}
	return "", errors.New("no port of loopback is free")
}

func freeAddresses(ctx context.Context, n int) ([]string, error) {
	addresses := make([]string, n)
	for i := range addresses {
		var err error
		if addresses[i], err = FreeAddress(ctx); err != nil {
			return nil, err
		}
	}
	return addresses, nil
}
