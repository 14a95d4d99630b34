package cloud

import "errors"

// ErrOutdated is why a write was refused that insists on a revision: the thing has another by now
// (Neutron's extension revision-if-match, HTTP 412). It says nothing of what has changed. Neutron's own
// agents raise the revisions of ports and floating IPs when they report a state.
var ErrOutdated = errors.New("it has another revision by now")

// Refused reports whether a write has failed that certainly changed nothing. All else that fails may have
// been done: an answer was lost, or a proxy gave up waiting for it.
func Refused(err error) bool {
	switch KindOf(err) {
	case Auth, Permission, NotFound, Quota, Invalid, Stale:
		return true
	default:
		return false
	}
}

// rereads is how often a change is tried before somebody else is believed to be at it all the time.
const rereads = 5

// Reread makes a change that reads one thing and writes it for the revision that it read, again as long
// as the write alone was late. change judges what it reads each time: what somebody else did to the thing,
// it refuses itself. changed says whether the thing may be another than before.
func Reread(change func() (changed bool, err error)) (changed bool, err error) {
	for range rereads {
		if changed, err = change(); !errors.Is(err, ErrOutdated) {
			break
		}
	}
	return changed, err
}
