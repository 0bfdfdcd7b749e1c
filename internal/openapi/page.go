package openapi

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"html"
	"io"
	"io/fs"
	"strings"

	"github.com/swaggest/swgui/v5/static"
)

// Policy is the Content-Security-Policy of pages: they load nothing from
// elsewhere, and ask only the server that they are from. Swagger UI writes styles
// into its elements.
const Policy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// Page shows the document at docs/dataplane.json with Swagger UI, whose files are
// below docs/ too, seen from the page.
func Page(title string) []byte {
	return []byte(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>` + html.EscapeString(title) + `</title>
<meta name="viewport" content="width=device-width">
<link rel="icon" type="image/png" href="docs/favicon-32x32.png">
<link rel="stylesheet" href="docs/swagger-ui.css">
</head><body><div id="ui"></div>
<noscript>This page needs JavaScript; the document is <a href="docs/dataplane.json">docs/dataplane.json</a>.</noscript>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/page.js"></script>
</body></html>
`)
}

// start is docs/page.js.
const start = `SwaggerUIBundle({
  url: new URL('docs/dataplane.json', document.location).href,
  dom_id: '#ui', presets: [SwaggerUIBundle.presets.apis], layout: 'BaseLayout', validatorUrl: null, deepLinking: true,
});
`

// types are the files of a page, and what they are.
var types = map[string]string{
	"page.js":              "text/javascript; charset=utf-8",
	"swagger-ui-bundle.js": "text/javascript; charset=utf-8",
	"swagger-ui.css":       "text/css; charset=utf-8",
	"favicon-32x32.png":    "image/png",
}

// A File is one of a page.
type File struct {
	Body    []byte
	Type    string
	Gzipped bool
}

// Asset is a file of a page, nil if there is none of that name: compressed with
// gzip, as it is kept, if the client takes that.
func Asset(name string, takesGzip bool) (*File, error) {
	f := &File{Type: types[name]}
	switch {
	case f.Type == "":
		return nil, nil
	case name == "page.js":
		f.Body = []byte(start)
		return f, nil
	}
	var err error
	if f.Body, err = fs.ReadFile(static.FS, name+".gz"); err != nil {
		f.Body, err = fs.ReadFile(static.FS, name)
		return f, err
	}
	if f.Gzipped = takesGzip; !takesGzip {
		f.Body, err = inflate(f.Body)
	}
	return f, err
}

func inflate(body []byte) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("read a file of Swagger UI: %w", err)
	}
	defer func() { _ = z.Close() }() // nothing is left to fail
	if body, err = io.ReadAll(z); err != nil {
		return nil, fmt.Errorf("read a file of Swagger UI: %w", err)
	}
	return body, nil
}

// TakesGzip says whether a field Accept-Encoding names gzip and does not refuse it.
func TakesGzip(accepts string) bool {
	for coding := range strings.SplitSeq(accepts, ",") {
		name, quality, _ := strings.Cut(strings.TrimSpace(coding), ";")
		if strings.EqualFold(strings.TrimSpace(name), "gzip") {
			q := strings.ReplaceAll(quality, " ", "")
			return q != "q=0" && q != "q=0.0" && q != "q=0.00" && q != "q=0.000"
		}
	}
	return false
}
