package views

// Join makes one intent of two, of which either may be nil.
func Join(a, b Intent) Intent {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	}
	return Both{First: a, Then: b}
}
