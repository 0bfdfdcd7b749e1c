// Package steptest runs a step without a graph. [New] makes a [Rig] that plays
// the engine for one step and records what it sends on; [Run] checks what every
// step must keep to, built in or not:
//
//	func TestContract(t *testing.T) {
//		steptest.Run(t, steptest.Contract{
//			New:   func() serve.Step { return new(mine) },
//			Event: func(i int) *serve.Event { return steptest.Event(`{"x": 1}`) },
//		})
//	}
package steptest
