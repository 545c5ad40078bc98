package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/fakturgate/fakturgate/adapter/coretax/coretaxtest"
	"github.com/fakturgate/fakturgate/adapter/efaktur/efakturtest"
	"github.com/fakturgate/fakturgate/faktur"
)

// tellPortal: what a person does who has no connector. The portal is played by
// the other side that the channel is tested against; nothing is uploaded anywhere.
func tellPortal(ctx context.Context, d *demo) error {
	if err := d.register(ctx, demoUploading, faktur.ChannelCoretaxXML, nil); err != nil {
		return err
	}
	ids, err := d.postSome(ctx, demoUploading, "FILE", 1, 2)
	if err != nil {
		return err
	}
	portal := coretaxtest.New(coretaxtest.Config{TIN: demoUploading})
	d.keep(demoUploading, atPortal(portal))
	return d.overPortal(ctx, demoUploading, portal, ids)
}

// overPortal carries a seller's invoices to the portal, has them signed there,
// and brings the list of statuses back.
func (d *demo) overPortal(ctx context.Context, npwp string, portal *coretaxtest.Portal, ids []string) error {
	err := d.carry(ctx, npwp, "the portal", ids, func(file []byte) (int, error) {
		receipt, err := portal.Upload(bytes.Clone(file))
		return receipt.Documents, err
	})
	if err != nil {
		return err
	}
	portal.SignAll()
	list, err := portal.Export(coretaxtest.ExportOptions{XLSX: true})
	if err != nil {
		return err
	}
	return d.bringBack(ctx, npwp, list, ids)
}

// tellDesktop: as tellPortal, with DJP's old application, which takes numbers
// that the seller was given beforehand.
func tellDesktop(ctx context.Context, d *demo) error {
	if err := d.register(ctx, demoDesktop, faktur.ChannelEfakturDesktop, nil); err != nil {
		return err
	}
	year := faktur.DateOf(time.Now()).Month()[2:4]
	numbers := efakturtest.Range{First: "000" + year + "00000001", Last: "000" + year + "00000100"}
	body := faktur.NSFPRanges{Ranges: []faktur.NSFPRange{{First: numbers.First, Last: numbers.Last}}}
	if err := d.erp.call(ctx, http.MethodPut, "/taxpayers/"+demoDesktop+"/nsfp-ranges", body, nil); err != nil {
		return err
	}
	d.say(ctx, seller(demoDesktop), blue, "nsfp-ranges", numbers.First+" to "+numbers.Last+", as e-Nofa gave them")
	ids, err := d.postSome(ctx, demoDesktop, "DESKTOP", 1, 2)
	if err != nil {
		return err
	}
	desktop := efakturtest.New(efakturtest.Config{NPWP: demoDesktop, Ranges: []efakturtest.Range{numbers}})
	d.keep(demoDesktop, func(stored *faktur.StoredInvoice) ([]filing, error) {
		return listed(desktop.Rows(), stored.Reference), nil
	})
	if err := d.carry(ctx, demoDesktop, "the application", ids, desktop.Import); err != nil {
		return err
	}
	desktop.SignAll()
	list, err := desktop.Export(coretaxtest.ExportOptions{})
	if err != nil {
		return err
	}
	return d.bringBack(ctx, demoDesktop, list, ids)
}

// carry waits until all invoices stand in files, and takes these to their other side.
func (d *demo) carry(ctx context.Context, npwp, to string, ids []string, upload func([]byte) (int, error)) error {
	if err := d.awaitAll(ctx, ids, faktur.AwaitingUpload); err != nil {
		return err
	}
	var files struct {
		Data []faktur.File `json:"data"`
	}
	if err := d.erp.call(ctx, http.MethodGet, "/taxpayers/"+npwp+"/files?status=ready", nil, &files); err != nil {
		return err
	}
	for _, file := range files.Data {
		content, err := d.erp.send(ctx, http.MethodGet, "/files/"+file.ID+"/content", "", nil)
		if err != nil {
			return err
		}
		taken, err := upload(content)
		if err != nil {
			return err
		}
		kind := file.Name[strings.LastIndex(file.Name, ".")+1:]
		d.say(ctx, seller(npwp), blue, "file uploaded", fmt.Sprintf("by a person: %s took the %s of %d invoices", to, strings.ToUpper(kind), taken))
		if err := d.erp.call(ctx, http.MethodPost, "/files/"+file.ID+"/uploaded", nil, nil); err != nil {
			return err
		}
	}
	return d.awaitAll(ctx, ids, faktur.Submitting)
}

// bringBack imports the list of statuses, which has all invoices as approved.
func (d *demo) bringBack(ctx context.Context, npwp string, list []byte, ids []string) error {
	d.say(ctx, seller(npwp), blue, "list imported", "by a person: the statuses as the portal exports them")
	answer, err := d.erp.send(ctx, http.MethodPost, "/taxpayers/"+npwp+"/status-imports", "application/octet-stream", list)
	if err != nil {
		return err
	}
	var imported struct {
		Counts map[string]int `json:"counts"`
	}
	if err := json.Unmarshal(answer, &imported); err != nil {
		return err
	}
	if imported.Counts["updated"] != len(ids) {
		return fmt.Errorf("the list should have brought %d statuses: %s", len(ids), answer)
	}
	return d.awaitAll(ctx, ids, faktur.Approved)
}

// atPortal is the portal's book.
func atPortal(portal *coretaxtest.Portal) book {
	return func(stored *faktur.StoredInvoice) ([]filing, error) {
		return listed(portal.Rows(), stored.Reference), nil
	}
}

// listed gives what stands in a list under a reference.
func listed(rows []coretaxtest.Row, reference string) (filings []filing) {
	for _, row := range rows {
		if row.Reference == reference {
			status, _ := faktur.ParseCoretaxStatus(row.Status)
			filings = append(filings, filing{taken: 1, status: status, nsfp: row.NSFP})
		}
	}
	return filings
}
