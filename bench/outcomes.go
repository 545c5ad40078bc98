package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// outcomes is what tax system and receiver know in the end.
type outcomes struct {
	filed    map[string]int       // how often a reference was taken
	ended    map[string]time.Time // when the tax system ended a document's signing, by document id
	received map[string]time.Time // when the receiver was told first, by document id
	told     map[string]int       // how many different outcomes the receiver was told of a document
}

// awaitOutcomes waits until every accepted invoice's outcome is received, or
// none has come for the drain time.
func (w *world) awaitOutcomes(ctx context.Context, l *load) {
	last, since := int64(-1), time.Now()
	for ctx.Err() == nil {
		now := w.received(ctx)
		if now >= l.expected() {
			return
		}
		if now != last {
			last, since = now, time.Now()
		}
		if time.Since(since) > w.config.Drain {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func (w *world) outcomes(ctx context.Context, l *load) (outcomes, error) {
	n := len(l.taken)
	o := outcomes{filed: make(map[string]int, n), ended: make(map[string]time.Time, n),
		received: make(map[string]time.Time, n), told: make(map[string]int, n)}
	return o, errors.Join(w.readLedger(ctx, o), w.readChanges(ctx, o), w.readArrivals(ctx, o))
}

// readLedger counts what was taken under each reference.
func (w *world) readLedger(ctx context.Context, o outcomes) error {
	body, err := w.open(ctx, w.simulatorURL+"/ledger")
	if err != nil {
		return err
	}
	defer body.Close()
	decoder := jsontext.NewDecoder(bufio.NewReaderSize(body, 1<<20))
	for decoder.PeekKind() != '[' { // {"entries": [
		if _, err := decoder.ReadToken(); err != nil {
			return fmt.Errorf("read the ledger: %w", err)
		}
	}
	if _, err := decoder.ReadToken(); err != nil {
		return fmt.Errorf("read the ledger: %w", err)
	}
	for decoder.PeekKind() == '{' {
		var entry struct {
			Reference string `json:"reference"`
			Accepted  int    `json:"accepted"`
		}
		if err := json.UnmarshalDecode(decoder, &entry); err != nil {
			return fmt.Errorf("read the ledger: %w", err)
		}
		o.filed[entry.Reference] += entry.Accepted
	}
	return nil
}

// readChanges notes when each document's signing ended.
func (w *world) readChanges(ctx context.Context, o outcomes) error {
	for cursor := ""; ; {
		text, err := w.get(ctx, w.simulatorURL+"/v1/changes?limit=5000&after="+cursor)
		if err != nil {
			return err
		}
		var page struct {
			Changes []struct {
				ClientID string    `json:"client_id"`
				Status   string    `json:"status"`
				At       time.Time `json:"at"`
			} `json:"changes"`
			Next string `json:"next"`
		}
		if err := json.Unmarshal(text, &page); err != nil {
			return fmt.Errorf("read the changes: %w", err)
		}
		for _, change := range page.Changes {
			if change.Status == "approved" || change.Status == "saved_invalid" {
				o.ended[change.ClientID[:strings.LastIndexByte(change.ClientID, '-')]] = change.At
			}
		}
		if cursor = page.Next; len(page.Changes) == 0 {
			return nil
		}
	}
}

func (w *world) readArrivals(ctx context.Context, o outcomes) error {
	body, err := w.open(ctx, w.receiverURL+"/arrivals")
	if err != nil {
		return err
	}
	defer body.Close()
	lines := bufio.NewScanner(body)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) != 3 {
			return io.ErrUnexpectedEOF
		}
		at, err := strconv.ParseInt(fields[2], 10, 64)
		if err != nil {
			return err
		}
		if _, known := o.received[fields[0]]; !known {
			o.received[fields[0]] = time.UnixMicro(at)
		}
		o.told[fields[0]]++
	}
	return lines.Err()
}
