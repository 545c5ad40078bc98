// Package webhook is one message on its way to a subscriber: its envelope and
// signature by Standard Webhooks 1.0, the guard that keeps it away from private
// addresses, one POST (which is one try), and when the next try is due. It
// knows no SQL and keeps no state between messages.
package webhook
