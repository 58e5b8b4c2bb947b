package main

import "regexp"

const (
	later     = "later"
	untested  = "not tested"
	elsewhere = "outside"
)

// excuses are the items that no test shows, each with its reason. The first that fits counts, and only where no test does.
var excuses = []excuse{
	{later, regexp.MustCompile(`^E-`), "events for other systems and asynchronous requests are a later capability; the journal that feeds them is there"},
	{later, regexp.MustCompile(`^(O-|W-[456]$|I-ENTRA-15$)`), "the token endpoint is a later capability; configurations have access tokens of their own"},
	{later, regexp.MustCompile(`^W-3$`), "Basic authentication is a later capability, off by default; RFC 7644 advises against it"},
	{untested, regexp.MustCompile(`^(S-4\.1\.1-04|S-4\.1\.2-03)$`), "advice about the meaning of values that a server cannot look into"},
	{elsewhere, regexp.MustCompile(`^S-4\.1\.1-03$`), "no password is kept at all, see S-4.1.1-02"},
	{elsewhere, regexp.MustCompile(`^P-7-03$`), "refusing filters with personal data would lock both large providers out; logs leave the values out instead"},
	{elsewhere, regexp.MustCompile(`^P-3\.11-02$`), "/Me is not there, see P-3.11-01"},
}
