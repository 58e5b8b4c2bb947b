package scimadapter

import "testing"

// TestAnAddressNamesWhoIsThere reads addresses in all the spellings that section 2.4 of RFC 7643 calls the same, and some that lead
// elsewhere.
func TestAnAddressNamesWhoIsThere(t *testing.T) {
	t.Parallel()
	m := manners{base: "https://usher.example/scim/v2"}
	for address, want := range map[string]string{
		"https://usher.example/scim/v2/Users/usr_1": "usr_1", "https://usher.example/scim/Users/usr_1": "usr_1", "http://usher.example/scim/v3/Users/usr_1": "usr_1",
		"Users/usr_1": "usr_1", "../Users/usr_1": "usr_1", "/Users/usr_1": "usr_1", "/v2/Users/usr_1": "usr_1", "./Groups/grp_1": "grp_1", "users/usr_1/": "usr_1",
		"https://elsewhere.example/scim/v2/Users/usr_1": "", "//elsewhere.example/Users/usr_1": "", "https://usher.example/scim/v2/Licenses/lic_1": "",
		"usr_1": "", "": "", "Users/": "", "Users": "", "http://[::1": "", "Users/usr_1?x=y#z": "usr_1",
	} {
		if got := m.addressed(address); got != want {
			t.Errorf("%q leads to %q, want %q", address, got, want)
		}
	}
}
