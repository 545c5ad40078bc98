// Package klikpajaktest is Klikpajak's API at Mekari as far as it is publicly
// known, to test against: as strict as FACTS 7 allows, with a ledger of what it
// took. What nobody knows is invented here, and says so.
package klikpajaktest

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
)

// The words that were seen (FACTS 7, OPSY).
const (
	Draft      = "DRAFT"
	InProgress = "IN_PROGRESS"
	Approved   = "APPROVED"
	Rejected   = "REJECTED"

	Normal       = "NORMAL"
	Substitution = "NORMAL_SUB"
	Substituted  = "SUBSTITUED" // sic
	Cancelled    = "CANCELLED"
)

// Client is one application at Mekari.
type Client struct {
	Secret string
	NPWP   string // of the company that it is of
}

// Config is what a Server knows beforehand.
type Config struct {
	Clients      map[string]Client    // by client id
	SigningDelay time.Duration        // from the approval here to that of DJP
	MaxSkew      time.Duration        // by which a Date may differ from Now; 0 means 5 minutes, which is an invention
	Reject       func(Invoice) string // why DJP rejects it; nil, or "": it does not
	Drafts       bool                 // auto_approval=true leaves a draft all the same
	Forgets      bool                 // every X-Idempotency-Key is new
	Unfiltered   bool                 // the list pays no heed to client_reference_id
	Mute         bool                 // detail does not say client_reference_id
	Lose         string               // a reference that contains it is approved here and then forgotten; "" loses none
	Now          func() time.Time     // nil means time.Now
}

// Server is one Klikpajak. It is an http.Handler.
type Server struct {
	config  Config
	mu      sync.Mutex
	all     []*Document
	answers map[string]remembered // by X-Idempotency-Key
	serial  int
	calls   map[string]int
}

// remembered is what a call under an X-Idempotency-Key got.
type remembered struct {
	body string
	id   int
}

// Document is what the server holds of one invoice.
type Document struct {
	ID             int
	NPWP           string
	InvoiceStatus  string
	ApprovalStatus string
	Number         string // tax_invoice_number, "" before DJP's approval
	Why            string // of a rejection
	Approvals      int    // that were taken, automatic or by PUT
	Body           Invoice
	approved       time.Time
}

// New makes a Server.
func New(c Config) *Server {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.MaxSkew == 0 {
		c.MaxSkew = 5 * time.Minute
	}
	return &Server{config: c, serial: 1000, answers: map[string]remembered{}, calls: map[string]int{}}
}

// Documents gives what is held under a reference of the ERP's.
func (s *Server) Documents(reference string) []Document {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []Document
	for _, d := range s.all {
		if d.Body.Reference == reference {
			s.sign(d)
			found = append(found, *d)
		}
	}
	return found
}

// Filed says how many approvals of a reference were taken.
func (s *Server) Filed(reference string) int {
	n := 0
	for _, d := range s.Documents(reference) {
		n += d.Approvals
	}
	return n
}

// Calls says how often an operation was called: create, find, detail or approve.
func (s *Server) Calls(operation string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[operation]
}

// root is where every path of output invoices begins.
const root = "/v2/klikpajak/v1/efaktur/out"

// caller is who calls, and what.
type caller struct {
	npwp, id string
	request  *http.Request
	body     []byte
}

// refusal is an answer other than 200 and 201. That its words stand in message is
// known of Mekari's door only.
type refusal struct {
	status  int
	message string
}

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the caller left
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	npwp, refused := s.admit(r)
	if refused != nil {
		answer(w, 0, nil, refused)
		return
	}
	c := caller{npwp: npwp, request: r, body: body}
	operation, act := s.route(r, &c)
	if act == nil {
		answer(w, 0, nil, &refusal{http.StatusNotFound, "no Route matched with those values"})
		return
	}
	s.calls[operation]++
	status := http.StatusOK
	if operation == "create" {
		status = http.StatusCreated
	}
	data, refused := act(c)
	answer(w, status, data, refused)
}

func (s *Server) route(r *http.Request, c *caller) (string, func(caller) (any, *refusal)) {
	path, ours := strings.CutPrefix(r.URL.Path, root)
	id, approve := strings.CutSuffix(strings.TrimPrefix(path, "/"), "/approve/")
	c.id = id
	switch {
	case !ours:
	case path == "" && r.Method == http.MethodPost:
		return "create", s.create
	case path == "" && r.Method == http.MethodGet:
		return "find", s.find
	case approve && r.Method == http.MethodPut:
		return "approve", s.approve
	case id != "" && !strings.Contains(id, "/") && r.Method == http.MethodGet:
		return "detail", s.detail
	}
	return "", nil
}

func answer(w http.ResponseWriter, status int, data any, refused *refusal) {
	told := any(map[string]any{"data": data})
	if refused != nil {
		status, told = refused.status, map[string]any{"message": refused.message}
	}
	text, err := json.Marshal(told)
	if err != nil {
		panic(err) // our own structs
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(text)
}

func unprocessable(message string) *refusal {
	return &refusal{http.StatusUnprocessableEntity, message}
}

func (s *Server) create(c caller) (any, *refusal) {
	key, automatic := c.request.Header.Get("X-Idempotency-Key"), c.request.URL.Query().Get("auto_approval")
	if key == "" || c.request.Header.Get("Content-Type") != "application/json" || automatic != "true" && automatic != "false" {
		return nil, &refusal{http.StatusBadRequest, "X-Idempotency-Key, Content-Type dan auto_approval wajib diisi"}
	}
	if before, known := s.answers[key]; known && !s.config.Forgets {
		if before.body != string(c.body) {
			return nil, unprocessable("X-Idempotency-Key sudah digunakan untuk data lain")
		}
		if i := slices.IndexFunc(s.all, func(d *Document) bool { return d.ID == before.id }); i >= 0 {
			return s.told(s.all[i], false), nil
		}
	}
	var body Invoice
	if refused := s.check(c, &body); refused != nil {
		return nil, refused
	}
	s.serial++
	d := &Document{ID: s.serial, NPWP: c.npwp, InvoiceStatus: Normal, ApprovalStatus: Draft, Body: body}
	if body.SubstitutionFlag {
		d.InvoiceStatus = Substitution
	}
	s.all = append(s.all, d)
	s.answers[key] = remembered{string(c.body), d.ID}
	if automatic == "true" && !s.config.Drafts {
		s.take(d)
	}
	return s.told(d, false), nil
}

// take puts a document into the signing queue.
func (s *Server) take(d *Document) {
	d.Approvals++
	d.ApprovalStatus, d.approved = InProgress, s.config.Now()
	if s.config.Lose != "" && strings.Contains(d.Body.Reference, s.config.Lose) {
		s.all = slices.DeleteFunc(s.all, func(other *Document) bool { return other == d })
	}
}

// sign ends the signing of a document whose time has come.
func (s *Server) sign(d *Document) {
	if d.ApprovalStatus != InProgress || s.config.Now().Before(d.approved.Add(s.config.SigningDelay)) {
		return
	}
	if s.config.Reject != nil {
		if d.Why = s.config.Reject(d.Body); d.Why != "" {
			d.ApprovalStatus = Rejected
			return
		}
	}
	counter := "00"
	if d.Body.SubstitutionFlag {
		counter = "01"
		for _, original := range s.all {
			if strconv.Itoa(original.ID) == string(d.Body.SubstitutedTaxInvoiceID) {
				original.InvoiceStatus = Substituted
			}
		}
	}
	d.ApprovalStatus = Approved
	d.Number = d.Body.TransactionDetail + counter + d.Body.DocumentDate[2:4] + fmt.Sprintf("%011d", d.ID)
}

// named finds the document that the path names.
func (s *Server) named(c caller) (*Document, *refusal) {
	i := slices.IndexFunc(s.all, func(d *Document) bool { return strconv.Itoa(d.ID) == c.id && d.NPWP == c.npwp })
	if i < 0 {
		return nil, &refusal{http.StatusNotFound, "Faktur tidak ditemukan"}
	}
	s.sign(s.all[i])
	return s.all[i], nil
}

func (s *Server) detail(c caller) (any, *refusal) {
	d, refused := s.named(c)
	if refused != nil {
		return nil, refused
	}
	return s.told(d, s.config.Mute), nil
}

func (s *Server) approve(c caller) (any, *refusal) {
	d, refused := s.named(c)
	if refused != nil {
		return nil, refused
	}
	if len(c.body) > 0 {
		return nil, &refusal{http.StatusBadRequest, "approve tidak menerima data"}
	}
	if d.ApprovalStatus != Draft {
		return nil, unprocessable("Hanya faktur DRAFT yang dapat disetujui")
	}
	s.take(d)
	return map[string]any{"approval_status": d.ApprovalStatus}, nil
}

func (s *Server) find(c caller) (any, *refusal) {
	wanted := c.request.URL.Query().Get("client_reference_id")
	rows := []map[string]any{}
	for _, d := range s.all {
		if d.NPWP == c.npwp && (s.config.Unfiltered || d.Body.ClientReferenceID == wanted) {
			s.sign(d)
			rows = append(rows, s.told(d, false))
		}
	}
	return rows, nil
}

func (s *Server) told(d *Document, mute bool) map[string]any {
	told := map[string]any{
		"id": d.ID, "client_reference_id": d.Body.ClientReferenceID, "invoice_status": d.InvoiceStatus, "approval_status": d.ApprovalStatus,
		"tax_invoice_number": nil, "qr_code": nil, "tax_invoice_link": nil, "rejection_reason": d.Why,
	}
	if d.Number != "" {
		told["tax_invoice_number"] = d.Number
		told["tax_invoice_link"] = fmt.Sprintf("https://klikpajak.example/public/efaktur-v2/preview/%d", d.ID)
	}
	if mute {
		delete(told, "client_reference_id")
	}
	return told
}
