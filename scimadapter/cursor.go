package scimadapter

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/modules/directory"
)

// cursorLife is how long a cursor is good for; /ServiceProviderConfig tells.
const cursorLife = time.Hour

const (
	cursorPurpose = "scim cursor"
	maxCursor     = 2048 // bytes of a cursor as it is sent
)

// cursor says where a page has ended (RFC 9865). It is sealed: whose it is, and which list it is of, are not in it but in the
// key. Nothing is kept of it, and it gives no rights: every page is authorized anew.
type cursor struct {
	Expires int64  `json:"e"` // seconds
	Count   int    `json:"n"`
	Missing bool   `json:"m,omitempty"`
	Key     string `json:"k,omitempty"`
	ID      id.ID  `json:"i"`
}

// holder names who may go on with a list: the same caller, who may do no less and no more, asking for the same.
func (e *exchange) holder(a asked, types []*resourceType) string {
	who, _ := caller.From(e.ctx)
	parts := []string{who.Tenant.String(), who.ID().String()}
	for _, t := range types {
		parts = append(parts, t.Name)
	}
	parts = append(parts, a.texts[paramFilter], a.texts[paramSortBy], a.texts[paramSortOrder], strings.Join(slices.Sorted(slices.Values(who.Scopes)), " "),
		strings.Join(a.view.only, ","), strings.Join(a.view.without, ","))
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return string(sum[:])
}

// nextCursor makes the cursor behind a mark, or nothing where the list has ended.
func (e *exchange) nextCursor(q query, end *directory.Mark) (string, error) {
	if end == nil || !q.Keyed {
		return "", nil
	}
	text, err := json.Marshal(cursor{
		Expires: e.h.clock().Add(cursorLife).Unix(), Count: q.Count, Missing: end.Missing, Key: end.Key, ID: end.ID,
	})
	if err != nil {
		return "", err
	}
	sealed, err := e.h.access.Seal(cursorPurpose, q.holder, text)
	return base64.RawURLEncoding.EncodeToString(sealed), err
}

// openCursor reads where to go on. An empty cursor begins a list. Every other that cannot be opened is refused in the same
// words, whatever the reason.
func (e *exchange) openCursor(q query, text string) (*directory.Mark, error) {
	if text == "" {
		return nil, nil //nolint:nilnil // the first page
	}
	if len(text) > maxCursor {
		return nil, errInvalidCursor
	}
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return nil, errInvalidCursor
	}
	plain, ok := e.h.access.Open(cursorPurpose, q.holder, sealed)
	var c cursor
	switch {
	case !ok || json.Unmarshal(plain, &c) != nil:
		return nil, errInvalidCursor
	case e.h.clock().Unix() >= c.Expires:
		return nil, errExpiredCursor
	case c.Count != q.Count:
		return nil, errInvalidCount
	}
	return &directory.Mark{Missing: c.Missing, Key: c.Key, ID: c.ID}, nil
}
