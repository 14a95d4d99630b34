// Package floating plans what is done to a project's floating IPs: attach, detach, allocate and
// release. It says what Neutron would refuse before anything is sent, and what a detached address
// breaks is for its caller to say, who knows what the address carries.
//
//	nowhere --Allocate--> free --Attach--> attached --Detach--> free --Release--> nowhere
//
// A plan has one step, which reads the address afresh, insists on the revision it then has, and can
// be undone; only a release cannot.
package floating
