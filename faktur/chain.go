package faktur

// InForce gives the id of the document that is in force in a chain of
// replacements, "" when none is. There is never more than one: what is replaced
// stays in force until it is amended, and only then its replacement is.
//
// Whether Coretax shows a replacement as approved while its buyer has not agreed
// is not known (FACTS 5.2 [NF]); here it counts once its original is amended.
func InForce(chain []Document) string {
	amended := map[string]bool{"": true}
	for i := range chain {
		amended[chain[i].ID] = chain[i].Status == Amended
	}
	for i := range chain {
		switch chain[i].Status {
		case Approved, AmendmentPending, CancellationPending:
			if amended[chain[i].ReplacesID] {
				return chain[i].ID
			}
		}
	}
	return ""
}
