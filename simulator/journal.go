package simulator

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/go-json-experiment/json"

	"github.com/fakturgate/fakturgate/faktur"
)

// The operations that an entry can tell of.
const (
	opTake    = "take"
	opAgain   = "again" // taken once more under the same client id
	opCancel  = "cancel"
	opRelease = "release"
)

// entry is one line of the state file: something that was done to the tax
// system. What follows from it by time alone is not written.
type entry struct {
	Op       string `json:"op"`
	At       int64  `json:"at"` // microseconds since 1970
	ClientID string `json:"client_id"`
	Taken    *taken `json:"taken,omitempty"` // of opTake
}

// taken is what the tax system keeps of a document, and what will become of it.
type taken struct {
	Kind         faktur.Kind `json:"kind"`
	NPWP         string      `json:"npwp"` // of who files it
	Reference    string      `json:"reference"`
	Signer       string      `json:"signer,omitempty"`
	Passphrase   string      `json:"passphrase,omitempty"` // its fingerprint
	TrxCode      string      `json:"trx_code,omitempty"`
	Year         string      `json:"year,omitempty"` // of its date, two digits
	Buyer        string      `json:"buyer,omitempty"`
	ReplacesNSFP string      `json:"replaces_nsfp,omitempty"`
	ReturnsNSFP  string      `json:"returns_nsfp,omitempty"`
	Content      string      `json:"content,omitempty"` // its hash; only under a magic word
	Hides        int64       `json:"hides,omitempty"`   // microseconds until it is seen
	Signs        int64       `json:"signs"`             // microseconds in the signing queue; neverSigns
	Fails        string      `json:"fails,omitempty"`   // the reason's code; "" is approved
}

// journal is the state file, open for appending. Everything is in the file
// before it is answered, so kill -9 forgets nothing that was answered; only
// the machine's own crash may, because nothing waits for the disk.
type journal struct {
	file   *os.File // nil: memory only
	lines  []byte   // of the present call
	broken error    // why nothing can be written any more; nil while it can
}

// openJournal replays the file at path into apply and opens it for appending.
func openJournal(path string, apply func(entry) error) (*journal, error) {
	if path == "" {
		return &journal{}, nil
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("simulator: open the state file: %w", err)
	}
	if err := replay(file, apply); err != nil {
		file.Close()
		return nil, fmt.Errorf("simulator: state file %s: %w", path, err)
	}
	return &journal{file: file}, nil
}

// replay reads whole lines and cuts off a torn last one.
func replay(file *os.File, apply func(entry) error) error {
	content, err := io.ReadAll(file)
	if err != nil {
		return err
	}
	whole := bytes.LastIndexByte(content, '\n') + 1
	for number, rest := 1, content[:whole]; len(rest) > 0; number++ {
		end := bytes.IndexByte(rest, '\n')
		var e entry
		if err := json.Unmarshal(rest[:end], &e); err != nil {
			return fmt.Errorf("line %d: %w", number, err)
		}
		if err := apply(e); err != nil {
			return fmt.Errorf("line %d: %w", number, err)
		}
		rest = rest[end+1:]
	}
	if err := file.Truncate(int64(whole)); err != nil {
		return err
	}
	_, err = file.Seek(int64(whole), io.SeekStart)
	return err
}

// note keeps a line for the next write.
func (j *journal) note(e entry) error {
	if j.file == nil {
		return nil
	}
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	j.lines = append(append(j.lines, line...), '\n')
	return nil
}

// write appends the noted lines. After a failure the book is ahead of the
// file, so every later call fails until a restart reads the file again.
func (j *journal) write() error {
	if j.broken != nil || len(j.lines) == 0 {
		return j.broken
	}
	_, err := j.file.Write(j.lines)
	j.lines = j.lines[:0]
	if err != nil {
		j.broken = fmt.Errorf("the state file cannot be written: %w", err)
	}
	return j.broken
}

func (j *journal) close() error {
	if j.file == nil || errors.Is(j.broken, os.ErrClosed) {
		return nil
	}
	j.broken = fmt.Errorf("the simulator is closed: %w", os.ErrClosed)
	return errors.Join(j.file.Sync(), j.file.Close())
}
