package scimadapter

import (
	"net/url"
	"strings"
)

// addressed is the id of the person or the group that an address leads to: one of this server, whole or relative, and whichever
// version of the protocol it names (RFC 7643 sections 2.3.7 and 2.4). Nothing is an address of somebody else's.
func (m manners) addressed(address string) string {
	base, err := url.Parse(m.base + "/")
	if err != nil {
		return ""
	}
	at, err := base.Parse(address)
	if err != nil || at.Host != base.Host {
		return ""
	}
	parts := segments(at.Path)
	if len(parts) < 2 {
		return ""
	}
	for _, t := range []*resourceType{userType, groupType} {
		if strings.EqualFold("/"+parts[len(parts)-2], t.Endpoint) {
			return parts[len(parts)-1]
		}
	}
	return ""
}
