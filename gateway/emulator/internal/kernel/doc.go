// Package kernel is the part of a Linux kernel that a gateway needs: the netfilter rules behind
// iptables, and a few sysctls.
//
//	iptables-restore text --Restore--.
//	iptables words --------Command---+--> transaction on a copy of one table --> committed or refused
//	                                                                                  |
//	iptables-save text <--Save---------------------------------------------- tables --'
//
// It behaves as iptables 1.8.9 on nf_tables does, errors included: a table is changed as a
// whole or not at all, tables in one input are committed one after the other, a chain declared
// again is emptied, rules come back in iptables' own words. It parses rules by itself rather than
// with package netfilter's rewriting, so that a mistake there does not agree with itself here.
package kernel
