package faktur_test

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/fakturgate/fakturgate/faktur"
)

// told is one code with the first fault that the rule tables give it.
type told map[string]faktur.Fault

func (c told) add(faults []faktur.Fault) {
	for _, f := range faults {
		if _, known := c[f.Code]; !known {
			c[f.Code] = f
		}
	}
}

// everyCode gathers the codes of all rule tables.
func everyCode(t *testing.T) (refused, doubted told) {
	t.Helper()
	refused, doubted = told{}, told{}
	_, err := assess(decode[faktur.TaxInvoice](t, read(t, "testdata/every-fault.json")))
	refused.add(faultsOf(t, err))
	for _, c := range slices.Concat(refusals, amountRefusals) {
		_, err := assess(c.invoice(t))
		refused.add(faultsOf(t, err))
	}
	for _, text := range slices.Sorted(maps.Keys(unreadableAmounts)) {
		inv := example(t, "ordinary")
		inv.Lines[0].UnitPrice = decode[faktur.Amount](t, []byte(text))
		_, err := assess(inv)
		refused.add(faultsOf(t, err))
	}
	_, err = assess(manyFaults(t))
	refused.add(faultsOf(t, err))
	for _, c := range desktopCases {
		_, err = faktur.NewRules(nil).Assess(desktopInvoice(t, c.change), faktur.Settings{}, faktur.ChannelEfakturDesktop, now)
		refused.add(faultsOf(t, err))
	}
	for _, c := range klikpajakCases {
		_, err = faktur.NewRules(nil).Assess(desktopInvoice(t, c.change), faktur.Settings{}, faktur.ChannelKlikpajak, now)
		refused.add(faultsOf(t, err))
	}
	broken := decode[faktur.TaxInvoice](t, []byte(`{"date":"2026-02-31","lines":[{"ppn_rate":"12%","ppnbm_rate":1000}]}`))
	_, err = assess(broken)
	refused.add(faultsOf(t, err))
	settings := decode[faktur.Settings](t, []byte(`{"settle_window":"soon","upload_deadlines":{"November":"2026-12-22","2026-11":"2026-11-20"},
		"provider":{"base_url":"http://192.168.1.1","paths":{"list":"list"}}}`))
	taxpayer := faktur.Taxpayer{NPWP: "0012345674901000", Name: "PT", Channel: faktur.ChannelPJAP, Settings: settings}
	refused.add(faultsOf(t, taxpayer.Validate()))
	for _, c := range mappingCases {
		taxpayer.Settings = c.settings
		refused.add(faultsOf(t, taxpayer.Validate()))
	}
	taxpayer.Settings = faktur.Settings{MaxPerFile: 20_000, AutoReupload: &faktur.AutoReupload{MaxAttempts: 1}}
	refused.add(faultsOf(t, taxpayer.Validate()))
	signer := faktur.Signer{ID: "3174", Name: "Siti", Priority: -1}
	refused.add(faultsOf(t, signer.Validate()))

	for _, c := range slices.Concat(doubts, amountDoubts) {
		a, err := assess(c.invoice(t))
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		doubted.add(a.Warnings)
	}
	for _, c := range paymentCases {
		inv := example(t, "ordinary")
		inv.Payment, inv.Date = c.payment, faktur.DateOf(now)
		a, err := faktur.NewRules(nil).Assess(inv, faktur.Settings{}, c.channel, now)
		refused.add(faultsOf(t, err))
		doubted.add(a.Warnings)
	}
	doubted.add(faktur.PassphraseDoubts("50% of 100"))
	addReturnCodes(t, refused, doubted)
	return refused, doubted
}

// addReturnCodes adds the codes that only returns have.
func addReturnCodes(t *testing.T, refused, doubted told) {
	t.Helper()
	for _, c := range slices.Concat(returnRefusals, returnDoubts) {
		ret := returnExample(t, "partial")
		c.edit(&ret)
		a, err := assessReturn(ret)
		refused.add(faultsOf(t, err))
		doubted.add(a.Warnings)
	}
	for _, channel := range faktur.Channels() {
		faults, doubts := onChannel(t, channel)
		refused.add(faults)
		doubted.add(doubts)
	}
	for _, c := range boughtCases {
		faults, doubts := checkBought(t, c.edit, c.known(t))
		refused.add(faults)
		doubted.add(doubts)
	}
}

func TestFaultCodesPage(t *testing.T) {
	t.Parallel()
	refused, doubted := everyCode(t)
	var page bytes.Buffer
	page.WriteString(`# Codes of faults and warnings

<!-- Generated from the rule tables of package faktur (go test ./faktur -update); do not edit. -->

What can stand in ` + "`errors[]`" + ` of a refused invoice, return or registration, and in
` + "`warnings[]`" + ` of an accepted one. Codes are stable; sentences may get better.
Each is shown with one example. New codes may appear in any release.

## Refused (422)

`)
	refused.write(&page)
	page.WriteString("\n## Accepted with a warning\n\n")
	doubted.write(&page)
	golden(t, "../docs/fault-codes.md", page.Bytes())
}

func (c told) write(page *bytes.Buffer) {
	page.WriteString("| code | for example at | with the sentence |\n|---|---|---|\n")
	for _, code := range slices.Sorted(maps.Keys(c)) {
		fmt.Fprintf(page, "| `%s` | `%s` | %s |\n", code, c[code].Pointer, strings.ReplaceAll(c[code].Message, "|", "\\|"))
	}
}

// Every code that a rule names is broken by a row of the tables.
func TestEveryRuleIsTested(t *testing.T) {
	t.Parallel()
	refused, doubted := everyCode(t)
	named := regexp.MustCompile(`(?:(refuse|warn)\([^"\n]*(?:"[^"]*"\)*, )?|Fault\{pointer, |return )"([a-z0-9_]+)"[,}]`)
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range named.FindAllStringSubmatch(string(text), -1) {
			found++
			_, isRefused := refused[match[2]]
			_, isDoubted := doubted[match[2]]
			if !isRefused && !isDoubted || match[1] == "warn" && !isDoubted || match[1] == "refuse" && !isRefused {
				t.Errorf("%s: no row of the rule tables gives %s", file, match[2])
			}
		}
	}
	if found < 60 {
		t.Errorf("only %d codes were found in the sources; does the pattern still fit them?", found)
	}
}
