package faktur

import "time"

// FileStatus is where a file of a file channel stands.
type FileStatus string

// The statuses of a File. A live one, ready or uploaded, holds its documents:
// each document is in at most one.
const (
	FileReady     FileStatus = "ready"     // a person has to upload it
	FileUploaded  FileStatus = "uploaded"  // a person says it was; the status import tells the rest
	FileRejected  FileStatus = "rejected"  // the portal refused it; its good documents went into a new one
	FileWithdrawn FileStatus = "withdrawn" // one of its documents was cancelled before it was downloaded
)

// File is what a file channel has written for a person to upload. Its content
// never changes.
type File struct {
	ID           string     `json:"id" readonly:"true" example:"0199c9a4-7a52-7d0e-8f3c-2b1f6d1c9a10"`
	Tenant       string     `json:"-"`
	TaxpayerNPWP string     `json:"taxpayer_npwp" readonly:"true" example:"0012345674901000"`
	Channel      Channel    `json:"channel" readonly:"true" example:"coretax_xml"`
	Livemode     bool       `json:"livemode" readonly:"true" example:"true"`
	Kind         Kind       `json:"kind" enums:"invoice,return" readonly:"true" example:"invoice"`
	Status       FileStatus `json:"status" enums:"ready,uploaded,rejected,withdrawn" readonly:"true" example:"ready"`
	Name         string     `json:"name" readonly:"true" example:"faktur-0012345674901000-20261122-2b1f6d1c9a10.xml"`
	MediaType    string     `json:"media_type" readonly:"true" example:"application/xml"`
	Size         int64      `json:"size" readonly:"true" example:"18231"`    // bytes
	SHA256       string     `json:"sha256" readonly:"true"`                  // of its content, hex
	Documents    int        `json:"documents" readonly:"true" example:"120"` // how many are in it
	Message      string     `json:"message,omitempty" readonly:"true"`       // what the portal said of it, as a person passed it on
	DownloadedAt time.Time  `json:"downloaded_at,omitzero" readonly:"true"`  // the first time; absent: never
	UploadedAt   time.Time  `json:"uploaded_at,omitzero" readonly:"true"`    // absent: not yet
	CreatedAt    time.Time  `json:"created_at" readonly:"true" example:"2026-11-22T08:00:00Z"`
	UpdatedAt    time.Time  `json:"updated_at" readonly:"true" example:"2026-11-22T08:00:00Z"`
}

// Live says whether the file holds its documents.
func (f *File) Live() bool { return f.Status == FileReady || f.Status == FileUploaded }

// FileLine is what stands in one line of a file.
type FileLine struct {
	Line       int    `json:"line" example:"57"` // the first is 1
	DocumentID string `json:"document_id" example:"0199c9a4-7a52-7d0e-8f3c-2b1f6d1c9a10"`
	Reference  string `json:"reference" example:"INV/2026/11/0001"`
	// Item is the place of the document's line that it is about, 0 for the first,
	// as in the pointer /lines/0; null when it is about none.
	Item    *int   `json:"item" extensions:"x-nullable" example:"0"`
	Element string `json:"element" example:"BuyerIDTKU"` // the format's own name
}
