package handlers

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"sync"

	"github.com/fakturgate/fakturgate/faktur"
)

// The largest bodies that are read, in bytes (CONTRACT, Errors).
const (
	maxBody      = 4 << 20
	maxBatchBody = 16 << 20
)

// bodies are buffers that were read into before. One that grew beyond
// largestKept is left to the garbage collector.
var bodies = sync.Pool{New: func() any { return new(bytes.Buffer) }}

const largestKept = 256 << 10

// lingering is how much of a body that is too large is read all the same, and
// thrown away: a caller who is still sending when the connection is closed sees
// a broken pipe in place of the answer.
const lingering = 64 << 20

// readBody reads a JSON body whole. The bytes are valid until release, which is
// never nil. An empty body gives no bytes and no error.
func readBody(w http.ResponseWriter, r *http.Request, limit int64) (body []byte, release func(), err error) {
	body, release, err = readAny(w, r, limit)
	if err != nil || body == nil {
		return nil, release, err
	}
	return body, release, checkMediaType(r.Header)
}

// readAny is readBody of a body that need not be JSON.
func readAny(w http.ResponseWriter, r *http.Request, limit int64) (body []byte, release func(), err error) {
	buffer := bodies.Get().(*bytes.Buffer)
	buffer.Reset()
	release = func() {
		if buffer.Cap() <= largestKept {
			bodies.Put(buffer)
		}
	}
	if _, err := buffer.ReadFrom(http.MaxBytesReader(w, r.Body, limit)); err != nil {
		if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
			_, _ = io.CopyN(io.Discard, r.Body, lingering)
		}
		return nil, release, readFailed(err)
	}
	if buffer.Len() == 0 {
		return nil, release, nil
	}
	return buffer.Bytes(), release, nil
}

func readFailed(err error) error {
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return faktur.NewError(faktur.KindTooLarge, "body_too_large",
			fmt.Sprintf("The body is larger than %d MiB. Send what it holds in several requests; export a list in parts.", tooLarge.Limit>>20))
	}
	return &faktur.Error{Kind: faktur.KindMalformed, Code: "body_cut_off",
		Detail: "The body could not be read to its end.", Cause: err}
}

// readNeeded is readBody where no body is an error.
func readNeeded(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, func(), error) {
	body, release, err := readBody(w, r, limit)
	if err == nil && body == nil {
		err = faktur.NewError(faktur.KindMalformed, "body_missing", "This request needs a JSON body.")
	}
	return body, release, err
}

// checkMediaType takes application/json in UTF-8 and nothing else: neither a
// form that a browser would send without asking, nor a compressed body.
func checkMediaType(header http.Header) error {
	mediaType, params, err := mime.ParseMediaType(header.Get("Content-Type"))
	charset, given := params["charset"]
	if err != nil || mediaType != "application/json" || given && !strings.EqualFold(charset, "utf-8") {
		return faktur.NewError(faktur.KindUnsupported, "media_type_unsupported",
			"Send the body as JSON in UTF-8, with the header Content-Type: application/json.")
	}
	return checkCoding(header)
}

// checkCoding refuses a compressed body.
func checkCoding(header http.Header) error {
	if coding := header.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		return faktur.NewError(faktur.KindUnsupported, "content_encoding_unsupported",
			"Send the body uncompressed, without the header Content-Encoding.")
	}
	return nil
}
