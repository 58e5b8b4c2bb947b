package web_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/usherhq/usher/web"
)

func get(t *testing.T, path string, headers ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, path, nil)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	got := httptest.NewRecorder()
	web.Console().ServeHTTP(got, r)
	return got.Result()
}

func text(t *testing.T, r *http.Response) string {
	t.Helper()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

var (
	nonces  = regexp.MustCompile(`'nonce-([A-Z2-7]{26,})'`)
	loaded  = regexp.MustCompile(`(?:src|href)="([^"]+)"`)
	inline  = regexp.MustCompile(`<script(?:[^>]*)>[^<]|<style| style="| on[a-z]+="|javascript:`)
	outside = regexp.MustCompile(`(?:src|href)="(?:https?:)?//|url\((?:['"]?)(?:https?:)?//|@import`)
)

func TestThePageTakesNothingButItsOwnFiles(t *testing.T) {
	t.Parallel()
	first, second := get(t, "/console/"), get(t, "/console/")
	policy := first.Header.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "script-src 'self';", "connect-src 'self'", "base-uri 'none'", "frame-ancestors 'none'"} {
		if !strings.Contains(policy, want) {
			t.Errorf("the policy %q has no %q", policy, want)
		}
	}
	if strings.Contains(policy, "unsafe") || first.Header.Get("Cache-Control") != "no-store" || first.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("headers are %v", first.Header)
	}
	nonce := nonces.FindStringSubmatch(policy)
	if nonce == nil || policy == second.Header.Get("Content-Security-Policy") {
		t.Fatalf("the policies are %q and %q", policy, second.Header.Get("Content-Security-Policy"))
	}
	page := text(t, first)
	if strings.Count(page, nonce[1]) != 1 || strings.Contains(page, "{nonce}") || inline.MatchString(page) || outside.MatchString(page) {
		t.Errorf("the page is %s", page)
	}
}

func TestAssetsAreKeptForEverAndCompressed(t *testing.T) {
	t.Parallel()
	files, size := loaded.FindAllStringSubmatch(text(t, get(t, "/console/")), -1), 0
	if len(files) < 3 {
		t.Fatalf("the page loads %v", files)
	}
	for _, file := range files {
		zipped, plain := get(t, file[1], "Accept-Encoding", "br, gzip;q=0.8"), get(t, file[1], "Accept-Encoding", "gzip;q=0, br")
		if zipped.StatusCode != http.StatusOK || zipped.Header.Get("Cache-Control") != "public, max-age=31536000, immutable" || plain.Header.Get("Content-Encoding") != "" {
			t.Errorf("%s is %d %v", file[1], zipped.StatusCode, zipped.Header)
		}
		whole, small := text(t, plain), text(t, zipped)
		size += len(small)
		if zipped.Header.Get("Content-Encoding") == "gzip" {
			small = unzip(t, small)
		} else if len(whole) > 512 {
			t.Errorf("%s has %d bytes and is not compressed", file[1], len(whole))
		}
		if small != whole {
			t.Errorf("%s is another one when compressed", file[1])
		}
		if strings.HasSuffix(file[1], ".css") && outside.MatchString(whole) {
			t.Errorf("%s loads from elsewhere", file[1])
		}
		if again := get(t, file[1], "If-None-Match", plain.Header.Get("ETag")); again.StatusCode != http.StatusNotModified {
			t.Errorf("%s again is %d", file[1], again.StatusCode)
		}
	}
	if most := 250 << 10; size > most {
		t.Errorf("the first load has %d bytes, more than %d", size, most)
	}
}

func unzip(t *testing.T, zipped string) string {
	t.Helper()
	unzipped, err := gzip.NewReader(strings.NewReader(zipped))
	if err != nil {
		t.Fatal(err)
	}
	read, err := io.ReadAll(unzipped)
	if err != nil {
		t.Fatal(err)
	}
	return string(read)
}

func TestWhatIsNotThereIsNotFound(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/console/nothing", "/console/index.html", "/console/assets/", "/console/assets/../index.html", "/console/../console.go"} {
		if r := get(t, path); r.StatusCode != http.StatusNotFound || r.Header.Get("Content-Type") != "text/plain; charset=utf-8" {
			t.Errorf("%s is %d", path, r.StatusCode)
		}
	}
	r := httptest.NewRequest(http.MethodPost, "/console/", nil)
	got := httptest.NewRecorder()
	web.Console().ServeHTTP(got, r)
	if got.Code != http.StatusMethodNotAllowed || got.Header().Get("Allow") != "GET, HEAD" {
		t.Errorf("POST is %d", got.Code)
	}
}
