// Package gateway holds the nouns of publishing: services, forwards, gateways, engines.
//
//	operator --> floating IP --> gateway (DNAT, SNAT) --> instance
//	             \________ one Forward: Public -> Private ________/
//
// A forward is made real by an [Engine]. Engines observe what stands and plan how to get from
// there to what is wanted; they never keep a record of their own, so any operator on any
// machine sees the same.
package gateway
