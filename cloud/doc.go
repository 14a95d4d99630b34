// Package cloud holds the nouns of an OpenStack project as Portico sees them, and the one
// error type that every layer above wraps its failures in. It knows no transport: package
// openstack fills these types from a real cloud, package emulator serves them on loopback.
//
// Every string that a cloud answers (names, descriptions, fault texts) is passed through
// [Clean] where it enters, so the layers above may print it as it is.
package cloud
