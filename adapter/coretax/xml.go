package coretax

import (
	"bytes"
	"encoding/xml"
)

// writer writes elements, each in a line of its own, children indented.
type writer struct {
	text  bytes.Buffer
	depth int
}

// line writes markup of our own as it is.
func (w *writer) line(markup string) {
	w.indent()
	w.text.WriteString(markup)
	w.text.WriteByte('\n')
}

func (w *writer) open(name string) {
	w.line("<" + name + ">")
	w.depth++
}

func (w *writer) close(name string) {
	w.depth--
	w.line("</" + name + ">")
}

// element writes one with its text; an empty text is written as <Name/>. A line
// break in a text would become a reference, so that it stays in its line.
func (w *writer) element(name, text string) {
	if text == "" {
		w.line("<" + name + "/>")
		return
	}
	w.indent()
	w.text.WriteString("<" + name + ">")
	_ = xml.EscapeText(&w.text, []byte(text)) // a Buffer takes everything
	w.text.WriteString("</" + name + ">\n")
}

func (w *writer) indent() {
	for range w.depth {
		w.text.WriteString("  ")
	}
}
