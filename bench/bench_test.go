package bench_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/fakturgate/fakturgate/bench"
	"github.com/fakturgate/fakturgate/repository/repotest"
)

var binary = sync.OnceValues(func() (string, error) {
	folder, err := os.MkdirTemp("", "fakturgate-bench-test")
	if err != nil {
		return "", err
	}
	path := filepath.Join(folder, "fakturgate")
	return path, exec.Command("go", "build", "-o", path, "../cmd/fakturgate").Run()
})

func TestMain(m *testing.M) {
	code := m.Run()
	if path, err := binary(); err == nil {
		os.RemoveAll(filepath.Dir(path))
	}
	os.Exit(code)
}

func short(t *testing.T, database string, env ...string) bench.Report {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	report, err := bench.Run(t.Context(), bench.Config{Binary: path, DatabaseURL: database, Duration: 2 * time.Second, Rate: 100,
		Sellers: 20, SavedInvalid: 0.1, Seed: 1, Drain: 10 * time.Second, Documents: 3000, Queued: 40, Reads: 5, Env: env})
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// Every invoice is counted once, none is missing, and everything has a figure.
func TestMeasuresEveryLife(t *testing.T) {
	t.Parallel()
	for _, kind := range repotest.Kinds() {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			r := short(t, repotest.URL(t, kind))
			if !r.OK() || r.Accepted != 200 || r.Lives != 240 {
				t.Errorf("200 invoices and a backlog of 40: %+v", r)
			}
			if r.ListMS.Max <= 0 || r.StatusMS.Max <= 0 || r.FeedMS.Max <= 0 || len(r.Samples) == 0 || r.Samples[0].RSSMB <= 0 {
				t.Errorf("reads or samples are missing: %+v", r)
			}
			if r.Scans["documents"]+r.Scans["document_bodies"]+r.Scans["events"] > 0 {
				t.Errorf("a large table is read from end to end: %v", r.Scans)
			}
			if r.PostMS.P50 <= 0 || r.WebhookMS.Max < r.WebhookMS.P50 || r.RSSMB <= 0 || r.CPUPerLife <= 0 || r.DatabaseMB <= 0 || r.LivesPerSecond <= 0 {
				t.Errorf("something was not measured: %+v", r)
			}
		})
	}
}

// A tax system that loses what it took is noticed, and so is a reference that is
// filed twice.
func TestNoticesWhatIsLost(t *testing.T) {
	t.Parallel()
	r := short(t, "", "FAKTURGATE_SIM_LOSE=/000001")
	if r.OK() || r.Lost != 10 {
		t.Errorf("ten invoices were lost by the tax system, and the report says %d", r.Lost)
	}
}
