package gateway

// DriftKind is in what way a gateway is not as plans left it.
type DriftKind string

// The kinds of drift. What is strange or missing is Portico's own and can be repaired; what is
// foreign is somebody else's, and can be adopted when it has a Forward.
const (
	Strange DriftKind = "strange" // it stands in Portico's part, and no plan made it
	Missing DriftKind = "missing" // the forwards that stand need it, and it does not stand
	Foreign DriftKind = "foreign" // a DNAT rule to an address, outside of Portico's chains
)

// Drift is one difference between what stands on a gateway and what plans made, or one forward
// that somebody made by hand. Its texts are clean.
type Drift struct {
	Kind  DriftKind
	Where string // "gw-1 iptables nat", "gw-1 files", "security group portico-gw-1"
	Line  string // a rule as iptables-save says it, or what is missing, in words

	// Forward is what a foreign rule amounts to, with the instance it leads to. It is nil when the
	// rule cannot be adopted, and then Why says what stands in the way. Note is what adopting it
	// would change besides.
	Forward   *Forward
	Why, Note string
}
