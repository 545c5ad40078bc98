// Package pajakiotest is Pajak.io's Open API as far as it is publicly known, to
// test against: as strict as FACTS 7 allows, with a ledger of what it took.
// What nobody knows is invented here, and says so.
package pajakiotest

import (
	"encoding/base64"
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

// The statuses that were seen, and two inventions: what Pajak.io says while a
// document is being signed, and of one that was replaced, is not known.
const (
	Draft    = "DRAFT"
	Rejected = "DITOLAK"
	Approved = "APPROVAL_SUKSES"
	Signing  = "PROSES"
	Replaced = "AMENDED"
)

// Config is what a Server knows beforehand.
type Config struct {
	Tokens       map[string]string // the NPWP of each user token
	Passphrases  map[string]string // of signers by NPWP or NIK; one who is not in it is refused
	SigningDelay time.Duration     // from an upload to its approval
	PageLimit    int               // the most rows of a page, whatever is asked for; 0 means 100
	FirstPage    int               // the number of the list's first page: 0 or 1
	Unfiltered   bool              // the list pays no heed to noInvoice
	Lose         string            // a noInvoice that contains it is uploaded and then forgotten; "" loses none
	Now          func() time.Time  // nil means time.Now
}

// Server is one Pajak.io. It is an http.Handler.
type Server struct {
	config Config
	mu     sync.Mutex
	all    []*Document
	serial int
	calls  map[string]int
}

// Document is what the server holds of one transaction.
type Document struct {
	TransactionID string
	NPWP          string
	NoInvoice     string
	Status        string
	Nofa          string // "" before approval
	Why           string // of a refusal
	Uploads       int    // that were taken
	Updates       int
	Body          Invoice // as it was last written
	created       time.Time
	uploaded      time.Time
}

// New makes a Server.
func New(c Config) *Server {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.PageLimit == 0 {
		c.PageLimit = 100
	}
	return &Server{config: c, calls: map[string]int{}}
}

// Documents gives what is held under a number, deleted ones left out.
func (s *Server) Documents(noInvoice string) []Document {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []Document
	for _, d := range s.all {
		if d.NoInvoice == noInvoice {
			s.sign(d)
			found = append(found, *d)
		}
	}
	return found
}

// Filed says how many uploads of a number were taken.
func (s *Server) Filed(noInvoice string) int {
	n := 0
	for _, d := range s.Documents(noInvoice) {
		n += d.Uploads
	}
	return n
}

// Calls says how often an operation was called: create, update, upload, list, ...
func (s *Server) Calls(operation string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[operation]
}

// root is where every path of output invoices begins.
const root = "/efaktur/v3/penjualan"

// caller is who calls, and what.
type caller struct {
	npwp, id string
	query    func(string) string
	body     []byte
}

// refusal is an answer other than OK.
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
	c := caller{query: r.URL.Query().Get, body: body}
	token, _ := base64.StdEncoding.DecodeString(r.Header.Get("Authorization"))
	npwp, known := s.config.Tokens[string(token)]
	if c.npwp = npwp; !known {
		answer(w, nil, &refusal{http.StatusUnauthorized, "Token tidak valid: " + r.Header.Get("Authorization")})
		return
	}
	operation, act := s.route(r, &c)
	if act == nil {
		http.Error(w, "<html>Halaman tidak ditemukan</html>", http.StatusNotFound)
		return
	}
	s.calls[operation]++
	if r.Header.Get("Content-Type") != "application/json" {
		answer(w, nil, &refusal{http.StatusUnsupportedMediaType, "Content-Type harus application/json"})
		return
	}
	data, refused := act(c)
	answer(w, data, refused)
}

func (s *Server) route(r *http.Request, c *caller) (string, func(caller) (any, *refusal)) {
	path, ours := strings.CutPrefix(r.URL.Path, root)
	operation := r.Method + " " + path
	switch operation {
	case "POST ":
		return "create", s.create
	case "PUT ":
		return "update", s.update
	case "POST /list":
		return "list", s.list
	case "POST /upload":
		return "upload", s.upload
	case "POST /get-pdf":
		return "pdf", s.pdf
	case "POST /batal":
		return "batal", s.cancel
	case "POST /hapus":
		return "hapus", s.remove
	}
	if id := strings.TrimPrefix(path, "/"); ours && r.Method == http.MethodPost && id != "" && !strings.Contains(id, "/") {
		c.id = id
		return "detail", s.detail
	}
	return "", nil
}

func answer(w http.ResponseWriter, data any, refused *refusal) {
	told := struct {
		Code    int    `json:"code"`
		Data    any    `json:"data"`
		Status  string `json:"status"`
		Message string `json:"message"`
	}{http.StatusOK, data, "OK", "Sukses"}
	if refused != nil {
		told.Code, told.Data, told.Status, told.Message = refused.status, nil, "FAILED", refused.message
	}
	text, err := json.Marshal(told)
	if err != nil {
		panic(err) // our own structs
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(told.Code)
	_, _ = w.Write(text)
}

// read reads a body that has no field but those known.
func read(body []byte, into any) *refusal {
	if err := json.Unmarshal(body, into, json.RejectUnknownMembers(true)); err != nil {
		return &refusal{http.StatusBadRequest, "Data tidak valid: " + err.Error()}
	}
	return nil
}

func (s *Server) create(c caller) (any, *refusal) {
	var body Invoice
	if refused := s.check(c, &body); refused != nil {
		return nil, refused
	}
	s.serial++
	d := &Document{TransactionID: fmt.Sprintf("trx-%06d", s.serial), NPWP: c.npwp, NoInvoice: body.NoInvoice,
		Status: Draft, Body: body, created: s.config.Now()}
	s.all = append(s.all, d)
	if body.AutoUploadDjp {
		s.take(d)
	}
	return map[string]string{"transactionId": d.TransactionID, "noInvoice": d.NoInvoice}, nil
}

func (s *Server) update(c caller) (any, *refusal) {
	var body Invoice
	if refused := s.check(c, &body); refused != nil {
		return nil, refused
	}
	d, refused := s.find(c, body.TransactionID)
	if refused != nil {
		return nil, refused
	}
	if d.Status != Draft && d.Status != Rejected {
		return nil, &refusal{http.StatusBadRequest, "Faktur dengan status " + d.Status + " tidak dapat diubah"}
	}
	d.Body, d.NoInvoice = body, body.NoInvoice
	d.Updates++
	return map[string]string{"transactionId": d.TransactionID, "noInvoice": d.NoInvoice}, nil
}

func (s *Server) find(c caller, id string) (*Document, *refusal) {
	i := slices.IndexFunc(s.all, func(d *Document) bool { return d.TransactionID == id && d.NPWP == c.npwp })
	if i < 0 {
		return nil, &refusal{http.StatusNotFound, "Faktur tidak ditemukan"}
	}
	s.sign(s.all[i])
	return s.all[i], nil
}

// named finds the document that a body of {transactionId} names.
func (s *Server) named(c caller) (*Document, *refusal) {
	var body struct {
		TransactionID string `json:"transactionId"`
	}
	if refused := read(c.body, &body); refused != nil {
		return nil, refused
	}
	return s.find(c, body.TransactionID)
}

func (s *Server) upload(c caller) (any, *refusal) {
	d, refused := s.named(c)
	if refused != nil {
		return nil, refused
	}
	if d.Status != Draft && d.Status != Rejected {
		return nil, &refusal{http.StatusBadRequest, "Hanya faktur DRAFT atau DITOLAK yang dapat diupload"}
	}
	s.take(d)
	return map[string]string{"transactionId": d.TransactionID}, nil
}

// take puts a document into the signing queue.
func (s *Server) take(d *Document) {
	d.Uploads++
	d.Status, d.Why, d.uploaded = Signing, "", s.config.Now()
	if s.config.Lose != "" && strings.Contains(d.NoInvoice, s.config.Lose) {
		s.all = slices.DeleteFunc(s.all, func(other *Document) bool { return other == d })
	}
}

// sign ends the signing of a document whose time has come.
func (s *Server) sign(d *Document) {
	if d.Status != Signing || s.config.Now().Before(d.uploaded.Add(s.config.SigningDelay)) {
		return
	}
	if p := d.Body.Penandatangan; p != nil && s.config.Passphrases[p.NPWP] != p.Passphrase {
		d.Status, d.Why = Rejected, "Passphrase tidak dikenali: "+p.Passphrase // a careless provider repeats it
		return
	}
	s.serial++
	counter := "00"
	if d.Body.Pengganti {
		counter = "01"
		for _, original := range s.all {
			if original.Nofa == d.Body.NofaDiganti {
				original.Status = Replaced
			}
		}
	}
	d.Status = Approved
	d.Nofa = strings.TrimPrefix(d.Body.KdJenisTransaksi, "TD.003") + counter + d.Body.TahunPajak[2:] + fmt.Sprintf("%011d", s.serial)
}

func (s *Server) detail(c caller) (any, *refusal) {
	if refused := read(c.body, &struct{}{}); refused != nil {
		return nil, refused
	}
	d, refused := s.find(c, c.id)
	if refused != nil {
		return nil, refused
	}
	return s.told(d), nil
}

func (s *Server) told(d *Document) map[string]any {
	return map[string]any{
		"transactionId": d.TransactionID, "noInvoice": d.NoInvoice, "status": d.Status, "nofa": d.Nofa, "keterangan": d.Why,
		"pengganti": d.Body.Pengganti, "nofaDiganti": d.Body.NofaDiganti, "createdAt": d.created.UTC().Format(time.RFC3339),
	}
}

func (s *Server) list(c caller) (any, *refusal) {
	var filter struct {
		NoInvoice string `json:"noInvoice"`
	}
	if refused := read(c.body, &filter); refused != nil {
		return nil, refused
	}
	page, err := strconv.Atoi(c.query("page"))
	size, err2 := strconv.Atoi(c.query("size"))
	if err != nil || err2 != nil || size < 1 || c.query("sortBy") != "createdAt" {
		return nil, &refusal{http.StatusBadRequest, "Parameter page, size dan sortBy wajib diisi"}
	}
	found := []map[string]any{}
	for _, d := range s.all {
		if d.NPWP == c.npwp && (s.config.Unfiltered || filter.NoInvoice == "" || d.NoInvoice == filter.NoInvoice) {
			s.sign(d)
			found = append(found, s.told(d))
		}
	}
	if c.query("sortOrder") == "desc" {
		slices.Reverse(found)
	}
	size = min(size, s.config.PageLimit)
	from := min(max(page-s.config.FirstPage, 0)*size, len(found))
	return map[string]any{"content": found[from:min(from+size, len(found))], "totalElements": len(found)}, nil
}

// pdf answers with a print in base64.
func (s *Server) pdf(c caller) (any, *refusal) {
	d, refused := s.named(c)
	if refused != nil {
		return nil, refused
	}
	if d.Status != Approved {
		return nil, &refusal{http.StatusBadRequest, "Faktur belum disetujui"}
	}
	return base64.StdEncoding.EncodeToString([]byte("%PDF-1.4\n% Faktur Pajak " + d.Nofa + "\n%%EOF\n")), nil
}

func (s *Server) cancel(c caller) (any, *refusal) {
	d, refused := s.named(c)
	if refused != nil {
		return nil, refused
	}
	if d.Status == Approved {
		return nil, &refusal{http.StatusBadRequest, "Faktur APPROVAL_SUKSES tidak dapat dibatalkan"}
	}
	return map[string]string{"transactionId": d.TransactionID}, nil
}

func (s *Server) remove(c caller) (any, *refusal) {
	d, refused := s.named(c)
	if refused != nil {
		return nil, refused
	}
	if d.Status != Draft && d.Status != Rejected {
		return nil, &refusal{http.StatusBadRequest, "Hanya faktur DRAFT atau DITOLAK yang dapat dihapus"}
	}
	s.all = slices.DeleteFunc(s.all, func(other *Document) bool { return other == d })
	return map[string]string{"transactionId": d.TransactionID}, nil
}
