// Package openapi describes what a server serves as an OpenAPI document, for all
// of it ([Server.Document]) and for one model ([Server.ModelDocument]), and has
// the page that shows one ([Page], [Asset]).
//
// Documents are made of what is served at the moment: of the models there are,
// their schemas and their own operations. The format is that of OpenAPI 3.0.3
// (https://spec.openapis.org/oas/v3.0.3), which more tools read than later ones.
package openapi
