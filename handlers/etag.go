package handlers

import (
	"strconv"
	"strings"

	"github.com/fakturgate/fakturgate/faktur"
)

// etag writes a document's sequence as its entity tag.
func etag(sequence int64) string { return `"` + strconv.FormatInt(sequence, 10) + `"` }

// matches says whether an If-None-Match names tag or *; a weak tag counts as its strong one (RFC 9110, 13.1.2).
func matches(values []string, tag string) bool {
	for _, candidate := range entityTags(values) {
		if candidate == "*" || strings.TrimPrefix(candidate, "W/") == tag {
			return true
		}
	}
	return false
}

// ifMatch reads the sequence that an If-Match asks for; 0 for none and for *. A
// tag that is not one of ours matches no version.
func ifMatch(values []string) (int64, error) {
	candidates := entityTags(values)
	if len(candidates) == 0 || len(candidates) == 1 && candidates[0] == "*" {
		return 0, nil
	}
	sequence, err := strconv.ParseInt(strings.Trim(candidates[0], `"`), 10, 64)
	if len(candidates) > 1 || err != nil || sequence < 1 || candidates[0] != etag(sequence) {
		return 0, faktur.NewError(faktur.KindStale, "stale",
			`If-Match must be one ETag as GET gives it, such as "3", or *.`)
	}
	return sequence, nil
}

func entityTags(values []string) []string {
	var tags []string
	for _, tag := range strings.Split(strings.Join(values, ","), ",") {
		if tag = strings.TrimSpace(tag); tag != "" {
			tags = append(tags, tag)
		}
	}
	return tags
}
