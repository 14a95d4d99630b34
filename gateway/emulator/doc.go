// Package emulator is an emulated gateway: an SSH server in this process, behind it a Linux machine
// whose files, programs and netfilter are a model, and forwards that really connect.
//
//	portico --SSH--> sshd --> shell --> iptables-restore --> kernel model --.
//	                                                                        | after each commit
//	client --TCP--> 127.0.0.1:30011 <--- listener, one a forwarded port <---'
//	                      '--> trace: group, DNAT, ip_forward, FORWARD, SNAT, VM --> VM server
//
// Which ports lead somewhere is worked out by tracing a packet through the rules, as the kernel
// would route it, never by what a rule's comment says. It needs no privileges, writes no files, and
// listens on loopback only.
//
// # How a port fails
//
// A client sees of a port what it would see of the real one:
//
//	the way is open     a listener, which connects the client to the VM
//	somebody refuses    no listener: the system answers "connection refused" (nothing listens on
//	                    the VM, a REJECT rule)
//	somebody drops      a listener whose queue of waiting connections is full: the system itself
//	                    leaves the client's SYN unanswered, and connect times out (a security group, a
//	                    DROP rule, ip_forward off, no way back, a VM that is off)
//
// Where the system does not drop a SYN for a full queue (Windows resets it, or goes on accepting),
// the connection is accepted and nothing is ever said on it, so that a client waits for its own
// time-out. What changes while a client is connecting is looked at once more when its connection
// is accepted: dropped then means silence, refused a reset.
//
// A port that no rule forwards has no listener either, and is refused even though a security group
// might have dropped it: this process cannot hold all ports of a machine that it shares.
//
// # What can go wrong
//
// [Gateway.Fail] lets a command line or a program fail, before it does its work or after: with a
// status and words, iptables-restore at a line of its input, the connection cut, the link stalled.
// [Gateway.Stall] and [Gateway.Refuse] break the link by themselves, [Gateway.FillDisk] and
// [Gateway.FillDiskAt] fill the disk, [Gateway.Reboot] starts the machine again. As with sshd, what
// runs without a terminal outlives its connection until it has something to say.
package emulator
