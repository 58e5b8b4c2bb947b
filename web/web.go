// Package web embeds what browsers load: the console, and GraphiQL.
//
// Invariants: dist is built from src and console by "make web" and committed, so that building Usher needs no Node and a page
// needs no network; pages load nothing from elsewhere, which their Content-Security-Policy says.
package web

import (
	"embed"
	"io/fs"
	"net/http"
)

//go:embed dist/graphiql
var dist embed.FS

// GraphiQL serves the GraphQL explorer.
func GraphiQL() http.Handler {
	files, err := fs.Sub(dist, "dist/graphiql")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	pages := http.FileServerFS(files)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy",
			"default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self' data:; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Referrer-Policy", "no-referrer")
		pages.ServeHTTP(w, r)
	})
}
