// Package awake waits for the next request of a connection without sleeping, where
// one client alone asks and asks again as soon as it has its answer.
//
// In such a closed loop a server sleeps between two requests for less time than it
// takes to fall asleep and to be woken: a virtual processor has to be woken by its
// host, and who ran there meanwhile has taken the caches, so that a model that takes 3
// us in a row takes 40. So a connection reads for up to 200 us before it sleeps, when
// the last requests came within that time, and none of another connection among them.
// One connection of a server does so at a time, none on a single processor; a wait in
// vain, or one from which the processor was taken away, is followed by a rest, each
// twice as long as the one before, up to a second. A server that is not asked sleeps, and
// one that is asked by many never waits.
package awake
