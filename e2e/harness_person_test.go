package e2e

import (
	"bytes"
	"io"
	"net/http"

	"github.com/go-json-experiment/json"

	"github.com/fakturgate/fakturgate/faktur"
)

// person is an accountant with a file channel: downloads what the gateway has
// written, uploads it elsewhere, and brings the list of statuses back.
type person struct {
	gateway *client
	npwp    string
	// upload gives a file to the portal or the application; an error means that
	// it took nothing of it.
	upload func(content []byte) error
	// export signs all that was uploaded, and gives the list.
	export func() ([]byte, error)
}

// carry works through the files until as many documents have been uploaded.
func (p *person) carry(documents int) {
	t := p.gateway.t
	t.Helper()
	uploaded := 0
	eventually(t, "all files of "+p.npwp+" are written", func() bool {
		files := decode[listing[faktur.File]](p.gateway.ask(http.MethodGet, "/taxpayers/"+p.npwp+"/files?status=ready", nil).want(http.StatusOK))
		for _, file := range files.Data {
			content := p.gateway.ask(http.MethodGet, "/files/"+file.ID+"/content", nil).want(http.StatusOK).body
			again := p.gateway.ask(http.MethodGet, "/files/"+file.ID+"/content", nil).want(http.StatusOK).body
			if !bytes.Equal(content, again) {
				t.Errorf("%s has other bytes at its second download", file.Name)
			}
			if err := p.upload(content); err != nil {
				t.Fatalf("%s: %v", file.Name, err)
			}
			p.gateway.ask(http.MethodPost, "/files/"+file.ID+"/uploaded", nil).want(http.StatusOK)
			uploaded += file.Documents
		}
		return uploaded >= documents
	})
	if uploaded != documents {
		t.Errorf("%d documents were uploaded, want %d", uploaded, documents)
	}
}

// importResult is the answer to a status import.
type importResult struct {
	DryRun bool `json:"dry_run"`
	Rows   []struct {
		Row       int    `json:"row"`
		Reference string `json:"reference"`
		Outcome   string `json:"outcome"`
		Code      string `json:"code"`
		Message   string `json:"message"`
	} `json:"rows"`
	Counts map[string]int `json:"counts"`
}

// bringBack imports the list; query is "" or "?dry_run=true".
func (p *person) bringBack(query string) importResult {
	p.gateway.t.Helper()
	list, err := p.export()
	if err != nil {
		p.gateway.t.Fatal(err)
	}
	return p.gateway.importList(p.npwp, query, list)
}

// importList posts a status export as it is.
func (c *client) importList(npwp, query string, list []byte) importResult {
	c.t.Helper()
	request, err := http.NewRequestWithContext(c.t.Context(), http.MethodPost, c.urls[0]+"/taxpayers/"+npwp+"/status-imports"+query, bytes.NewReader(list))
	if err != nil {
		c.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+bootstrapKey)
	request.Header.Set("Content-Type", "application/octet-stream")
	answer, err := c.http.Do(request)
	if err != nil {
		c.t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		c.t.Fatalf("status import answers %s, %v: %.1000s", answer.Status, err, body)
	}
	var result importResult
	if err := json.Unmarshal(body, &result); err != nil {
		c.t.Fatal(err)
	}
	for _, row := range result.Rows {
		if row.Code != "" {
			c.t.Logf("row %d, %s: %s, %s: %s", row.Row, row.Reference, row.Outcome, row.Code, row.Message)
		}
	}
	return result
}
