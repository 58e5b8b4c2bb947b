package scimadapter

import (
	"context"
	"strings"

	"github.com/usherhq/usher/modules/access"
	"github.com/usherhq/usher/modules/provisioning"
)

// The server cuts off what is far longer; what is a little too long is told so in SCIM's words. An address has room for the
// longest filter with every byte of it escaped.
const (
	maxAddress = 25 << 10
	maxHeaders = 16 << 10
)

// fits refuses what is longer than anybody needs.
func (e *exchange) fits() error {
	if len(e.r.RequestURI) > maxAddress {
		return errAddressTooLong
	}
	size := 0
	for name, values := range e.r.Header {
		for _, value := range values {
			size += len(name) + len(value)
		}
	}
	if size > maxHeaders {
		return errHeadersTooLarge
	}
	return nil
}

// authenticated finds out who asks before it says anything of the address: strangers learn nothing but what is public.
func (e *exchange) authenticated(found route, routing error) (context.Context, provisioning.Session, error) {
	header, err := e.credentials()
	if err != nil {
		return e.ctx, provisioning.Session{}, err
	}
	if header == "" && found.public {
		return e.ctx, provisioning.Session{}, routing
	}
	ctx, session, err := e.h.provisioning.Authenticate(e.ctx, header, e.requestID)
	if err != nil {
		return ctx, session, err
	}
	if err := e.h.pace.admit(session.Config.ID); err != nil {
		return ctx, session, err
	}
	return ctx, session, routing
}

// credentials returns the one Authorization header. A token in the address would be in every log, so it is not taken (RFC 6750
// section 2.3); two of them are refused, because which one counts would be a guess.
func (e *exchange) credentials() (string, error) {
	given := e.r.Header.Values("Authorization")
	inAddress := e.r.URL.RawQuery != "" && e.r.URL.Query().Has("access_token")
	switch {
	case len(given) > 1, len(given) == 1 && inAddress:
		return "", errTwoTokens
	case inAddress:
		return "", access.ErrTokenMissing.Sayf("an access token in the address is not taken; send it as \"Authorization: Bearer …\"")
	case len(given) == 0:
		return "", nil
	}
	words := strings.Fields(given[0])
	switch {
	case len(words) > 1 && !strings.EqualFold(words[0], "Bearer"):
		return "", access.ErrTokenMissing.Sayf("send the access token as \"Authorization: Bearer …\"; no other scheme is taken")
	case len(words) > 2:
		return "", errTwoTokens
	}
	return given[0], nil
}
