// Package endpoint keeps a record of every model that is served: what it is, how
// it is, and what has come to it. An [Endpoint] is MLRun's record of the same
// name (mlrun/common/schemas/model_monitoring/model_endpoints.py), with the same
// keys in JSON; [UID] names it. A [Store] keeps records in a database, which
// [Open] finds by a URL. The backends, endpoint/sqlite and endpoint/postgres,
// register themselves; both are made of endpoint/sqlstore, and pass the suite in
// endpoint/endpointtest.
package endpoint
