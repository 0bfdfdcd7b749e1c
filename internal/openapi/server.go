package openapi

import (
	"encoding/json"
	"fmt"
	"maps"

	"github.com/leat-ml/leat/serve"
)

// A Server is what documents tell of one. It is not changed here.
type Server struct {
	Name, Version string
	Models        []Model
	// V1 says that models speak the V1 protocol, Repository that they can be loaded
	// and unloaded, Logs and Traces that there are such settings.
	V1, Repository, Logs, Traces bool
	// Collects says that traces are collected, so that they can be turned on.
	Collects bool
	// Graph says that there is a graph that has paths of its own.
	Graph bool
}

// A Model is one that can be asked, in one version.
type Model struct {
	Name, Version string
	serve.Description
	Explains   bool
	Operations []string // of its own
}

// object is an object of JSON.
type object = map[string]any

// Document describes the whole server.
func (s *Server) Document() ([]byte, error) {
	paths := object{}
	s.about(paths)
	if len(s.Models) > 0 {
		s.models(paths)
	}
	if s.V1 {
		s.v1(paths)
	}
	if s.Repository {
		repository(paths)
	}
	if s.Graph {
		graph(paths)
	}
	all := s.schemas()
	maps.Copy(all, newDialogue(nil).schemas())
	return s.encode(s.Name, "What this server serves: the Open Inference Protocol (V2), its extensions, and what is beside them.", paths, all)
}

// ModelDocument describes one model: at its own address, or at that of its version.
func (s *Server) ModelDocument(m *Model, versioned bool) ([]byte, error) {
	paths, all := object{}, s.schemas()
	d := newDialogue(m)
	maps.Copy(all, d.schemas())
	s.model(paths, m, address(m, versioned), d)
	if s.V1 && !versioned {
		v1Model(paths, "/v1/models/"+escape(m.Name), m.Explains, nil)
	}
	return s.encode(m.Name, fmt.Sprintf("The model %s, of runtime %s.", m.Name, platform(m)), paths, all)
}

func platform(m *Model) string {
	if m.Platform == "" {
		return "unknown"
	}
	return m.Platform
}

func (s *Server) encode(title, about string, paths, schemas object) ([]byte, error) {
	doc := object{
		"openapi":    "3.0.3",
		"info":       object{"title": title, "version": s.version(), "description": about},
		"servers":    []any{object{"url": "/"}},
		"paths":      paths,
		"components": object{"schemas": schemas, "responses": failures()},
	}
	text, err := json.Marshal(doc)
	if err != nil {
		return nil, fmt.Errorf("write the OpenAPI document: %w", err)
	}
	return text, nil
}

// version is what the format wants to be there.
func (s *Server) version() string {
	if s.Version == "" {
		return "0"
	}
	return s.Version
}
