// Command compare measures intake in one run against two others, on the same
// machine, database and schema: a plain handler of chi and sqlx that does the
// same with one transaction a request, and (on PostgreSQL) pgbench doing the
// same inserts without any HTTP, which is the limit. What counts is the ratio.
//
//	go run ./bench/compare -rounds 3 -lasts 10s
//
// It starts a PostgreSQL of its own with the settings of a fresh installation,
// so that what is committed is on the disk, and needs its binaries. It speaks
// to loopback only.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"github.com/fakturgate/fakturgate/repository"
	"github.com/fakturgate/fakturgate/repository/repotest"
)

func main() {
	if isPlain() {
		exitOn(servePlain(os.Args[2], os.Args[3]))
		return
	}
	c := comparison{}
	flag.IntVar(&c.rounds, "rounds", 3, "how often each is measured; the figure is the median")
	flag.DurationVar(&c.lasts, "lasts", 10*time.Second, "how long each measurement lasts")
	flag.IntVar(&c.connections, "connections", 64, "how many callers post at the same time")
	flag.Parse()
	exitOn(c.run(context.Background()))
}

func exitOn(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "compare:", err)
		os.Exit(1)
	}
}

// comparison is what is measured, and where.
type comparison struct {
	rounds, connections int
	lasts               time.Duration
	folder, gateway     string
	databases           int
	postmaster          int // the PostgreSQL server's first process
}

func (c *comparison) run(ctx context.Context) error {
	folder, err := os.MkdirTemp("", "fakturgate-compare-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	c.folder, c.gateway = folder, filepath.Join(folder, "fakturgate")
	build := exec.CommandContext(ctx, "go", "build", "-o", c.gateway, "github.com/fakturgate/fakturgate/cmd/fakturgate") //nolint:gosec // into a folder of ours
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("go build (call it in the checkout): %w\n%s", err, out)
	}
	server, err := repotest.StartServer()
	if err != nil {
		return err
	}
	if c.postmaster, err = server.Pid(); err != nil {
		return errors.Join(err, server.Stop())
	}
	rates := map[string][]float64{}
	for round := range c.rounds {
		fmt.Printf("round %d of %d\n", round+1, c.rounds)
		if err := c.round(ctx, server, rates); err != nil {
			_ = server.Stop() // the round's error says more
			return err
		}
	}
	c.print(rates)
	return server.Stop()
}

// round measures each contender once, on a fresh database, in turn.
func (c *comparison) round(ctx context.Context, server *repotest.Server, rates map[string][]float64) error {
	for _, contender := range []struct {
		name    string
		measure func(ctx context.Context, database string) (figure, error)
	}{{"gateway", c.measureGateway}, {"plain", c.measurePlain}, {"pgbench", c.measurePgbench}} {
		for _, kind := range []string{"postgres", "sqlite"} {
			if contender.name == "pgbench" && kind == "sqlite" {
				continue
			}
			database, err := c.freshDatabase(ctx, server, kind)
			if err != nil {
				return err
			}
			measured, err := contender.measure(ctx, database)
			if err != nil {
				return fmt.Errorf("%s on %s: %w", contender.name, kind, err)
			}
			fmt.Printf("  %-8s %-8s %s\n", contender.name, kind, measured)
			rates[contender.name+" "+kind] = append(rates[contender.name+" "+kind], measured.rate)
		}
	}
	return nil
}

// freshDatabase makes and migrates one.
func (c *comparison) freshDatabase(ctx context.Context, server *repotest.Server, kind string) (string, error) {
	c.databases++
	name := fmt.Sprintf("compare%d", c.databases)
	address := "sqlite:" + filepath.Join(c.folder, name+".db")
	if kind == "postgres" {
		if err := server.CreateNamed(name); err != nil {
			return "", err
		}
		address = server.URL(name)
	}
	db, err := repository.Open(ctx, address)
	if err != nil {
		return "", err
	}
	defer db.Close()
	_, err = db.MigrateUp(ctx)
	return address, err
}

func (c *comparison) print(rates map[string][]float64) {
	median := func(key string) float64 {
		list := slices.Sorted(slices.Values(rates[key]))
		if len(list) == 0 {
			return 0
		}
		return list[len(list)/2]
	}
	fmt.Println()
	for _, key := range []string{"gateway postgres", "plain postgres", "pgbench postgres", "gateway sqlite", "plain sqlite"} {
		list := rates[key]
		fmt.Printf("%-18s median %8.0f/s, %.0f to %.0f over %d rounds\n", key, median(key), slices.Min(list), slices.Max(list), len(list))
	}
	fmt.Printf("\nPostgreSQL: gateway / plain = %.2f, gateway / pgbench = %.2f\nSQLite:     gateway / plain = %.2f\n",
		median("gateway postgres")/median("plain postgres"), median("gateway postgres")/median("pgbench postgres"), median("gateway sqlite")/median("plain sqlite"))
}
