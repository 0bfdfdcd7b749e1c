package step_test

import (
	"context"
	"fmt"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/step"
)

// A function of a program as a step.
func ExampleFunc() {
	double := func(_ context.Context, x any) (any, error) {
		n, _ := serve.Number64(x)
		return 2 * n, nil
	}
	s := step.Func(double, step.FuncOptions{InputPath: "price", ResultPath: "twice"})
	ev := serve.NewEvent(serve.Target{}, []byte(`{"price": 1.25}`))
	if _, err := s.Do(context.Background(), ev); err != nil {
		fmt.Println(err)
		return
	}
	v, _ := ev.Body.Value()
	twice, _ := v.(*serve.Object).Value("twice")
	fmt.Println(twice)
	// Output: 2.5
}

// A class of the catalog made by a program, with a function of two arguments.
func ExampleWithState() {
	set := &catalog.Set{}
	step.Register(set)
	difference := step.WithState(func(_ context.Context, event, state any) (result, next any, err error) {
		now, _ := serve.Number64(event)
		before, _ := serve.Number64(state)
		return now - before, event, nil
	})
	s, err := set.Lookup("storey.MapWithState").New(catalog.Args{
		Values: map[string]any{"fn": difference, "initial_state": 10},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, body := range []string{"12", "15"} {
		ev := serve.NewEvent(serve.Target{}, []byte(body))
		if _, err := s.Do(context.Background(), ev); err != nil {
			fmt.Println(err)
			return
		}
		v, _ := ev.Body.Value()
		fmt.Println(v)
	}
	// Output:
	// 2
	// 3
}
