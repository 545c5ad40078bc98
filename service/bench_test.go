package service_test

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/repository"
	"github.com/fakturgate/fakturgate/repository/repotest"
	"github.com/fakturgate/fakturgate/service"
)

// BenchmarkAccept is intake without HTTP: 64 callers who each wait for their commit.
func BenchmarkAccept(b *testing.B) {
	for _, kind := range repotest.Kinds() {
		b.Run(kind, func(b *testing.B) {
			s := newService(b, repotest.Open(b, repotest.URL(b, kind)), func(c *service.Config) { c.Logger = slog.New(slog.DiscardHandler) })
			ctx, stop := context.WithCancel(context.Background())
			ended := make(chan struct{})
			go func() { defer close(ended); s.Run(ctx, false) }()
			b.Cleanup(func() { stop(); <-ended })
			if _, _, err := s.DB.SaveTaxpayer(ctx, faktur.Taxpayer{Tenant: tenant, NPWP: seller, Name: "PT", Channel: faktur.ChannelPJAP}, s.Now(), repository.Move{}); err != nil {
				b.Fatal(err)
			}
			var n atomic.Int64
			b.SetParallelism(32)
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					i := invoice(seller, fmt.Sprint("INV/", n.Add(1)))
					i.Lines = append(i.Lines, i.Lines[0], i.Lines[0], i.Lines[0], i.Lines[0])
					if _, err := s.Accept(ctx, service.Request{Tenant: tenant}, i); err != nil {
						b.Error(err)
						return
					}
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "invoices/s")
		})
	}
}
