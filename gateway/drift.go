package gateway

// DriftKind is in what way a gateway is not as plans left it.
type DriftKind string

// The kinds of drift. What is strange or missing is Portico's own and can be repaired; what is
// foreign is somebody else's, and can be adopted when it has a Forward. A forward that is gone or reused
// stands as it was planned, but what it belongs to is not at its end any more; a sync cleans that up.
const (
	Strange DriftKind = "strange" // it stands in Portico's part, and no plan made it
	Missing DriftKind = "missing" // the forwards that stand need it, and it does not stand
	Foreign DriftKind = "foreign" // a DNAT rule to an address, outside of Portico's chains
	Gone    DriftKind = "gone"    // a forward that leads to nobody: its instance is gone, or has another address
	Reused  DriftKind = "reused"  // a forward that leads to an instance which it was not made for
)

// Drift is one difference between what stands on a gateway and what plans made, or one forward
// that somebody made by hand. Its texts are clean.
type Drift struct {
	Kind  DriftKind
	Where string // "gw-1 iptables nat", "gw-1 files", "security group portico-gw-1"
	Line  string // a rule as iptables-save says it, or what is missing, in words

	// Forward is what a foreign rule amounts to, with the instance it leads to, or the forward that is
	// gone or reused. Of a foreign rule it is nil when the
	// rule cannot be adopted, and then Why says what stands in the way. Note is what adopting it
	// would change besides.
	Forward *Forward
	// Vacant is what it amounts to where nobody has the address that it leads to, and an instance could:
	// a forward of that address's whole subnet. Forward is nil then.
	Vacant    *Forward
	Why, Note string
}
