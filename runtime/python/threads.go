package python

import (
	"os"
	"runtime"
	"strconv"
)

// threadVariables say how many threads the libraries below numpy, scikit-learn,
// xgboost, lightgbm and torch use for one call.
var threadVariables = []string{
	"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "VECLIB_MAXIMUM_THREADS",
}

// environment is that of one of several workers of a model. Each library would use
// all processors in each of them, and they would be in each other's way: they share
// the processors instead. What the server's environment says goes before. nil is the
// server's environment as it is.
func environment(workers int) []string {
	if workers < 2 {
		return nil
	}
	env := os.Environ()
	threads := strconv.Itoa(max(1, runtime.GOMAXPROCS(0)/workers))
	for _, name := range threadVariables {
		if _, said := os.LookupEnv(name); !said {
			env = append(env, name+"="+threads)
		}
	}
	return env
}
