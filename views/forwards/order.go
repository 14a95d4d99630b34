package forwards

import "cmp"

// byTest puts first what does not answer, then what is not known, and what answers by its latency.
func (s *Screen) byTest(a, b row) int {
	rank := func(r row) int {
		switch res, ok, _ := s.tests.Of(r.Key()); {
		case ok && res.Bad():
			return 1
		case !ok || res.Latency == 0:
			return 2
		}
		return 3
	}
	x, _, _ := s.tests.Of(a.Key())
	y, _, _ := s.tests.Of(b.Key())
	return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(y.Latency, x.Latency))
}
