// Package nat makes forwards real by iptables on a gateway, and opens the two doors each of
// them needs in the cloud's security groups.
//
//	nat     PREROUTING  -> PORTICO-PREROUTING  -> (tree by port) -> PORTICO-TCP-30000-30015: DNAT
//	        OUTPUT      -> PORTICO-OUTPUT      -> PORTICO-PREROUTING
//	        POSTROUTING -> PORTICO-POSTROUTING: one SNAT for all that was DNATed by us
//	filter  FORWARD     -> PORTICO-FORWARD: accept what was DNATed by us
//
//	group portico-<gateway>       on the gateway's port: the public ports
//	group portico-from-<gateway>  on the instances' ports: the services, from the first group
//
// Everything ours is found again by what it says of itself: chains by their prefix, rules by
// their comment, groups by their description. Nothing else is changed.
package nat
