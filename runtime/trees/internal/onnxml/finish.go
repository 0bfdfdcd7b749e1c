package onnxml

import "fmt"

// regress makes of the sums of a row what a regressor answers.
func (s *scorer[T]) regress(dst []float32, scores []T) {
	if s.aggregate == average {
		for i := range scores {
			scores[i] /= T(s.trees())
		}
	}
	if len(s.base) == len(scores) {
		for i := range scores {
			scores[i] += s.base[i]
		}
	}
	apply(s.transform, scores)
	for i, v := range scores {
		dst[i] = float32(v)
	}
}

// knowClasses finds out which classes have scores.
func (s *scorer[T]) knowClasses() error {
	n := len(s.base)
	if !s.classifier {
		return s.knowTargets()
	}
	if s.targets < 2 || n > 2 && n != s.targets || s.targets > 2 && n != 0 && n != s.targets {
		return fmt.Errorf("%d base values for %d classes", n, s.targets)
	}
	sometimes := s.findScored()
	count := 0
	for k, always := range s.scored {
		if always {
			count++
		} else if sometimes[k] && n != s.targets {
			return fmt.Errorf("class %d has a score in some leaves only", k)
		}
	}
	s.binary = s.targets == 2 && count == 1 && sometimes[0] != sometimes[1]
	if count == 0 || s.targets == 2 && count == 1 && !s.binary {
		return fmt.Errorf("%d of %d classes have scores", count, s.targets)
	}
	if s.targets == 2 && n > 0 && (n == 2 || s.scored[1]) {
		return fmt.Errorf("%d base values for two classes", n)
	}
	s.chooseMiddle()
	return nil
}

// knowTargets refuses what ONNX Runtime's versions do not agree on.
func (s *scorer[T]) knowTargets() error {
	if n := len(s.base); n != 0 && n != s.targets {
		return fmt.Errorf("%d base values for %d targets", n, s.targets)
	}
	if s.targets == 1 && s.transform != none {
		return fmt.Errorf("a post transform of one target")
	}
	return nil
}

// chooseMiddle finds out whether the scores of two classes are probabilities,
// which they are taken for when no weight is negative, or raw.
func (s *scorer[T]) chooseMiddle() {
	if s.transform != logistic {
		s.middle = 0.5
	}
	for _, w := range s.weights {
		if w.value < 0 {
			s.middle = 0
		}
	}
}

// findScored notes the classes that have a score whatever the row is, and
// returns those that may have one.
func (s *scorer[T]) findScored() (sometimes []bool) {
	s.scored, sometimes = make([]bool, s.targets), make([]bool, s.targets)
	seen := make([]int, s.targets) // in how many leaves of a tree
	last := make([]int, s.targets) // the leaf that it was seen in last
	for t := range s.trees() {
		leaves := 0
		clear(seen)
		for i := s.starts[t]; i < s.starts[t+1]; i++ {
			list := s.weights[s.from[i]:s.from[i+1]]
			if len(list) > 0 {
				leaves++
			}
			for _, w := range list {
				if last[w.target] != i+1 {
					seen[w.target]++
				}
				last[w.target], sometimes[w.target] = i+1, true
			}
		}
		for k, n := range seen {
			s.scored[k] = s.scored[k] || n == leaves
		}
	}
	return sometimes
}

// classify makes of the sums of a row the scores that a classifier answers, and
// returns the label: the number of the name where labels are names.
func (s *scorer[T]) classify(dst []float32, scores []T) int64 {
	if s.targets > 2 {
		for i, v := range s.base {
			scores[i] += v
		}
		best := s.best(scores)
		apply(s.transform, scores)
		for i := range dst {
			dst[i] = float32(scores[i])
		}
		return s.label(best)
	}
	label, both := s.classifyTwo(scores)
	if both {
		apply(s.transform, scores)
	} else {
		s.addSecond(scores, s.middle == 0)
	}
	dst[0], dst[1] = float32(scores[0]), float32(scores[1])
	return label
}

// best is the first class of the greatest score, of those that have any.
func (s *scorer[T]) best(scores []T) int {
	best := -1
	for i, v := range scores[:s.targets] {
		if (s.scored[i] || len(s.base) > 0) && (best < 0 || v > scores[best]) {
			best = i
		}
	}
	return best
}

func (s *scorer[T]) label(class int) int64 {
	if s.labels == nil {
		return int64(class)
	}
	return s.labels[class]
}

// classifyTwo adds the base value and chooses between two classes. both says
// whether there are two scores then, or only scores[0].
func (s *scorer[T]) classifyTwo(scores []T) (label int64, both bool) {
	if len(s.base) == 1 {
		scores[0] += s.base[0]
	}
	both = s.scored[1]
	positive := scores[0]
	if both {
		positive = scores[1]
	}
	switch {
	case s.binary && positive > s.middle:
		return s.label(1), both
	case s.binary:
		return s.label(0), both
	case positive > 0: // whatever the labels are
		return 1, both
	}
	return 0, both
}

// addSecond makes two scores of one. mixed says whether it is raw.
func (s *scorer[T]) addSecond(scores []T, mixed bool) {
	v := scores[0]
	switch {
	case !mixed:
		scores[0], scores[1] = 1-v, v
	case s.transform == logistic:
		scores[0], scores[1] = T(sigmoid(float32(-v))), T(sigmoid(float32(v)))
	default:
		scores[0], scores[1] = -v, v
	}
}
