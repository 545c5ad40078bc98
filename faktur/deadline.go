package faktur

// uploadDay is the day of the next month by whose end an invoice must be
// uploaded and approved: 20 by PER-11/PJ/2025 art. 44(1) (FACTS 5.5, DDTC-20).
//
// For efaktur_desktop that is an assumption: the older term, day 15, was said
// to live on for the desktop application (FACTS 5.5, IKPI [S?]). A seller to
// whom it applies overrides the months in its settings.
var uploadDay = map[Channel]int{
	ChannelPJAP:           20,
	ChannelCoretaxXML:     20,
	ChannelPajakio:        20,
	ChannelKlikpajak:      20,
	ChannelEfakturDesktop: 20,
}

// UploadDeadline gives the last day, in Asia/Jakarta, on which an invoice of
// that date counts when it is approved. Overrides name single months of the
// invoice date ("2026-11"), for when DJP extends one; nil has none. Holidays
// shift nothing (FACTS 5.5, KPS). It is zero when date is no date.
func UploadDeadline(date Date, channel Channel, overrides map[string]Date) Date {
	if date.IsZero() || !date.Valid() {
		return Date{}
	}
	if override, found := overrides[date.Month()]; found && override.Valid() && !override.IsZero() {
		return override
	}
	day, found := uploadDay[channel]
	if !found {
		day = 20
	}
	return date.DayOfNextMonth(day)
}
