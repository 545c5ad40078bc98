package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/fakturgate/fakturgate/adapter/coretax/coretaxtest"
	"github.com/fakturgate/fakturgate/faktur"
)

// tellPortal: what a person does who has no connector. The portal is played by
// the other side that the channel is tested against; nothing is uploaded anywhere.
func tellPortal(ctx context.Context, d *demo) error {
	if err := d.register(ctx, demoUploading, "coretax_xml", nil); err != nil {
		return err
	}
	var ids []string
	for n := range 3 {
		id, err := d.post(ctx, demoInvoice(demoUploading, fmt.Sprintf("FILE/%d", n+1)))
		if err != nil {
			return err
		}
		ids = append(ids, id)
	}
	for _, id := range ids {
		if err := d.await(ctx, id, faktur.AwaitingUpload); err != nil {
			return err
		}
	}
	portal := coretaxtest.New(coretaxtest.Config{TIN: demoUploading})
	if err := d.upload(ctx, portal); err != nil {
		return err
	}
	portal.SignAll()
	list, err := portal.Export(coretaxtest.ExportOptions{XLSX: true})
	if err != nil {
		return err
	}
	if _, err := d.erp.send(ctx, http.MethodPost, "/taxpayers/"+demoUploading+"/status-imports", "application/octet-stream", list); err != nil {
		return err
	}
	var told []error
	for _, id := range ids {
		told = append(told, d.await(ctx, id, faktur.Approved))
	}
	if len(portal.Doubled()) > 0 || len(portal.Ledger()) != len(ids) {
		told = append(told, fmt.Errorf("the portal has %+v", portal.Ledger()))
	}
	return errors.Join(told...)
}

// upload carries every ready file to the portal.
func (d *demo) upload(ctx context.Context, portal *coretaxtest.Portal) error {
	var files struct {
		Data []faktur.File `json:"data"`
	}
	if err := d.erp.call(ctx, http.MethodGet, "/taxpayers/"+demoUploading+"/files?status=ready", nil, &files); err != nil {
		return err
	}
	for _, file := range files.Data {
		content, err := d.erp.send(ctx, http.MethodGet, "/files/"+file.ID+"/content", "", nil)
		if err != nil {
			return err
		}
		receipt, err := portal.Upload(bytes.Clone(content))
		if err != nil {
			return err
		}
		d.printer.row(file.Name, blue, "uploaded", fmt.Sprintf("by a person; the portal took %d invoices", receipt.Documents))
		if err := d.erp.call(ctx, http.MethodPost, "/files/"+file.ID+"/uploaded", nil, nil); err != nil {
			return err
		}
	}
	return nil
}
