package e2e

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"github.com/fakturgate/fakturgate/faktur"
)

// Lists of 50 MB, packed and not, sent by several people at once, cost a gateway
// no more memory than one of them does, and others are served meanwhile.
func TestLargeListsCostBoundedMemory(t *testing.T) {
	t.Parallel()
	eachDatabase(t, func(t *testing.T, kind string) {
		const npwp, people, most = "0022222222901000", 2, 512
		w := newWorld(t, kind)
		g := w.serve("gateway", quickGateway...)
		c := w.client(g)
		c.ask(http.MethodPut, "/taxpayers/"+npwp, map[string]any{"name": "PT Penjual", "channel": faktur.ChannelCoretaxXML}).want(http.StatusCreated)
		sheet := largeSheet(t)
		inParallel(2*people, 2*people, func(i int) {
			content, want := sheet, http.StatusOK
			if i%2 == 0 {
				content, want = bytes.Repeat([]byte("a"), 50_000_000), http.StatusRequestEntityTooLarge
			}
			if status := c.sendList(npwp, content); status != want {
				t.Errorf("a list of %d bytes answers %d, want %d", len(content), status, want)
			}
			c.ask(http.MethodGet, "/taxpayers", nil).want(http.StatusOK)
		})
		peak := peakMB(g.cmd.Process.Pid)
		t.Logf("%d MB at most", peak)
		if peak > most {
			t.Errorf("it took %d MB, want %d at most", peak, most)
		}
	})
}

// sendList posts a list and gives the answer's status.
func (c *client) sendList(npwp string, content []byte) int {
	c.t.Helper()
	request, err := http.NewRequestWithContext(c.t.Context(), http.MethodPost, c.urls[0]+"/taxpayers/"+npwp+"/status-imports", bytes.NewReader(content))
	if err != nil {
		c.t.Error(err)
		return 0
	}
	request.Header.Set("Authorization", "Bearer "+bootstrapKey)
	request.Header.Set("Content-Type", "application/octet-stream")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		c.t.Error(err)
		return 0
	}
	defer answer.Body.Close()
	return answer.StatusCode
}

// largeSheet is a list of 25,000 rows, unpacked more than 50 MB.
func largeSheet(t *testing.T) []byte {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	rows, err := f.NewStreamWriter("Sheet1")
	if err != nil {
		t.Fatal(err)
	}
	row := []any{"Referensi", "Tanggal Faktur Pajak", "Nomor Faktur Pajak", "Status Faktur"}
	for i := range 25_000 {
		if err := rows.SetRow(fmt.Sprint("A", i+1), row); err != nil {
			t.Fatal(err)
		}
		row = []any{fmt.Sprint("INV/", i), "22/11/2026", fmt.Sprintf("040026%011d", i), "Approved" + strings.Repeat(" ", 2000)}
	}
	var content bytes.Buffer
	if err := rows.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := f.Write(&content); err != nil {
		t.Fatal(err)
	}
	return content.Bytes()
}
