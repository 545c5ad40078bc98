package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/fakturgate/fakturgate/repository"
)

const (
	benchKey       = "fg_bench0000000000000000000000000000000000000000"
	benchMasterKey = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=" // of a database that is thrown away
	connectorToken = "connector-of-the-bench"
)

// world is the processes of one measurement, and the way to them.
type world struct {
	config    Config
	folder    string
	gateway   *exec.Cmd
	simulator *exec.Cmd
	receiver  *exec.Cmd

	gatewayURL, metricsURL, simulatorURL, receiverURL string

	client *http.Client
	db     *repository.DB // to measure its size; nil until the gateway has made it
	// postmaster is the first process of a PostgreSQL on this machine; 0: there is none.
	postmaster int
}

// openWorld starts simulator, receiver and gateway.
func openWorld(ctx context.Context, c Config, folder string) (_ *world, err error) {
	w := &world{config: c, folder: folder, client: &http.Client{
		Timeout:   time.Minute,
		Transport: &http.Transport{MaxIdleConns: mostAtOnce, MaxIdleConnsPerHost: mostAtOnce, IdleConnTimeout: time.Minute},
	}}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.close())
		}
	}()
	addresses, err := freeAddresses(ctx, 4)
	if err != nil {
		return nil, err
	}
	w.simulatorURL, w.receiverURL, w.gatewayURL = "http://"+addresses[0], "http://"+addresses[1], "http://"+addresses[2]
	w.metricsURL = "http://" + addresses[3]
	sigma := "0"
	if c.SigningDelay > 0 {
		sigma = "1"
	}
	w.simulator, err = w.start("simulator", append([]string{
		"FAKTURGATE_SIM_ADDR=" + addresses[0], "FAKTURGATE_SIM_TOKEN=" + connectorToken, "FAKTURGATE_SIM_STATE=" + filepath.Join(folder, "simulator"),
		"FAKTURGATE_SIM_SIGNING_DELAY=" + c.SigningDelay.String(), "FAKTURGATE_SIM_SIGNING_SIGMA=" + sigma, "FAKTURGATE_SIM_SEED=" + strconv.FormatUint(c.Seed, 10),
	}, c.Env...), "simulator")
	if err != nil {
		return nil, err
	}
	w.receiver, err = w.start("receiver", []string{"FAKTURGATE_BENCH_ADDR=" + addresses[1]}, "bench-receiver")
	if err != nil {
		return nil, err
	}
	for _, url := range []string{w.simulatorURL + "/ledger", w.receiverURL + "/count"} {
		if err := w.await(ctx, url); err != nil {
			return nil, err
		}
	}
	if err := w.startGateway(ctx); err != nil {
		return nil, err
	}
	if w.db, err = repository.Open(ctx, c.DatabaseURL); err != nil {
		return nil, err
	}
	w.postmaster, err = w.findPostmaster(ctx)
	return w, err
}

// startGateway starts the gateway, and waits until it is ready.
func (w *world) startGateway(ctx context.Context) (err error) {
	w.gateway, err = w.start("gateway", append([]string{
		"FAKTURGATE_ADDR=" + strings.TrimPrefix(w.gatewayURL, "http://"), "FAKTURGATE_METRICS_ADDR=" + strings.TrimPrefix(w.metricsURL, "http://"),
		"FAKTURGATE_DATABASE_URL=" + w.config.DatabaseURL, "FAKTURGATE_BOOTSTRAP_KEY=" + benchKey,
		"FAKTURGATE_MASTER_KEY=" + benchMasterKey, "FAKTURGATE_PJAP_URL=" + w.simulatorURL, "FAKTURGATE_PJAP_TOKEN=" + connectorToken,
		"FAKTURGATE_WEBHOOK_ALLOW_CIDRS=127.0.0.0/8", "FAKTURGATE_RATE_LIMIT=0", "FAKTURGATE_LOG_LEVEL=warn",
	}, w.config.Env...), "serve")
	if err != nil {
		return err
	}
	return w.await(ctx, w.gatewayURL+"/readyz")
}

// stopGateway ends the gateway as an operator would.
func (w *world) stopGateway() error {
	gateway := w.gateway
	w.gateway = nil
	if err := gateway.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	if err := gateway.Wait(); err != nil {
		return fmt.Errorf("the gateway ended badly: %w\n%s", err, w.lastWords())
	}
	return nil
}

// start runs the binary with nothing in its environment but env.
func (w *world) start(name string, env []string, command string) (*exec.Cmd, error) {
	log, err := os.Create(filepath.Join(w.folder, name+".log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	cmd := exec.Command(w.config.Binary, command) //nolint:gosec,noctx // the binary under test, as the caller names it; close ends it in order
	cmd.Env, cmd.Stdout, cmd.Stderr = slices.Concat(env, []string{"TMPDIR=" + w.folder}), log, log
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the %s: %w", name, err)
	}
	return cmd, nil
}

// await waits until an address answers 200.
func (w *world) await(ctx context.Context, url string) error {
	var last error
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline) && ctx.Err() == nil; time.Sleep(20 * time.Millisecond) {
		if _, last = w.get(ctx, url); last == nil {
			return nil
		}
	}
	return fmt.Errorf("%s does not come up: %w; the logs:\n%s", url, last, w.lastWords())
}

func (w *world) databaseKind() string { return w.db.Kind() }

// lastWords is the end of every process's log.
func (w *world) lastWords() string {
	var all strings.Builder
	logs, _ := filepath.Glob(filepath.Join(w.folder, "*.log"))
	for _, path := range logs {
		text, _ := os.ReadFile(path)
		fmt.Fprintf(&all, "%s: %s\n", filepath.Base(path), text[max(0, len(text)-2000):])
	}
	return all.String()
}

func (w *world) get(ctx context.Context, url string) ([]byte, error) {
	body, err := w.open(ctx, url)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	return io.ReadAll(body)
}

// open gives the body of a GET that is answered with 200.
func (w *world) open(ctx context.Context, url string) (io.ReadCloser, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+connectorToken)
	response, err := w.client.Do(request)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		response.Body.Close()
		return nil, fmt.Errorf("GET %s: %s", url, response.Status)
	}
	return response.Body, nil
}

// received is how many different webhooks the receiver has; -1 when it does not say.
func (w *world) received(ctx context.Context) int64 {
	text, err := w.get(ctx, w.receiverURL+"/count")
	if err != nil {
		return -1
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	if err != nil {
		return -1
	}
	return n
}

// prepare registers the sellers, fills the database, and subscribes the receiver
// to what comes then. While documents are put into the database the gateway is
// away: else the backlog would begin to move.
func (w *world) prepare(ctx context.Context, p *plan) (queued map[string]string, err error) {
	fmt.Fprintf(w.config.Progress, "registering %d sellers ...\n", len(p.sellers))
	if err := w.register(ctx, p.sellers); err != nil {
		return nil, err
	}
	f, err := w.newFilling(ctx, p)
	if err != nil {
		return nil, err
	}
	if err := f.fill(ctx, w.config.Documents, false); err != nil {
		return nil, err
	}
	if err := w.subscribe(ctx); err != nil {
		return nil, err
	}
	return f.queued, f.fill(ctx, w.config.Queued, true)
}

// register registers every seller, many at once.
func (w *world) register(ctx context.Context, npwps []string) error {
	places := make(chan string)
	var workers sync.WaitGroup
	var failed atomic.Pointer[error]
	for range 32 {
		workers.Go(func() {
			for npwp := range places {
				status, answer, err := w.call(ctx, http.MethodPut, "/taxpayers/"+npwp, []byte(`{"name":"PT `+npwp+`","channel":"pjap"}`))
				if err == nil && status != http.StatusCreated && status != http.StatusOK {
					err = fmt.Errorf("register %s: %d %.300s", npwp, status, answer)
				}
				if err != nil {
					failed.CompareAndSwap(nil, &err)
				}
			}
		})
	}
	for _, npwp := range npwps {
		if failed.Load() == nil {
			places <- npwp
		}
	}
	close(places)
	workers.Wait()
	if err := failed.Load(); err != nil {
		return *err
	}
	return nil
}

func (w *world) subscribe(ctx context.Context) error {
	body, err := json.Marshal(map[string]any{"url": w.receiverURL + "/", "description": "bench"})
	if err != nil {
		return err
	}
	status, answer, err := w.call(ctx, http.MethodPost, "/webhook-endpoints", body)
	if err == nil && status != http.StatusCreated {
		err = fmt.Errorf("subscribe: %d %.300s", status, answer)
	}
	return err
}

// close ends the processes.
func (w *world) close() error {
	var errs []error
	if w.db != nil {
		errs = append(errs, w.db.Close())
	}
	if w.gateway != nil {
		errs = append(errs, w.stopGateway())
	}
	for _, cmd := range []*exec.Cmd{w.simulator, w.receiver} {
		if cmd != nil {
			errs = append(errs, cmd.Process.Kill())
			_ = cmd.Wait() // killed
		}
	}
	return errors.Join(errs...)
}
