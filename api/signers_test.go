package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/fakturgate/fakturgate/faktur"
	"github.com/fakturgate/fakturgate/handlers"
)

const (
	signersPath = "/taxpayers/" + seller + "/signers"
	siti        = "3174015506800001"
	secretWord  = "Rahasia-Sekali#2026"
)

func TestASignerLives(t *testing.T) {
	t.Parallel()
	g := start(t)
	path := signersPath + "/" + siti
	made := g.put(path, `{"name": "Siti Rahayu", "position": "Direktur", "city": "Jakarta", "priority": 1, "passphrase": "`+secretWord+`"}`).want(http.StatusCreated)
	if made.header.Get("Location") != path || strings.Contains(string(made.body), secretWord) {
		t.Errorf("made %v %s", made.header, made.body)
	}
	kept := decoded[faktur.Signer](g.put(path, `{"name": "Siti R.", "priority": 2, "passphrase": "[secret]"}`).want(http.StatusOK))
	if kept.Name != "Siti R." || kept.Priority != 2 || !kept.Passphrase.Hidden() || kept.Position != "" {
		t.Errorf("changed to %+v", kept)
	}
	if warned := decoded[faktur.Signer](g.put(path, `{"name": "Siti R.", "passphrase": "50%"}`).want(http.StatusOK)); len(warned.Warnings) != 1 ||
		warned.Warnings[0].Code != "passphrase_characters_avoided" {
		t.Errorf("warnings %+v", warned.Warnings)
	}
	paused := decoded[faktur.Signer](g.post(path+"/pause", `{"why": "on leave"}`).want(http.StatusOK))
	if !paused.Paused() || paused.PausedWhy != "on leave" {
		t.Errorf("paused %+v", paused)
	}
	list := g.get(signersPath).want(http.StatusOK)
	if signers := decoded[handlers.List[faktur.Signer]](list).Data; len(signers) != 1 || !signers[0].Paused() || strings.Contains(string(list.body), "50%") {
		t.Errorf("list %s", list.body)
	}
	if resumed := decoded[faktur.Signer](g.post(path+"/resume", "").want(http.StatusOK)); resumed.Paused() {
		t.Errorf("resumed %+v", resumed)
	}
	g.send(http.MethodDelete, path, "").want(http.StatusNoContent)
	g.send(http.MethodDelete, path, "").problem(http.StatusNotFound, "not_found")
	g.post(path+"/resume", "").problem(http.StatusNotFound, "not_found")
	var actions []string
	for _, e := range decoded[handlers.List[faktur.AuditEntry]](g.get("/audit").want(http.StatusOK)).Data {
		actions = append(actions, e.Action)
		if e.Subject != seller+"/"+siti || strings.Contains(e.Detail, secretWord) {
			t.Errorf("audit %+v", e)
		}
	}
	if got := strings.Join(actions, " "); got != "signer.delete signer.resume signer.pause signer.put signer.put signer.put" {
		t.Errorf("audited: %s", got)
	}
}

func TestASignerIsRefused(t *testing.T) {
	t.Parallel()
	g := start(t)
	g.put("/taxpayers/0099999999999000/signers/"+siti, `{"name": "Siti"}`).problem(http.StatusNotFound, "not_found")
	g.get("/taxpayers/0099999999999000/signers").problem(http.StatusNotFound, "not_found")
	for body, code := range map[string]string{
		`{}`:                                 "required",
		`{"name": "Siti", "priority": 1001}`: "priority_out_of_range",
		`{"name": "Siti", "passphrase": "a\u0007b"}`: "control_character",
		`{"name": "Siti", "id": "1"}`:                "signer_mismatch",
		`{"name": "Siti", "passphrase": 1}`:          "",
	} {
		answer := g.put(signersPath+"/"+siti, body).want(http.StatusUnprocessableEntity)
		if problem := decoded[handlers.Problem](answer); code != "" && problem.Code != code {
			t.Errorf("%s: %s", body, answer.body)
		}
	}
	g.put(signersPath+"/317401", `{"name": "Siti"}`).problem(http.StatusUnprocessableEntity, "signer_malformed")
	if broken := g.put(signersPath+"/"+siti, `{"name": "Siti", "passphrase": "geheim\u0007"}`); strings.Contains(string(broken.body), "geheim") {
		t.Errorf("the passphrase is shown: %s", broken.body)
	}
}

// Whom a re-upload names must be one of the taxpayer's signers, if it has any.
func TestAReuploadNamesAKnownSigner(t *testing.T) {
	t.Parallel()
	g := startWith(t, options{workers: true})
	id := document(g.post("/invoices", invoice("INV/1 SIM-BAD-PASSPHRASE")).want(http.StatusAccepted)).ID
	g.await(id, faktur.SavedInvalid)
	path := "/invoices/" + id + "/reupload"
	g.post(path, `{"signer": "317401"}`).problem(http.StatusUnprocessableEntity, "signer_malformed")
	g.put(signersPath+"/"+siti, `{"name": "Siti"}`).want(http.StatusCreated)
	g.post(path, `{"signer": "3174015506800009"}`).problem(http.StatusUnprocessableEntity, "signer_unknown")
	g.post(signersPath+"/"+siti+"/pause", "").want(http.StatusOK)
	g.post(path, `{"signer": "`+siti+`"}`).problem(http.StatusConflict, "signer_paused")
}
