// Package openstack fills the nouns of package cloud from a real OpenStack, through gophercloud.
//
//	clouds.yaml / OS_*  -->  Connect  -->  Client  -->  Inventory   one refresh: about ten list calls, all at once
//	                                          |-->  Images, KeyPairs
//	                                          '-->  CreateGroup, CreateRule, SetPortGroups ... the security-group writes
//
// A refresh costs a constant number of requests, plus one for each further page of 1000 things:
// never one per instance. What the project may not read becomes a [cloud.Missing]; what cannot
// be answered at all (refused credentials, no answer) fails the whole.
//
// Each HTTP request has its own time-out. Answers 429 and 503 are asked again after Retry-After;
// both say that the request was not carried out, so this holds for writes too. A refused token
// is renewed once for each request, as long as the credentials allow it.
//
// Every error is a [cloud.Error]; every string a cloud answers passes [cloud.Clean].
package openstack
