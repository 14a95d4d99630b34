package views

import (
	"errors"

	"portico/cloud"
)

// Explain is [cloud.Explain] of what went wrong in the end: of errors that only say which larger
// thing could not be done because of a smaller one, the innermost tells it all, and once. The advice
// is the outermost, which knows best what was wanted.
func Explain(err error) cloud.Explanation {
	x := cloud.Explain(err)
	next := ""
	for {
		var e, inner *cloud.Error
		if !errors.As(err, &e) {
			return x
		}
		if next == "" {
			next = cloud.Clean(e.Next)
		}
		// Text between the two would be lost.
		if !errors.As(e.Err, &inner) || inner.Error() != e.Err.Error() {
			break
		}
		err = inner
		x = cloud.Explain(inner)
	}
	if next != "" {
		x.Next = next
	}
	return x
}
