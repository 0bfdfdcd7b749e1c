package cli

// verbs is the command line: one field a verb, in the order of the help.
type verbs struct {
	Serve    serveCmd    `cmd:"" help:"Serve a model, a repository of models or a spec."`
	Check    checkCmd    `cmd:"" help:"Find every problem in a spec or repository without serving it."`
	Test     testCmd     `cmd:"" help:"Run one event, or a file of cases, in process."`
	Infer    inferCmd    `cmd:"" help:"Ask a model of a running server."`
	Graph    graphCmd    `cmd:"" help:"Show the graph of a spec."`
	Ls       lsCmd       `cmd:"" help:"List the models of a running server."`
	Load     loadCmd     `cmd:"" help:"Load a model of a running server, or load it anew."`
	Unload   unloadCmd   `cmd:"" help:"Take a model of a running server out of service."`
	Reload   reloadCmd   `cmd:"" help:"Have a running server serve what its files say now."`
	Model    modelCmd    `cmd:"" help:"The models that were pushed, with what is written about them."`
	Endpoint endpointCmd `cmd:"" help:"The records of models and of what has come to them."`
	Runtimes runtimesCmd `cmd:"" help:"List the runtimes and how to get what this machine lacks."`
	Init     initCmd     `cmd:"" help:"Make a small working project."`
	Version  versionCmd  `cmd:"" help:"Print version, commit and Go version."`
}
