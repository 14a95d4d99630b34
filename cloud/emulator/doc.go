// Package emulator is an OpenStack cloud of one project on loopback: the subset of Keystone v3,
// Nova v2.1, Neutron v2.0 and Glance v2 that Portico, gophercloud and the openstack command use,
// spoken over real HTTP with the field names, filters, paging, validation and error texts of the
// real services.
//
// The mental model: one mutex guards one model (servers, ports, security groups ...). Every
// request is read whole, then answered under that mutex from the model, then written. So each
// answer is a consistent snapshot and a write is atomic. There are no scripted answers: what a
// client wrote is what the next client reads, and what [Cloud.Admits] judges packets by.
//
// A cloud starts empty but for the project's default security group. [Cloud.Fill] adds to it;
// [Demo] fills it with a project worth looking at. [Cloud.Inject], [Cloud.Fail], [Cloud.Latency]
// and [Cloud.SetQuota] make it misbehave as real clouds do: the k-th request is answered with an
// error, hangs, or loses its connection, before what it asks for is done or after.
// [Cloud.WritesSince] tells what clients changed.
package emulator
