package cloud

// Rereads is how often a change that adds one thing to a port, or takes one off, is tried: it is read, and
// written for the revision that was read. Neutron's own agents raise a port's revision now and then, also
// between the two.
const Rereads = 5
