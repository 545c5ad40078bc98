package faktur

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-playground/validator/v10"
)

// fields checks the rules of single fields, which stand as validate tags beside
// the fields.
var fields = func() *validator.Validate {
	v := validator.New(validator.WithRequiredStructEnabled())
	v.RegisterTagNameFunc(func(f reflect.StructField) string {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		return name
	})
	for tag, holds := range map[string]func(text, param string) bool{
		"filled":  func(text, _ string) bool { return strings.TrimSpace(text) != "" },
		"plain":   func(text, _ string) bool { return plainText(text) },
		"shape":   matches,
		"country": func(text, _ string) bool { return hasShape(text, shapeCountry) },
		"npwp":    func(text, _ string) bool { return ValidNPWP(text) },
		"nitku":   func(text, _ string) bool { return ValidNITKU(text) },
		"mmyyyy":  func(text, _ string) bool { return validPeriod(text) },
		"length":  func(text, _ string) bool { return Duration(text).Valid() },
	} {
		check := func(f validator.FieldLevel) bool { return holds(f.Field().String(), f.Param()) }
		if err := v.RegisterValidation(tag, check); err != nil {
			panic(err) // a tag of ours is misspelt
		}
	}
	return v
}()

// checkFields notes every single field of content, a struct or a pointer to
// one, that breaks its tag.
func (f *findings) checkFields(content any) {
	err := fields.Struct(content)
	if err == nil {
		return
	}
	failed, ok := errors.AsType[validator.ValidationErrors](err)
	if !ok {
		panic(err) // not a struct
	}
	for _, fe := range failed {
		code, message := fieldFault(fe)
		f.refuse(fieldPointer(fe.Namespace()), code, "%s", message)
	}
}

// fieldPointer turns validator's TaxInvoice.lines[0].name into /lines/0/name.
func fieldPointer(namespace string) string {
	_, path, _ := strings.Cut(namespace, ".")
	return "/" + asPointer.Replace(path)
}

var asPointer = strings.NewReplacer(".", "/", "[", "/", "]", "")

// fieldFault says in an accountant's words which tag was broken.
func fieldFault(fe validator.FieldError) (code, message string) {
	field := fe.Field()
	text := clip(fmt.Sprint(fe.Value()))
	if fe.Kind() == reflect.Int && (fe.Tag() == "min" || fe.Tag() == "max") {
		bound := "most"
		if fe.Tag() == "min" {
			bound = "least"
		}
		return field + "_out_of_range", fmt.Sprintf("%s is %s; it is a number of at %s %s.", field, text, bound, fe.Param())
	}
	switch fe.Tag() {
	case "required", "filled", "min":
		return "required", strings.TrimSpace(field + " is missing or empty. " + hints[field])
	case "max":
		return tooLong(field, fe.Param())
	case "oneof":
		return "unknown_value", fmt.Sprintf("%s is %q; it must be one of: %s.", field, text, strings.ReplaceAll(fe.Param(), " ", ", "))
	case "plain":
		return controlCharacter(field)
	case "email":
		return "email_malformed", fmt.Sprintf("%q is not one e-mail address. Send one such as pajak@pembeli.co.id, or none.", text)
	case "npwp":
		return npwpMalformed(fmt.Sprint(fe.Value()))
	case "nitku":
		return "nitku_malformed", nitkuAdvice(text)
	case "length":
		return "duration_malformed", fmt.Sprintf("%q is not a length of time. Write it such as 30m, 24h or 1h30m.", text)
	}
	return field + "_malformed", strings.TrimSpace(fmt.Sprintf("%s is %q, which is not written as it should be. ", field, text) + hints[field])
}

func tooLong(field, most string) (code, message string) {
	return "too_long", fmt.Sprintf("%s has more than %s characters. Shorten it.", field, most)
}

func controlCharacter(field string) (code, message string) {
	return "control_character", fmt.Sprintf("%s contains a control character that nobody can see. Type the text again; it was probably copied from elsewhere.", field)
}

// TextFaults says what is wrong with a caller's text outside of a document: more
// than most characters, or control characters, of which PostgreSQL stores no NUL.
// field is its name in the sentence. nil when nothing is wrong.
func TextFaults(pointer, field, text string, most int) []Fault {
	var code, message string
	switch {
	case utf8.RuneCountInString(text) > most:
		code, message = tooLong(field, strconv.Itoa(most))
	case !plainText(text):
		code, message = controlCharacter(field)
	default:
		return nil
	}
	return []Fault{{pointer, code, message}}
}

// hints say how a field is written.
var hints = map[string]string{
	"reference":       "It is your own number for the invoice, such as INV/2026/11/0001.",
	"date":            "Write the invoice's date as YYYY-MM-DD.",
	"trx_code":        "It is the kode transaksi, 01 to 10, with its zero.",
	"add_info":        "It is the code of the keterangan tambahan, TD.005 and two digits; the cap fasilitas TD.011 and two digits goes into facility_stamp.",
	"facility_stamp":  "It is the code of the cap fasilitas, TD.011 and two digits; the keterangan tambahan TD.005 and two digits goes into add_info.",
	"period":          "It is the month of the supporting document's date as MMYYYY, such as 112026.",
	"seller":          "It names the PKP that issues the invoice by its npwp.",
	"npwp":            "It is the 16 digits of the NPWP.",
	"buyer":           "It names who the invoice is made out to.",
	"id_type":         "It is npwp, nik, passport or other.",
	"id_number":       "It is the number of the buyer's NPWP, NIK, passport or other document.",
	"country":         "It is the country's code in capitals, IDN for Indonesia; GET /reference/countries lists them.",
	"lines":           "An invoice has at least one line.",
	"kind":            "It is goods or service.",
	"code":            "It is DJP's code of the goods or service, six digits; 000000 fits all. GET /reference/goods-services lists them.",
	"unit":            "It is the unit's code, such as UM.0018 (Unit); GET /reference/units lists them. The seller's unit_codes can map your own to it.",
	"unit_price":      "It is the price of one unit without tax, such as 100000.00.",
	"quantity":        "It is how many units, such as 1 or 2.50.",
	"nsfp":            "It is the number of the invoice whose lines are returned, 17 digits.",
	"seller_npwp":     "It is the NPWP of who issued that invoice, 16 digits.",
	"return_quantity": "It is how many units go back with this return; 0.00 for none of this line.",
}

func nitkuAdvice(text string) string {
	return fmt.Sprintf("%q is not a NITKU. It has 22 digits: the 16 of the NPWP and six of the place of business, %s for the head office.", text, HeadOffice)
}
