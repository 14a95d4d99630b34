package apply

// ailing is the first forward that stands and does not answer, once the apply has ended; or nil.
func (s *Screen) ailing() *test {
	if !s.testable() {
		return nil
	}
	for i := range s.tests {
		if s.tests[i].result.Bad() {
			return &s.tests[i]
		}
	}
	return nil
}
