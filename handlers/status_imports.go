package handlers

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/service"
)

// The largest spreadsheet that is read, and the largest form around one, in bytes.
const (
	maxSheet = 16 << 20
	maxForm  = maxSheet + 64<<10
)

// sheetTypes are the media types of a spreadsheet as browsers and tools name it.
var sheetTypes = map[string]bool{
	"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": true,
	"text/csv":                 true,
	"application/vnd.ms-excel": true, // what browsers on Windows call a CSV
	"application/octet-stream": true,
}

// ImportStatuses adopts the portal's exported list.
//
//	@Summary		Import the portal's list of statuses
//	@Description	The list as the portal exports it, XLSX or CSV, as the body or as the one file of a form; on every channel. Each row that names a document of this taxpayer by its reference moves it as the channel would, with the same events; a bad row harms no good one, and the answer tells row by row what came of it.
//	@Description	Importing the same list again changes nothing. A list that is older than what is known moves nothing back: say `exported_at` when you know it, and what only its age decides is decided.
//	@Description	`outcome` is `updated`, `noted` (only the portal's word was kept), `unchanged`, `superseded` (another row says more), `not_found`, `foreign` (made in the portal), `ambiguous` (a person has to look), `conflict`, `duplicate` (approved more than once) or `invalid`.
//	@ID				importStatuses
//	@Tags			files
//	@Accept			application/vnd.openxmlformats-officedocument.spreadsheetml.sheet,text/csv,application/octet-stream,multipart/form-data
//	@Produce		json
//	@Param			npwp		path		string					true	"The taxpayer's NPWP, 16 digits"
//	@Param			dry_run		query		bool					false	"Change nothing, only say what would"
//	@Param			exported_at	query		string					false	"When the list was exported"
//	@Param			why			query		string					false	"Why it is imported, for the audit"
//	@Param			list		body		string					true	"The list"
//	@Success		200			{object}	service.ImportResult	"What came of every row"
//	@Failure		400			{object}	Problem					"No body, or a form that cannot be read"
//	@Failure		404			{object}	Problem					"The taxpayer is not registered"
//	@Failure		409			{object}	Problem					"The Idempotency-Key is still running (in_progress)"
//	@Failure		413			{object}	Problem					"Over 16 MiB, or more than 100,000 rows"
//	@Failure		415			{object}	Problem					"Not a spreadsheet"
//	@Failure		422			{object}	Problem					"It is no list of the portal, or a parameter is malformed"
//	@Security		bearer[invoices:write]
//	@Router			/taxpayers/{npwp}/status-imports [post]
func (h *Handlers) ImportStatuses(w http.ResponseWriter, r *http.Request) error {
	npwp, err := pathWord(r, "npwp", "taxpayer")
	if err != nil {
		return err
	}
	q := readQuery(r)
	in := service.StatusImport{NPWP: npwp, DryRun: q.truth("dry_run"), ExportedAt: q.moment("exported_at")}
	by := operator(r)
	by.Why = q.text("why")
	if err := q.err(); err != nil {
		return err
	}
	body, release, err := readAny(w, r, maxForm)
	defer release()
	if err != nil {
		return err
	}
	if in.Content, err = sheetOf(r.Header, body); err != nil {
		return err
	}
	result, err := h.Service.ImportStatuses(r.Context(), by, in)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, result)
}

// sheetOf gives the spreadsheet in a body: the body itself, or the one file of a form.
func sheetOf(header http.Header, body []byte) ([]byte, error) {
	if err := checkCoding(header); err != nil {
		return nil, err
	}
	mediaType, params, err := mime.ParseMediaType(header.Get("Content-Type"))
	switch {
	case err == nil && mediaType == "multipart/form-data":
		if body, err = fileOfForm(body, params["boundary"]); err != nil {
			return nil, err
		}
	case err != nil || !sheetTypes[mediaType]:
		return nil, faktur.NewError(faktur.KindUnsupported, "media_type_unsupported",
			"Send the spreadsheet as the body, with Content-Type text/csv, application/octet-stream or "+
				"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet, or as the file of a multipart/form-data form.")
	}
	if len(body) == 0 {
		return nil, faktur.NewError(faktur.KindMalformed, "body_missing", "This request needs a spreadsheet, XLSX or CSV.")
	}
	if len(body) > maxSheet {
		return nil, faktur.NewError(faktur.KindTooLarge, "body_too_large", fmt.Sprintf("The spreadsheet is larger than %d MiB. Export it in parts.", maxSheet>>20))
	}
	return body, nil
}

// fileOfForm gives the one file of a multipart form.
func fileOfForm(body []byte, boundary string) ([]byte, error) {
	broken := func(cause error) error {
		return &faktur.Error{Kind: faktur.KindMalformed, Code: "form_malformed", Detail: "The form cannot be read to its end.", Cause: cause}
	}
	if boundary == "" {
		return nil, broken(nil)
	}
	form := multipart.NewReader(bytes.NewReader(body), boundary)
	var file []byte
	for files := 0; ; {
		part, err := form.NextRawPart()
		if errors.Is(err, io.EOF) {
			return file, nil
		}
		if err != nil {
			return nil, broken(err)
		}
		if files++; files > 1 {
			return nil, faktur.Invalid([]faktur.Fault{{Code: "one_file", Message: "Send one file, and nothing else in the form."}})
		}
		if file, err = io.ReadAll(part); err != nil {
			return nil, broken(err)
		}
	}
}
