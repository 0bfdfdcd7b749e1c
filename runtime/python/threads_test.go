package python

import (
	"runtime"
	"slices"
	"strconv"
	"testing"
)

func TestThreadsOfSeveralWorkers(t *testing.T) {
	t.Setenv("MKL_NUM_THREADS", "7")
	if env := environment(1); env != nil {
		t.Errorf("one worker has %d variables of its own", len(env))
	}
	for workers, want := range map[int]int{2: max(1, runtime.GOMAXPROCS(0)/2), 1000: 1} {
		env := environment(workers)
		for _, said := range []string{"OMP_NUM_THREADS=" + strconv.Itoa(want), "MKL_NUM_THREADS=7"} {
			if !slices.Contains(env, said) {
				t.Errorf("%d workers: no %s", workers, said)
			}
		}
	}
}

// TestWorkersKnowTheirThreads has the code of one of two workers look.
func TestWorkersKnowTheirThreads(t *testing.T) {
	t.Setenv("OMP_NUM_THREADS", "3")
	c := testCode(t)
	c.Workers = 2
	m := startModel(t, c, "Threads", nil)
	want := strconv.Itoa(max(1, runtime.GOMAXPROCS(0)/2))
	if got, err := answerOf(m, `{"inputs": []}`); err != nil || got != `["3","`+want+`"]` {
		t.Errorf("threads %s, error %v, want 3 and %s", got, err, want)
	}
}
