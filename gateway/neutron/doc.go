// Package neutron makes forwards real by Neutron's floating IP port forwarding: the cloud's own routers
// forward single ports of a floating IP that is attached to nothing. There is no gateway to keep, and
// what is published sees the client's address.
//
// What stands is read from the inventory alone. A forwarding is Portico's when its description says so,
// which also tells whom it lets in; the instance's door is a security group that all instances share
// which have the same doors open, so that nobody's sources open anybody else's door.
//
// Neutron refuses much, and says so only when asked. All of it is foreseen here, with the reason and
// what to do about it; see [Obstacle].
package neutron
