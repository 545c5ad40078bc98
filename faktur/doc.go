// Package faktur holds the nouns of Indonesian tax invoicing as the gateway
// uses them: the tax invoice and its parts, the identities of the people in
// it, the arithmetic of DPP, PPN and PPnBM, DJP's code lists, the document in
// our care with its life, and the errors that a caller can act upon.
//
// It is the project's glossary: a word that stands here has the same meaning in
// Go, in JSON, in SQL and in the documentation. It imports nothing of ours.
package faktur
