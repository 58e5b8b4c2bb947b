package scimadapter

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/usherhq/usher/modules/directory"
)

// conditions are what a request expects of the resource's present state (RFC 9110 section 13.1). Entity tags are compared by
// what stands between their quotes: ours are weak, and RFC 7644 section 3.14 has clients send those back in If-Match.
type conditions struct {
	match, noneMatch               tags
	unmodifiedSince, modifiedSince time.Time
}

// tags are a list of entity tags, or any. What is no tag of ours matches nothing.
type tags struct {
	given, any bool
	versions   []int64
}

func tagsIn(values []string) tags {
	if len(values) == 0 {
		return tags{}
	}
	t := tags{given: true}
	for tag := range strings.SplitSeq(strings.Join(values, ","), ",") {
		if version, ok := versionOf(tag); ok {
			t.versions = append(t.versions, version)
		}
		t.any = t.any || strings.TrimSpace(tag) == "*"
	}
	return t
}

func (t tags) have(version int64) bool { return t.any || slices.Contains(t.versions, version) }

func (e *exchange) conditions() conditions {
	header := e.r.Header
	c := conditions{match: tagsIn(header.Values("If-Match")), noneMatch: tagsIn(header.Values("If-None-Match"))}
	c.unmodifiedSince, _ = http.ParseTime(header.Get("If-Unmodified-Since")) // what is no date counts for nothing
	c.modifiedSince, _ = http.ParseTime(header.Get("If-Modified-Since"))
	return c
}

// before is what has to be met by whatever method: If-Match or, only without it, If-Unmodified-Since.
func (c conditions) before() *directory.Expect {
	switch {
	case c.match.given && !c.match.any:
		return &directory.Expect{Versions: append(c.match.versions, directory.NoVersion)}
	case !c.match.given && !c.unmodifiedSince.IsZero():
		return &directory.Expect{UnmodifiedSince: c.unmodifiedSince}
	default:
		return nil
	}
}

// expected is what a change has to meet: If-None-Match too.
func (e *exchange) expected() *directory.Expect {
	c := e.conditions()
	expect := c.before()
	if !c.noneMatch.given {
		return expect
	}
	if expect == nil {
		expect = &directory.Expect{}
	}
	expect.Not, expect.Nothing = c.noneMatch.versions, c.noneMatch.any
	return expect
}

// unchanged tells whether the client has what it reads already, and if so, answers that. It refuses with ErrStaleVersion what
// expects another version.
func (e *exchange) unchanged(version int64, updated time.Time) (bool, error) {
	c := e.conditions()
	if err := c.before().Met(version, updated); err != nil {
		return false, err
	}
	has := c.noneMatch.have(version)
	if !c.noneMatch.given && !c.modifiedSince.IsZero() {
		has = !updated.Truncate(time.Second).After(c.modifiedSince)
	}
	if has {
		e.write(http.StatusNotModified, nil)
	}
	return has, nil
}

func entityTag(version int64) string { return `W/"` + strconv.FormatInt(version, 10) + `"` }

func versionOf(tag string) (int64, bool) {
	tag = strings.TrimPrefix(strings.TrimSpace(tag), "W/")
	if len(tag) < 2 || tag[0] != '"' || tag[len(tag)-1] != '"' {
		return 0, false
	}
	version, err := strconv.ParseInt(tag[1:len(tag)-1], 10, 64)
	return version, err == nil
}

// about says in the answer's header which resource it shows, in which version.
func (e *exchange) about(location string, version int64, updated time.Time) {
	header := e.w.Header()
	header.Set("Location", location)
	header.Set("Content-Location", location)
	header.Set("ETag", entityTag(version))
	header.Set("Last-Modified", updated.UTC().Format(http.TimeFormat))
}
