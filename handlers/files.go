package handlers

import (
	"mime"
	"net/http"
	"strconv"

	"github.com/go-chi/chi/v5"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/service"
)

// GetFiles lists a taxpayer's files.
//
//	@Summary		List a taxpayer's files
//	@Description	What the channels `coretax_xml` and `efaktur_desktop` have written for a person to upload, newest first.
//	@ID				listFiles
//	@Tags			files
//	@Produce		json
//	@Param			npwp	path		string				true	"The taxpayer's NPWP, 16 digits"
//	@Param			status	query		string				false	"Where they stand"	Enums(ready, uploaded, rejected, withdrawn)
//	@Param			limit	query		int					false	"How many a page has; 50 when absent"	minimum(1)	maximum(200)
//	@Param			cursor	query		string				false	"The next_cursor of the page before"
//	@Success		200		{object}	List[faktur.File]	"A page"
//	@Failure		404		{object}	Problem				"The taxpayer is not registered"
//	@Failure		422		{object}	Problem				"A parameter is malformed"
//	@Security		bearer[invoices:read]
//	@Router			/taxpayers/{npwp}/files [get]
func (h *Handlers) GetFiles(w http.ResponseWriter, r *http.Request) error {
	npwp, err := pathWord(r, "npwp", "taxpayer")
	if err != nil {
		return err
	}
	q := readQuery(r)
	status, limit, cursor := faktur.FileStatus(q.text("status")), q.limit(defaultLimit, maxLimit), q.text("cursor")
	switch status {
	case "", faktur.FileReady, faktur.FileUploaded, faktur.FileRejected, faktur.FileWithdrawn:
	default:
		q.refuse("status", "status_unknown", "status must be one of ready, uploaded, rejected, withdrawn.")
	}
	if err := q.err(); err != nil {
		return err
	}
	page, err := h.Service.Files(r.Context(), tenant(r.Context()), npwp, status, limit, cursor)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, listOf(page))
}

// GetFile gives a file without its content.
//
//	@Summary		Get a file
//	@ID				getFile
//	@Tags			files
//	@Produce		json
//	@Param			id	path		string		true	"The file's id"
//	@Success		200	{object}	faktur.File	"The file"
//	@Failure		404	{object}	Problem		"There is none, or it is another tenant's"
//	@Failure		422	{object}	Problem		"It has a query parameter, and takes none"
//	@Security		bearer[invoices:read]
//	@Router			/files/{id} [get]
func (h *Handlers) GetFile(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r, "file")
	if err != nil {
		return err
	}
	file, err := h.Service.File(r.Context(), tenant(r.Context()), id)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, file)
}

// GetFileContent gives a file's bytes.
//
//	@Summary		Download a file
//	@Description	The same bytes at every download; the ETag is their SHA-256. The first download is noted: from then on the file cannot be withdrawn by cancelling one of its documents. HEAD, and what is answered 304, is no download.
//	@ID				downloadFile
//	@Tags			files
//	@Produce		application/xml,text/csv
//	@Param			id				path		string	true	"The file's id"
//	@Param			If-None-Match	header		string	false	"An ETag; answers 304 when the file has it"
//	@Success		200				{file}		binary	"The file"
//	@Success		304				"You have it"
//	@Header			200				{string}	ETag				"SHA-256 of the content"
//	@Header			304				{string}	ETag				"SHA-256 of the content"
//	@Header			200				{string}	Content-Disposition	"The file's name"
//	@Failure		404				{object}	Problem	"There is none, or it is another tenant's"
//	@Failure		409				{object}	Problem	"It was withdrawn (file_withdrawn): a newer file has its documents"
//	@Failure		422				{object}	Problem	"It has a query parameter, and takes none"
//	@Security		bearer[invoices:read]
//	@Router			/files/{id}/content [get]
func (h *Handlers) GetFileContent(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r, "file")
	if err != nil {
		return err
	}
	file, err := h.Service.OfferedFile(r.Context(), tenant(r.Context()), id)
	if err != nil {
		return err
	}
	tag := `"` + file.SHA256 + `"`
	if matches(r.Header.Values("If-None-Match"), tag) {
		w.Header().Set("ETag", tag)
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	var content []byte
	if r.Method != http.MethodHead {
		if _, content, err = h.Service.Download(r.Context(), tenant(r.Context()), id); err != nil {
			return err
		}
	}
	w.Header().Set("ETag", tag)
	w.Header().Set("Content-Type", file.MediaType)
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": file.Name}))
	w.Header().Set("Content-Length", strconv.FormatInt(file.Size, 10))
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(content)
	return nil
}

// GetFileLine says what stands in a line of a file.
//
//	@Summary		Find the invoice at a line of a file
//	@Description	The portal names the lines of the XML file when it refuses one. This says which invoice, which of its items and which element stands there.
//	@ID				getFileLine
//	@Tags			files
//	@Produce		json
//	@Param			id	path		string			true	"The file's id"
//	@Param			n	path		int				true	"The line, 1 for the first"	minimum(1)
//	@Success		200	{object}	faktur.FileLine	"What stands there"
//	@Failure		404	{object}	Problem			"There is no such file, or no document in that line (line_without_document)"
//	@Failure		422	{object}	Problem			"It has a query parameter, and takes none"
//	@Security		bearer[invoices:read]
//	@Router			/files/{id}/lines/{n} [get]
func (h *Handlers) GetFileLine(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r, "file")
	if err != nil {
		return err
	}
	line, err := strconv.Atoi(chi.URLParam(r, "n"))
	if err != nil {
		return faktur.NotFound("line")
	}
	found, err := h.Service.FileLine(r.Context(), tenant(r.Context()), id, line)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, found)
}

// FileUploaded takes a person's word that a file was uploaded.
//
//	@Summary		Say that a file was uploaded
//	@Description	Its documents become `submitting`: what comes of them is told by the next status import. Saying it again changes nothing.
//	@ID				fileUploaded
//	@Tags			files
//	@Accept			json
//	@Produce		json
//	@Param			id	path		string		true	"The file's id"
//	@Param			why	body		Why			false	"A word for the audit"
//	@Success		200	{object}	faktur.File	"The file"
//	@Failure		400	{object}	Problem		"Not JSON"
//	@Failure		404	{object}	Problem		"There is none, or it is another tenant's"
//	@Failure		409	{object}	Problem		"It was rejected or withdrawn, and holds no documents any more"
//	@Failure		413	{object}	Problem		"Over 4 MiB"
//	@Failure		415	{object}	Problem		"Not application/json"
//	@Failure		422	{object}	Problem		"The content is refused"
//	@Security		bearer[invoices:write]
//	@Router			/files/{id}/uploaded [post]
func (h *Handlers) FileUploaded(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r, "file")
	if err != nil {
		return err
	}
	var body Why
	if err := decodeOptional(w, r, &body); err != nil {
		return err
	}
	by, err := operatorSaying(r, body.Why)
	if err != nil {
		return err
	}
	file, err := h.Service.FileUploaded(r.Context(), by, id)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, file)
}

// FileRejected takes a person's word that the portal refused a file.
//
//	@Summary		Say that a file was rejected
//	@Description	The portal takes a file whole or not at all. The documents at the `lines` that it names (lines of the file, the first being 1) become `saved_invalid` with its message; all others go into a new file at once.
//	@Description	Without `lines` nobody knows which document was at fault, and the same file would fail again: all become `saved_invalid`. Correct what is wrong, and upload again.
//	@Description	Saying it again changes nothing.
//	@ID				fileRejected
//	@Tags			files
//	@Accept			json
//	@Produce		json
//	@Param			id			path		string				true	"The file's id"
//	@Param			rejection	body		service.Rejection	true	"What the portal said"
//	@Success		200			{object}	faktur.File			"The file"
//	@Failure		400			{object}	Problem				"Not JSON, or no body"
//	@Failure		404			{object}	Problem				"There is none, or it is another tenant's"
//	@Failure		409			{object}	Problem				"It was withdrawn, and holds no documents any more"
//	@Failure		413			{object}	Problem				"Over 4 MiB"
//	@Failure		415			{object}	Problem				"Not application/json"
//	@Failure		422			{object}	Problem				"The content is refused; a line may have nothing of a document (line_without_document)"
//	@Security		bearer[invoices:write]
//	@Router			/files/{id}/rejected [post]
func (h *Handlers) FileRejected(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r, "file")
	if err != nil {
		return err
	}
	var body service.Rejection
	if err := decodeBody(w, r, &body); err != nil {
		return err
	}
	file, err := h.Service.FileRejected(r.Context(), operator(r), id, body)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, file)
}
