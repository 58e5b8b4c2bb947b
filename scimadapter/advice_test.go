package scimadapter

import (
	"strings"
	"testing"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/fault"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/modules/access"
	"github.com/usherhq/usher/modules/directory"
	"github.com/usherhq/usher/modules/provisioning"
)

// TestEveryRefusalSaysWhatToDo looks at each fault that this door can show, as declared and with other words in it.
//
// Conformance: W-77
func TestEveryRefusalSaysWhatToDo(t *testing.T) {
	t.Parallel()
	e := &exchange{requestID: "0199-example"}
	for _, f := range []*fault.Fault{
		errInvalidSyntax, errInvalidValue, errInvalidPath, errInvalidFilter, errTooMany, errNoTarget, errMutability, errVersion, errNoEndpoint, errUserUnknown,
		errGroupUnknown, errSchemaUnknown, errTypeUnknown, errNotBuilt, errTooLarge, errMethod, errNotAcceptable, errAddressTooLong, errHeadersTooLarge,
		errTwoTokens, errMediaType, errFilterHere, errTooFast, errInternal, errLicenseUnknown, errBulkBytes, errBulkMost, errBulkLate, errBulkPath, errDependent,
		directory.ErrUserNotFound, directory.ErrUserNameTaken, directory.ErrInvalidUser, directory.ErrGroupNotFound, directory.ErrGroupNameTaken,
		directory.ErrInvalidGroup, directory.ErrInvalidMember, directory.ErrGroupOfOthers, directory.ErrStaleVersion, directory.ErrFilterUnsupported,
		directory.ErrFilterTooCostly, directory.ErrSortUnsupported, directory.ErrSchemaNew, directory.ErrImmutable, directory.ErrValueTaken,
		provisioning.ErrPaused, provisioning.ErrNotForSCIM, access.ErrTokenMissing, access.ErrTokenInvalid, access.ErrTokenExpired, access.ErrTokenRevoked,
		access.ErrUnsure, caller.ErrForbidden, store.ErrBusy, store.ErrUnavailable, store.ErrText,
	} {
		for _, said := range []*fault.Fault{f, f.Sayf("something is not as it should be")} {
			what, do, ok := strings.Cut(e.advised(said), "; ")
			if !ok || len(what) < 10 || len(do) < 9 || strings.Contains(do, "; ; ") {
				if said != f && statusOf(f) == 500 {
					continue // an accident has one wording
				}
				t.Errorf("%s says %q", f.Code, e.advised(said))
			}
		}
	}
	if detail := e.advised(errInternal); !strings.Contains(detail, "0199-example") {
		t.Errorf("nobody can look for %q", detail)
	}
}
