package scimadapter

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/fault"
)

const (
	bulkURN     = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
	bulkDoneURN = "urn:ietf:params:scim:api:messages:2.0:BulkResponse"
)

// Bounds of a bulk, as /ServiceProviderConfig tells them.
const (
	maxBulk      = 1000    // operations
	maxBulkBytes = 4 << 20 // of the body
)

// bulkPatience is how long a bulk goes on. What has not begun by then was not done, and is said to be so.
const bulkPatience = 30 * time.Second

var (
	errBulkBytes = fault.New(fault.TooLarge, "bulk_too_large", "the body is more than maxPayloadSize, which is "+strconv.Itoa(maxBulkBytes)+" bytes; send the rest in another bulk")
	errBulkMost  = fault.New(fault.TooLarge, "bulk_too_many", "the operations are more than maxOperations, which is "+strconv.Itoa(maxBulk)+"; send the rest in another bulk")
	errBulkLate  = fault.New(fault.Unavailable, "bulk_too_slow", "the bulk took too long and this operation was not begun; send it again")
	errBulkPath  = fault.New(fault.Invalid, "bulk_path", "a bulk's operation has a path below the base URL, as in /Users/usr_…, without a query").Scim("invalidPath").At("path")
	errDependent = fault.New(fault.Conflict, "bulk_dependent", "it refers to what another operation of the bulk should have made and has not")
)

// bulkOperation is one operation of a bulk.
type bulkOperation struct {
	method, path, bulkID, version string
	data                          any   // object, or nil for DELETE
	refers                        []int // operations that create what it refers to
	refused                       error // why it cannot be tried
}

// bulk does up to a thousand operations, each as its own request would be done: in a unit of work of its own, with its own
// events and its own line in the log. What has been done stays done whatever fails later (RFC 7644 section 3.7).
func (e *exchange) bulk() error {
	if err := caller.Require(e.ctx, caller.ScopeSCIM); err != nil {
		return err
	}
	text, err := e.text(maxBulkBytes, errBulkBytes)
	if err != nil {
		return err
	}
	body, err := readBulk(text)
	if err != nil {
		return err
	}
	operations, most, err := bulkOperations(body)
	if err != nil {
		return err
	}
	run := newBulkRun(operations, most, bulkDoer{e: e, until: e.h.clock().Add(bulkPatience)})
	for _, circle := range bulkOrder(operations) {
		if e.ctx.Err() != nil || !run.step(circle) {
			break
		}
	}
	answer, err := run.answer()
	if err != nil {
		return err
	}
	e.write(http.StatusOK, answer)
	return nil
}

// bulkOperations reads a bulk's message: its operations, and after how many errors to stop, 0 for never.
func bulkOperations(body object) (operations []bulkOperation, most int, err error) {
	if !declares(body, bulkURN) {
		return nil, 0, errInvalidSyntax.At(attrSchemas).Sayf("a bulk names the schema %s", bulkURN)
	}
	if most, err = failOnErrors(body); err != nil {
		return nil, 0, err
	}
	given, _ := body.get("Operations")
	all, ok := given.([]any)
	switch {
	case !ok || len(all) == 0:
		return nil, 0, errInvalidSyntax.At("Operations").Sayf("a bulk has a list of Operations, with at least one")
	case len(all) > maxBulk:
		return nil, 0, errBulkMost
	}
	operations = make([]bulkOperation, len(all))
	created := map[string]int{}
	for i, one := range all {
		op := &operations[i]
		op.read(one)
		if op.method != http.MethodPost || op.bulkID == "" {
			continue
		}
		if _, twice := created[op.bulkID]; twice {
			op.refused = errInvalidSyntax.At("bulkId").Sayf("another operation of the bulk has this bulkId")
			continue
		}
		created[op.bulkID] = i
	}
	for i := range operations {
		operations[i].join(created)
	}
	return operations, most, nil
}

func failOnErrors(body object) (int, error) {
	given, _ := body.get("failOnErrors")
	if given == nil {
		return 0, nil
	}
	number, _ := given.(json.Number)
	most, err := strconv.Atoi(number.String())
	if err != nil || most < 1 {
		return 0, errInvalidValue.At("failOnErrors").Sayf("failOnErrors is a whole number from 1 on; leave it out to go on whatever fails")
	}
	return most, nil
}

// read takes an operation as it was sent. What is wrong with it is its own failure and not the bulk's.
func (op *bulkOperation) read(one any) {
	o, ok := one.(object)
	if !ok {
		op.refused = errInvalidSyntax.At("Operations").Sayf("an operation is an object")
		return
	}
	texts := map[string]string{}
	for _, name := range []string{"method", "path", "bulkId", "version"} {
		value, _ := o.get(name)
		text, isText := value.(string)
		if value != nil && !isText {
			op.refused = errInvalidSyntax.At(name).Sayf("the %s of an operation is text", name)
		}
		texts[name] = text
	}
	op.method, op.path, op.bulkID, op.version = strings.ToUpper(texts["method"]), texts["path"], texts["bulkId"], texts["version"]
	op.data, _ = o.get("data")
	if bare, isList := op.data.([]any); isList && op.method == http.MethodPatch {
		op.data = object{attrSchemas: []any{patchURN}, "Operations": bare} // as in the example of section 3.7.3
	}
	if op.refused == nil {
		op.refused = op.check()
	}
}

func (op *bulkOperation) check() error {
	switch op.method {
	case http.MethodPost, http.MethodPut, http.MethodPatch:
		if _, ok := op.data.(object); !ok {
			return errInvalidSyntax.At("data").Sayf("the operation %s has data, an object", op.method)
		}
		if op.method == http.MethodPost && op.bulkID == "" {
			return errInvalidSyntax.At("bulkId").Sayf("the operation POST has a bulkId")
		}
	case http.MethodDelete:
		op.data = nil
	default:
		return errInvalidSyntax.At("method").Sayf("the method of an operation is POST, PUT, PATCH or DELETE")
	}
	if op.path == "" {
		return errInvalidSyntax.At("path").Sayf("an operation has a path")
	}
	if err := op.confine(); err != nil {
		op.path = ""
		return err
	}
	return nil
}

// confine keeps a path below the base URL, and away from what is no resource. Nothing that is decoded, cleaned or resolved
// later may name another place than it names as it is written.
func (op *bulkOperation) confine() error {
	const longest = 512
	path := strings.TrimPrefix(op.path, "/")
	if len(path) > longest || strings.ContainsAny(path, "%?#\\ \t\r\n\x00;") {
		return errBulkPath
	}
	parts := strings.Split(path, "/")
	for _, part := range parts {
		if part == "" || part == "." || part == ".." {
			return errBulkPath
		}
	}
	switch strings.ToLower(parts[0]) {
	case "bulk", "me", searchPath:
		return errBulkPath.Sayf("a bulk's operation is about a resource, not about /%s", parts[0])
	}
	if len(parts) > 2 || strings.EqualFold(parts[len(parts)-1], searchPath) {
		return errBulkPath
	}
	op.path = "/" + path
	return nil
}
