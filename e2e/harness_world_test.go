package e2e

import (
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/fakturgate/fakturgate/simulator"
)

const (
	bootstrapKey   = "fg_e2e00000000000000000000000000000000000000000"
	connectorToken = "connector-token-of-the-tests"
	masterKey      = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
)

// world is a database, a simulated tax system and gateways between them.
type world struct {
	t         *testing.T
	kind      string // of database
	database  string // its address
	simulator *process
	simURL    string
}

// newWorld makes an empty database and starts a simulator with settings such as
// "FAKTURGATE_SIM_DEDUP=off".
func newWorld(t *testing.T, kind string, settings ...string) *world {
	t.Helper()
	return newWorldOn(t, kind, newDatabase(t, kind), settings...)
}

// newWorldOn is newWorld on a database that is there already.
func newWorldOn(t *testing.T, kind, database string, settings ...string) *world {
	t.Helper()
	address := freeAddress(t)
	w := &world{t: t, kind: kind, database: database, simURL: "http://" + address}
	w.simulator = start(t, "simulator", append([]string{"FAKTURGATE_SIM_ADDR=" + address, "FAKTURGATE_SIM_TOKEN=" + connectorToken}, settings...), "simulator")
	w.simulator.awaitAnswer(w.simURL + "/ledger")
	return w
}

// gateway is a `fakturgate serve` and where it listens.
type gateway struct {
	*process
	url string
}

// serve starts a gateway with settings such as "FAKTURGATE_LEASE=2s"; later ones win.
func (w *world) serve(name string, settings ...string) *gateway {
	w.t.Helper()
	g := w.launch(name, settings...)
	g.awaitReady()
	return g
}

// launch is serve without waiting.
func (w *world) launch(name string, settings ...string) *gateway {
	w.t.Helper()
	address := freeAddress(w.t)
	return &gateway{start(w.t, name, append(w.environment(address), settings...), "serve"), "http://" + address}
}

// environment is what a gateway at an address needs to know.
func (w *world) environment(address string) []string {
	return []string{
		"FAKTURGATE_ADDR=" + address,
		"FAKTURGATE_DATABASE_URL=" + w.database,
		"FAKTURGATE_BOOTSTRAP_KEY=" + bootstrapKey,
		"FAKTURGATE_MASTER_KEY=" + masterKey,
		"FAKTURGATE_PJAP_URL=" + w.simURL,
		"FAKTURGATE_PJAP_TOKEN=" + connectorToken,
		"FAKTURGATE_WEBHOOK_ALLOW_CIDRS=127.0.0.0/8",
	}
}

func (g *gateway) awaitReady() { g.t.Helper(); g.awaitAnswer(g.url + "/readyz") }

// client is an ERP's way to these gateways, with the bootstrap key.
func (w *world) client(gateways ...*gateway) *client {
	return newClient(w.t, gateways...)
}

// ledger is all that the simulated tax system took, by reference.
func (w *world) ledger() map[string][]simulator.LedgerEntry {
	w.t.Helper()
	var all struct {
		Entries []simulator.LedgerEntry `json:"entries"`
	}
	if err := json.Unmarshal(fetch(w.t, w.simURL+"/ledger"), &all); err != nil {
		w.t.Fatal(err)
	}
	byReference := map[string][]simulator.LedgerEntry{}
	for _, e := range all.Entries {
		byReference[e.Reference] = append(byReference[e.Reference], e)
	}
	return byReference
}
