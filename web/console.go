package web

import (
	"bytes"
	"compress/gzip"
	"crypto/rand"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"sync"
)

//go:embed dist/console
var consoleFiles embed.FS

// noncePlace stands in the page where each answer puts a nonce of its own.
const noncePlace = "{nonce}"

// asset is a file of the console. Its name has a hash of what is in it, so that a browser may keep it for ever.
type asset struct {
	kind          string
	plain, zipped []byte // zipped is nil for what does not become smaller
	tag           string
}

// consoleAssets are the console's files by their paths below /console/. They are compressed once.
var consoleAssets = sync.OnceValue(func() map[string]asset {
	all := map[string]asset{}
	err := fs.WalkDir(consoleFiles, "dist/console", func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := consoleFiles.ReadFile(file)
		if err != nil {
			return fmt.Errorf("read %s: %w", file, err)
		}
		all[strings.TrimPrefix(file, "dist/console/")] = newAsset(file, text)
		return nil
	})
	if err != nil {
		panic(err) // the folder is embedded above
	}
	return all
})

func newAsset(file string, text []byte) asset {
	sum := sha256.Sum256(text)
	made := asset{kind: mime.TypeByExtension(path.Ext(file)), plain: text, tag: `"` + hex.EncodeToString(sum[:16]) + `"`}
	switch path.Ext(file) { // what the machine's own table says may differ
	case ".js":
		made.kind = "text/javascript; charset=utf-8"
	case ".css":
		made.kind = "text/css; charset=utf-8"
	case ".svg":
		made.kind = "image/svg+xml"
	}
	var zipped bytes.Buffer
	w, _ := gzip.NewWriterLevel(&zipped, gzip.BestCompression) // the level is one that there is
	_, _ = w.Write(text)                                       // into memory: it never fails
	_ = w.Close()
	if zipped.Len() < len(text) {
		made.zipped = zipped.Bytes()
	}
	return made
}

// Console serves the console below /console/: its page, which is never kept, and its assets, which are kept for ever. Addresses
// within the console are behind the #, so that there is one page.
func Console() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Referrer-Policy", "no-referrer")
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			header.Set("Allow", "GET, HEAD")
			http.Error(w, "the console is read with GET", http.StatusMethodNotAllowed)
			return
		}
		name := strings.TrimPrefix(r.URL.Path, "/console/")
		if name == "" {
			page(w, r)
			return
		}
		found, ok := consoleAssets()[name]
		if !ok || !strings.HasPrefix(name, "assets/") {
			header.Set("Cache-Control", "no-store")
			http.Error(w, "there is no such file; the console is at /console/", http.StatusNotFound)
			return
		}
		found.serve(w, r)
	})
}

// page answers with the one page. Scripts and styles come from files of this server alone. Mantine, the library of components,
// writes some styles into the page while it runs (the variables of the theme, and what differs by the width of the window);
// these carry the nonce of the answer, so that no other style is taken either.
func page(w http.ResponseWriter, r *http.Request) {
	nonce := rand.Text()
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Cache-Control", "no-store")
	header.Set("Cross-Origin-Opener-Policy", "same-origin")
	header.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-"+nonce+"'; img-src 'self' data:; font-src 'self'; "+
		"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	if r.Method == http.MethodHead {
		return
	}
	_, _ = w.Write(bytes.ReplaceAll(consoleAssets()["index.html"].plain, []byte(noncePlace), []byte(nonce))) // a client that has gone away is no mistake
}

func (a asset) serve(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Content-Type", a.kind)
	header.Set("Cache-Control", "public, max-age=31536000, immutable")
	header.Set("Vary", "Accept-Encoding")
	header.Set("ETag", a.tag)
	if r.Header.Get("If-None-Match") == a.tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	text := a.plain
	if a.zipped != nil && takesGzip(r.Header.Get("Accept-Encoding")) {
		header.Set("Content-Encoding", "gzip")
		text = a.zipped
	}
	if r.Method == http.MethodHead {
		return
	}
	_, _ = w.Write(text) // a client that has gone away is no mistake
}

// takesGzip tells whether a client takes gzip (RFC 9110 section 12.5.3), as every browser does.
func takesGzip(accepted string) bool {
	for part := range strings.SplitSeq(accepted, ",") {
		coding, weight, _ := strings.Cut(strings.ReplaceAll(part, " ", ""), ";")
		if strings.EqualFold(coding, "gzip") && strings.Trim(strings.TrimPrefix(weight, "q="), "0.") != "" {
			return true
		}
		if strings.EqualFold(coding, "gzip") && weight == "" {
			return true
		}
	}
	return false
}
