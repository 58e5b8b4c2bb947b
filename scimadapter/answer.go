package scimadapter

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
)

const (
	scimJSON  = "application/scim+json"
	plainJSON = "application/json"
)

// accepts chooses the type of the answer by what the client takes: SCIM's own, unless it prefers plain JSON or names that
// alone (RFC 7644 section 3.8). It tells whether the client takes one of them.
func (e *exchange) accepts() bool {
	ranges := rangesIn(e.r.Header.Values("Accept"))
	scim, scimNamed := ranges.quality(scimJSON)
	plain, plainNamed := ranges.quality(plainJSON)
	e.kind = scimJSON
	if plain > scim || plain == scim && plainNamed && !scimNamed {
		e.kind = plainJSON
	}
	if scim > 0 || plain > 0 {
		return true
	}
	e.kind = scimJSON
	return false
}

// ranges are what an Accept header takes, each with its quality (RFC 9110 section 12.5.1).
type ranges map[string]float64

func rangesIn(values []string) ranges {
	all := ranges{}
	for one := range strings.SplitSeq(strings.Join(values, ","), ",") {
		name, parameters, _ := strings.Cut(one, ";")
		if name = strings.ToLower(strings.TrimSpace(name)); name != "" {
			all[name] = qualityIn(parameters)
		}
	}
	return all
}

// qualityIn reads the parameter q. One that cannot be read counts as none.
func qualityIn(parameters string) float64 {
	for parameter := range strings.SplitSeq(parameters, ";") {
		name, value, _ := strings.Cut(parameter, "=")
		if strings.EqualFold(strings.TrimSpace(name), "q") {
			if q, err := strconv.ParseFloat(strings.TrimSpace(value), 64); err == nil && q >= 0 && q <= 1 {
				return q
			}
		}
	}
	return 1
}

// quality tells how much a type of the family application is wanted, and whether it is named itself. Who says nothing takes
// everything.
func (r ranges) quality(media string) (q float64, named bool) {
	if len(r) == 0 {
		return 1, false
	}
	if q, named = r[media]; named {
		return q, true
	}
	for _, wider := range []string{"application/*", "*/*", "*"} { // Java sends the last one
		if q, ok := r[wider]; ok {
			return q, false
		}
	}
	return 0, false
}

// write sends the answer.
func (e *exchange) write(status int, body []byte) {
	e.answered, e.call.Status = true, status
	header := e.w.Header()
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Vary", "Accept, Accept-Encoding")
	if body != nil {
		header.Set("Content-Type", e.kind)
		if len(body) >= squeezeFrom && e.takesGzip() {
			header.Set("Content-Encoding", "gzip")
			body = squeezed(body)
		}
		header.Set("Content-Length", strconv.Itoa(len(body)))
	}
	e.w.WriteHeader(status)
	if e.r.Method != http.MethodHead {
		_, _ = e.w.Write(body) // a client that has gone away is no mistake
	}
}

// squeezeFrom is from how many bytes on an answer is compressed: less fits in one packet anyway.
const squeezeFrom = 1400

// takesGzip tells whether the client asks for gzip (RFC 9110 section 12.5.3).
func (e *exchange) takesGzip() bool {
	values := e.r.Header.Values("Accept-Encoding")
	if len(values) == 0 || !slices.ContainsFunc(values, func(v string) bool { return strings.ContainsAny(v, "gG*") }) {
		return false
	}
	codings := rangesIn(values)
	if q, named := codings["gzip"]; named {
		return q > 0
	}
	return codings["*"] > 0
}

var gzips = sync.Pool{New: func() any {
	w, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed) // the level is one of the package's own
	return w
}}

func squeezed(body []byte) []byte {
	w, _ := gzips.Get().(*gzip.Writer)
	defer gzips.Put(w)
	var out bytes.Buffer
	out.Grow(len(body) / 4)
	w.Reset(&out)
	_, _ = w.Write(body) // a buffer takes everything
	_ = w.Close()
	return out.Bytes()
}
