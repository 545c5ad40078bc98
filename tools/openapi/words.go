package main

import (
	"regexp"
	"strings"
)

// facts refers to our notes on the domain, which the document's readers do not have.
var facts = regexp.MustCompile(`\s*\(FACTS[^)]*\)`)

// reword turns a field's comment into words for somebody who sees JSON: the
// field under its name there, and each paragraph on one line.
func reword(schema object, f field) {
	text, ok := schema["description"].(string)
	if !ok {
		return
	}
	text = facts.ReplaceAllString(text, "")
	if rest, named := strings.CutPrefix(text, f.goName+" "); named {
		text = "`" + f.name + "` " + rest
	}
	paragraphs := strings.Split(text, "\n\n")
	for i, paragraph := range paragraphs {
		paragraphs[i] = strings.Join(strings.Fields(paragraph), " ")
	}
	schema["description"] = strings.Join(paragraphs, "\n\n")
}
