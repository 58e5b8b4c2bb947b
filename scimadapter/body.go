package scimadapter

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/usherhq/usher/internal/fault"
)

// body reads the request's JSON object.
func (e *exchange) body() (object, error) {
	if e.brief {
		return e.given, nil
	}
	text, err := e.text(maxBody, errTooLarge)
	if err != nil {
		return nil, err
	}
	o, err := readObject(text)
	if err == nil {
		e.signs.ofBody(o)
	}
	return o, err
}

// text reads the request's body, of at most as many bytes as given. Nothing is read beyond them.
func (e *exchange) text(most int64, beyond *fault.Fault) ([]byte, error) {
	if err := e.checkMedia(); err != nil {
		return nil, err
	}
	if e.r.ContentLength > most {
		e.w.Header().Set("Connection", "close") // what is on its way is not read
		return nil, beyond
	}
	text, err := io.ReadAll(http.MaxBytesReader(e.w, e.r.Body, most))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, beyond
	case err != nil:
		return nil, errInvalidSyntax.Sayf("the body could not be read to its end").Because(err)
	}
	return text, nil
}

// checkMedia refuses what is no JSON in UTF-8. A body that is compressed may be any size when it is not.
func (e *exchange) checkMedia() error {
	if kind := e.r.Header.Get("Content-Type"); kind != "" {
		media, params, err := mime.ParseMediaType(kind)
		charset := strings.ToLower(params["charset"])
		if err != nil || media != scimJSON && media != plainJSON || charset != "" && charset != "utf-8" && charset != "us-ascii" {
			return errMediaType
		}
	}
	if coding := e.r.Header.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		return errMediaType
	}
	return nil
}
