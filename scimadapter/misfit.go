package scimadapter

import (
	"encoding/asn1"
	"encoding/base64"
	"net/url"
	"strings"

	"golang.org/x/text/language"
)

// notWeb tells why a text is no address on the web. One without a scheme is taken as providers send it; one with another scheme
// could do something where it is shown (RFC 7643 section 4.1.1).
func notWeb(text string) string {
	address, err := url.Parse(text)
	if err != nil || address.Scheme != "" && address.Scheme != httpScheme && address.Scheme != httpsScheme {
		return "is not the address of a page: it begins with http:// or https://"
	}
	return ""
}

// notCountry tells why a text is not the code of a country, ISO 3166-1 alpha-2 (RFC 7643 section 4.1.2).
func notCountry(text string) string {
	const letters = 2
	region, err := language.ParseRegion(text)
	if err != nil || len(text) != letters || !region.IsCountry() {
		return "is not the code of a country with two letters, as NO"
	}
	return ""
}

// notCertificate tells why a text is not one certificate, DER in base64, whose padding may be missing (RFC 7643 sections 2.3.6
// and 4.1.2).
func notCertificate(text string) string {
	der, err := base64.StdEncoding.DecodeString(padded(text))
	if err != nil {
		return "is not base64"
	}
	var outer asn1.RawValue
	rest, err := asn1.Unmarshal(der, &outer)
	if err != nil || len(rest) > 0 || outer.Tag != asn1.TagSequence || !outer.IsCompound {
		return "is not exactly one certificate, DER in base64"
	}
	return ""
}

func padded(text string) string {
	const group = 4
	if over := len(text) % group; over > 1 && !strings.HasSuffix(text, "=") {
		return text + strings.Repeat("=", group-over)
	}
	return text
}
