package licensing

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Bounds of a license's texts, in characters.
const (
	maxProduct = 200
	maxSKU     = 100
	maxEdition = 200
	maxSeats   = 100_000_000
)

// tidy returns the license with its texts in the one form in which they are kept, and with a SKU made where none is given.
func (l License) tidy() License {
	l.Product, l.SKU, l.Edition = strings.TrimSpace(l.Product), strings.TrimSpace(l.SKU), strings.TrimSpace(l.Edition)
	l.Currency = strings.ToUpper(strings.TrimSpace(l.Currency))
	if l.SKU == "" {
		l.SKU = skuOf(l.Product)
	}
	return l
}

// check refuses with ErrInvalidLicense at the field at fault.
func (l License) check() error {
	switch {
	case !fits(l.Product, 1, maxProduct):
		return ErrInvalidLicense.At("product").Sayf("a product's name has 1 to %d characters, none of them a control character", maxProduct)
	case !fits(l.SKU, 1, maxSKU):
		return ErrInvalidLicense.At("sku").Sayf("a SKU has 1 to %d characters, none of them a control character; give one, since the product's name makes none", maxSKU)
	case !fits(l.Edition, 0, maxEdition):
		return ErrInvalidLicense.At("edition").Sayf("an edition has at most %d characters, none of them a control character", maxEdition)
	case l.Seats < 0 || l.Seats > maxSeats:
		return ErrInvalidLicense.At("seats").Sayf("a license has 0 to 100,000,000 seats")
	case l.OverPercent != Unlimited && (l.OverPercent < 0 || l.OverPercent > maxOverPercent):
		return ErrInvalidLicense.At("overPercent").Sayf("over-assignment is 0 to %d percent, or -1 for no limit", maxOverPercent)
	case l.GraceDays < 0 || l.GraceDays > maxGraceDays:
		return ErrInvalidLicense.At("graceDays").Sayf("a grace lasts 0 to %d days", maxGraceDays)
	}
	if err := l.Reclaim.check(); err != nil {
		return err
	}
	if err := l.Alerts.check(); err != nil {
		return err
	}
	if err := l.checkTerm(); err != nil {
		return err
	}
	return l.checkPrice()
}

func (l License) checkTerm() error {
	if !keepable(l.TermStart) {
		return ErrInvalidLicense.At("termStart").Sayf("a term starts in the years 1 to 9999")
	}
	if !keepable(l.TermEnd) {
		return ErrInvalidLicense.At("termEnd").Sayf("a term ends in the years 1 to 9999")
	}
	if l.TermStart != nil && l.TermEnd != nil && !l.TermStart.Before(*l.TermEnd) {
		return ErrInvalidLicense.At("termEnd").Sayf("the term ends after it starts")
	}
	return nil
}

// keepable tells whether a time can be written as RFC 3339 writes one.
func keepable(at *time.Time) bool {
	return at == nil || at.UTC().Year() >= 1 && at.UTC().Year() <= 9999
}

func (l License) checkPrice() error {
	letters := len(l.Currency) == len("USD") && strings.IndexFunc(l.Currency, func(r rune) bool { return r < 'A' || r > 'Z' }) < 0
	if l.Currency != "" && !letters || l.PriceMinor != nil && !letters {
		return ErrInvalidLicense.At("currency").Sayf("a currency is a code of three letters, such as USD; a price needs one")
	}
	if l.PriceMinor != nil && *l.PriceMinor < 0 {
		return ErrInvalidLicense.At("pricePerSeatMinor").Sayf("a price is not negative")
	}
	return nil
}

// fits tells whether a text can be kept and shown, and has a number of characters between two bounds.
func fits(text string, least, most int) bool {
	n := utf8.RuneCountInString(text)
	return n >= least && n <= most && utf8.ValidString(text) && strings.IndexFunc(text, unicode.IsControl) < 0
}

// skuOf makes a SKU from a product's name: its letters and digits, whatever the script, in lower case, with words joined by
// hyphens. A name with none of either makes an empty one.
func skuOf(product string) string {
	words := strings.FieldsFunc(strings.ToLower(product), func(r rune) bool { return !unicode.In(r, unicode.L, unicode.M, unicode.N) })
	sku := []rune(strings.Join(words, "-"))
	return strings.Trim(string(sku[:min(len(sku), maxSKU)]), "-")
}
