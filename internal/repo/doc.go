// Package repo is a model repository on a local path: [Scan] finds what there
// is to serve, and a [Repository] serves it, loads and unloads models while it
// does, and tells their states.
//
// A path is one of these:
//
//   - A model file: one model, named for the file without its extension.
//   - The folder of one model: it has model.yaml or model_spec.yaml directly in
//     it, or version folders and no other model. The model has the folder's name.
//   - Any other folder: a repository. Each file in it that a runtime knows is a
//     model named for the file without its extension, each folder that holds a
//     model is one named for the folder. A folder with a server.yaml in it is
//     always a repository.
//
// The folder of a model has version folders, which are named by whole numbers
// from 1 and hold one model each; or it holds one model itself, in version "1".
// One model is one file that a runtime knows by its content, or an MLRun model
// folder (model_spec.yaml). Where several files could be it, the one that
// model.yaml names, or else the one called "model" with any extension is it.
//
// What is no model is ignored: files that no runtime knows, folders without a
// model, everything whose name begins with a dot. Links are followed. What looks
// like a model but is broken stands in the index with the reason.
package repo
