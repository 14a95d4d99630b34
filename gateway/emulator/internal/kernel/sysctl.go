package kernel

import "strings"

// bootSysctl is what a cloud image starts with. Values are kept as their files hold them.
func bootSysctl() map[string]string {
	return map[string]string{
		"net.ipv4.ip_forward":                    "0",
		"net.ipv4.ip_local_port_range":           "32768\t60999",
		"net.ipv4.ip_local_reserved_ports":       "",
		"net.ipv4.conf.all.forwarding":           "0",
		"net.ipv4.conf.all.rp_filter":            "2",
		"net.ipv4.conf.default.rp_filter":        "2",
		"net.ipv4.tcp_syncookies":                "1",
		"net.ipv6.conf.all.forwarding":           "0",
		"net.netfilter.nf_conntrack_max":         "65536",
		"net.netfilter.nf_conntrack_count":       "0",
		"net.netfilter.nf_conntrack_udp_timeout": "30",
		"kernel.hostname":                        "",
	}
}

// switches are the sysctls that take 0 or another number, of which the kernel makes 1.
var forwardingSwitches = []string{"net.ipv4.ip_forward", "net.ipv4.conf.all.forwarding"}

// Sysctl is the value of a sysctl by its dotted name.
func (k *Kernel) Sysctl(name string) (value string, ok bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	value, ok = k.sysctl[name]
	return value, ok
}

// Sysctls is a copy of all.
func (k *Kernel) Sysctls() map[string]string {
	k.mu.Lock()
	defer k.mu.Unlock()
	out := make(map[string]string, len(k.sysctl))
	for name, value := range k.sysctl {
		out[name] = value
	}
	return out
}

// SetSysctl sets a sysctl that exists. The two names of IPv4 forwarding are one switch; it takes
// whole numbers only.
func (k *Kernel) SetSysctl(name, value string) bool {
	k.mu.Lock()
	_, ok := k.sysctl[name]
	value = strings.Join(strings.Fields(value), "\t")
	for _, s := range forwardingSwitches {
		if ok && s == name {
			if strings.Trim(value, "0123456789") != "" || value == "" {
				k.mu.Unlock()
				return false
			}
			for _, other := range forwardingSwitches {
				k.sysctl[other] = value
			}
		}
	}
	if ok {
		k.sysctl[name] = value
	}
	k.mu.Unlock()
	if ok {
		k.changed()
	}
	return ok
}

// Forwarding reports whether packets are sent on at all.
func (k *Kernel) Forwarding() bool {
	v, _ := k.Sysctl("net.ipv4.ip_forward")
	return strings.Trim(v, "0") != ""
}
