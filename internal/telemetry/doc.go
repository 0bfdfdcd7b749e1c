// Package telemetry counts what a server does, for Prometheus.
//
// A [Telemetry] has a registry of its own. [Telemetry.Model] makes the
// [ModelMetrics] of one model, which its server keeps and calls for every
// request: a few atomic additions, no look-up and no allocation. Labels are
// bounded: only models that were named to Telemetry have series, and operations
// that nobody has served with success count as "other".
//
// Metrics are named leat_*; the names and what they mean are in the help texts
// of collect.go.
package telemetry
