package api_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/fakturgate/fakturgate/adapter/coretax"
	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/handlers"
	"github.com/fakturgate/fakturgate/repository"
	"github.com/fakturgate/fakturgate/repository/repotest"
	"github.com/fakturgate/fakturgate/service"
)

// Who only looks whether a file has changed has not got it: it can still be withdrawn.
func TestOnlyAFileThatWasSentIsDownloaded(t *testing.T) {
	t.Parallel()
	repotest.Each(t, func(t *testing.T, db *repository.DB) {
		g := startWith(t, options{db: db, workers: true, change: func(c *service.Config) {
			c.Channels, c.GatherAfter = append(c.Channels, coretax.New()), time.Nanosecond
		}})
		g.put("/taxpayers/"+otherSeller, `{"name": "PT Lain", "channel": "coretax_xml", "settings": {}}`).want(http.StatusCreated)
		written := func(reference string) (id string, file faktur.File) {
			id = document(g.post("/invoices", strings.ReplaceAll(invoice(reference), seller, otherSeller)).want(http.StatusAccepted)).ID
			g.await(id, faktur.AwaitingUpload)
			return id, decoded[handlers.List[faktur.File]](g.get("/taxpayers/" + otherSeller + "/files").want(http.StatusOK)).Data[0]
		}
		id, file := written("INV/1")
		path := "/files/" + file.ID + "/content"
		head := g.send(http.MethodHead, path, "").want(http.StatusOK)
		if head.header.Get("Content-Length") != strconv.FormatInt(file.Size, 10) || head.header.Get("ETag") != `"`+file.SHA256+`"` {
			t.Errorf("HEAD says %v of %+v", head.header, file)
		}
		g.get(path, "If-None-Match", `"`+file.SHA256+`"`).want(http.StatusNotModified)
		if now := decoded[faktur.File](g.get("/files/" + file.ID).want(http.StatusOK)); !now.DownloadedAt.IsZero() {
			t.Errorf("it counts as downloaded: %+v", now)
		}
		g.post("/invoices/"+id+"/cancel", "").want(http.StatusOK)
		g.send(http.MethodHead, path, "").want(http.StatusConflict)
		g.get(path, "If-None-Match", "*").problem(http.StatusConflict, "file_withdrawn")

		id, file = written("INV/2")
		got := g.get("/files/" + file.ID + "/content").want(http.StatusOK)
		if int64(len(got.body)) != file.Size || !strings.Contains(got.header.Get("Content-Disposition"), file.Name) {
			t.Errorf("%d bytes of %d: %v", len(got.body), file.Size, got.header)
		}
		g.post("/invoices/"+id+"/cancel", "").problem(http.StatusConflict, "file_downloaded")
	})
}
