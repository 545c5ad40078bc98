package api

import (
	"net/http"
	"slices"

	"github.com/fakturgate/fakturgate/handlers"
)

// route is one line of the routing table. Query names the parameters it takes;
// any other is refused.
type route struct {
	method, path string
	scope        string
	handle       handlers.Func
	query        []string
}

const (
	get    = http.MethodGet
	post   = http.MethodPost
	put    = http.MethodPut
	patch  = http.MethodPatch
	remove = http.MethodDelete
)

// routes is the whole public API. Every POST goes through Once, which keeps the
// promise of Idempotency-Key, but for POST /invoices and /returns, which keep it themselves.
func routes(h *handlers.Handlers) []route {
	page := []string{"limit", "cursor"}
	return slices.Concat(healthRoutes(h), returnRoutes(h), webhookRoutes(h), []route{
		{get, "/taxpayers", handlers.Read, h.GetTaxpayers, page},
		{get, "/taxpayers/{npwp}", handlers.Read, h.GetTaxpayer, nil},
		{put, "/taxpayers/{npwp}", handlers.Admin, h.PutTaxpayer, []string{"why"}},
		{post, "/taxpayers/{npwp}/pause", handlers.Admin, h.Once(h.PauseTaxpayer), nil},
		{post, "/taxpayers/{npwp}/resume", handlers.Admin, h.Once(h.ResumeTaxpayer), nil},

		{get, "/taxpayers/{npwp}/nsfp-ranges", handlers.Read, h.GetNSFPRanges, nil},
		{put, "/taxpayers/{npwp}/nsfp-ranges", handlers.Admin, h.PutNSFPRanges, nil},
		{get, "/taxpayers/{npwp}/files", handlers.Read, h.GetFiles, append(page, "status")},
		{post, "/taxpayers/{npwp}/status-imports", handlers.Write, h.Once(h.ImportStatuses), []string{"dry_run", "exported_at", "why"}},
		{get, "/files/{id}", handlers.Read, h.GetFile, nil},
		{get, "/files/{id}/content", handlers.Read, h.GetFileContent, nil},
		{get, "/files/{id}/lines/{n}", handlers.Read, h.GetFileLine, nil},
		{post, "/files/{id}/uploaded", handlers.Write, h.Once(h.FileUploaded), nil},
		{post, "/files/{id}/rejected", handlers.Write, h.Once(h.FileRejected), nil},
		{get, "/taxpayers/{npwp}/signers", handlers.Admin, h.GetSigners, nil},
		{put, "/taxpayers/{npwp}/signers/{id}", handlers.Admin, h.PutSigner, nil},
		{remove, "/taxpayers/{npwp}/signers/{id}", handlers.Admin, h.DeleteSigner, nil},
		{post, "/taxpayers/{npwp}/signers/{id}/pause", handlers.Admin, h.Once(h.PauseSigner), nil},
		{post, "/taxpayers/{npwp}/signers/{id}/resume", handlers.Admin, h.Once(h.ResumeSigner), nil},

		{post, "/invoices", handlers.Write, h.PostInvoice, nil},
		{post, "/invoices/validate", handlers.Write, h.Once(h.ValidateInvoice), nil},
		{post, "/invoices/batch", handlers.Write, h.Once(h.PostBatch), nil},
		{get, "/invoices", handlers.Read, h.GetInvoices, append(page, "status", "reference", "npwp", "buyer", "nsfp",
			"date_from", "date_to", "updated_since", "deadline_before")},
		{get, "/invoices/{id}", handlers.Read, h.GetInvoice, nil},
		{put, "/invoices/{id}", handlers.Write, h.PutInvoice, []string{"reupload"}},
		{get, "/invoices/{id}/status", handlers.Read, h.GetStatus, []string{"wait", "after"}},
		{get, "/invoices/{id}/events", handlers.Read, h.GetHistory, nil},
		{post, "/invoices/reupload", handlers.Write, h.Once(h.ReuploadInvoices), nil},
		{get, "/invoices/reupload/{id}", handlers.Read, h.GetReupload, nil},
		{get, "/invoices/{id}/pdf", handlers.Read, h.GetPDF, nil},
		{post, "/invoices/{id}/reupload", handlers.Write, h.Once(h.ReuploadInvoice), nil},
		{post, "/invoices/{id}/cancel", handlers.Write, h.Once(h.CancelInvoice), nil},
		{post, "/invoices/{id}/replace", handlers.Write, h.Once(h.ReplaceInvoice), nil},
		{get, "/invoices/{id}/chain", handlers.Read, h.GetChain, nil},
		{post, "/invoices/{id}/resolve", handlers.Admin, h.Once(h.ResolveInvoice), nil},

		{get, "/events", handlers.Read, h.GetFeed, []string{"after", "limit"}},

		{get, "/audit", handlers.Admin, h.GetAudit, page},

		{get, "/reference/{list}", handlers.AnyKey, h.GetReference, []string{"q"}},
	})
}

func returnRoutes(h *handlers.Handlers) []route {
	return []route{
		{post, "/returns", handlers.Write, h.PostReturn, nil},
		{post, "/returns/validate", handlers.Write, h.Once(h.ValidateReturn), nil},
		{get, "/returns", handlers.Read, h.GetReturns, []string{"limit", "cursor", "status", "reference", "npwp", "nsfp",
			"date_from", "date_to", "updated_since"}},
		{get, "/returns/{id}", handlers.Read, h.GetReturn, nil},
		{put, "/returns/{id}", handlers.Write, h.PutReturn, []string{"reupload"}},
		{get, "/returns/{id}/status", handlers.Read, h.GetReturnStatus, []string{"wait", "after"}},
		{get, "/returns/{id}/events", handlers.Read, h.GetReturnHistory, nil},
		{post, "/returns/{id}/reupload", handlers.Write, h.Once(h.ReuploadReturn), nil},
		{post, "/returns/{id}/cancel", handlers.Write, h.Once(h.CancelReturn), nil},
		{post, "/returns/{id}/resolve", handlers.Admin, h.Once(h.ResolveReturn), nil},
	}
}

func webhookRoutes(h *handlers.Handlers) []route {
	return []route{
		{post, "/webhook-endpoints", handlers.Webhooks, h.Once(h.PostEndpoint), nil},
		{get, "/webhook-endpoints", handlers.Webhooks, h.GetEndpoints, []string{"limit", "cursor"}},
		{get, "/webhook-endpoints/{id}", handlers.Webhooks, h.GetEndpoint, nil},
		{patch, "/webhook-endpoints/{id}", handlers.Webhooks, h.PatchEndpoint, nil},
		{remove, "/webhook-endpoints/{id}", handlers.Webhooks, h.DeleteEndpoint, nil},
		{post, "/webhook-endpoints/{id}/rotate-secret", handlers.Webhooks, h.Once(h.RotateSecret), nil},
		{post, "/webhook-endpoints/{id}/test", handlers.Webhooks, h.Once(h.TestEndpoint), nil},
		{post, "/webhook-endpoints/{id}/recover", handlers.Webhooks, h.Once(h.RecoverEndpoint), nil},
		{get, "/webhook-endpoints/{id}/deliveries", handlers.Webhooks, h.GetDeliveries, []string{"limit", "cursor", "state"}},
		{post, "/deliveries/{id}/redeliver", handlers.Webhooks, h.Once(h.Redeliver), nil},
	}
}

// healthRoutes are on both addresses.
func healthRoutes(h *handlers.Handlers) []route {
	return []route{
		{get, "/healthz", handlers.Public, h.GetHealth, nil},
		{get, "/readyz", handlers.Public, h.GetReady, nil},
	}
}
