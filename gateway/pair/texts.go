package pair

import (
	"fmt"
	"net/netip"

	"portico/gateway/nat"
)

// The files of ours on the hosts of a pair, all written by root and readable by all: they hold no secret.
// A keepalived of others has its own configuration, service and process, and is not touched.
const (
	pathConfig = "/etc/portico/keepalived.conf"
	pathHealth = "/etc/portico/healthy.sh"
	pathUnit   = "/etc/systemd/system/" + nat.SharingUnit
)

var ourFiles = []string{pathConfig, pathHealth, pathUnit}

// program is where every distribution puts it, and a unit needs the whole path.
const program = "/usr/sbin/keepalived"

// healthText fails where the host could not do a gateway's work: what is kept for the next boot must stand.
const healthText = `#!/bin/sh
# Written by Portico. When this fails, keepalived gives the shared address to the other host.
PATH=$PATH:/usr/sbin:/sbin
[ -e /etc/portico/rules.v4 ] || exit 0 # nothing is published
[ "$(cat /proc/sys/net/ipv4/ip_forward)" = 1 ] || exit 1
iptables -w 2 -t nat -C PREROUTING -j PORTICO-PREROUTING 2>/dev/null || exit 1
iptables -w 2 -C FORWARD -j PORTICO-FORWARD 2>/dev/null
`

const unitText = `[Unit]
Description=Portico's shared address (VRRP)
Wants=network-online.target
After=network-online.target portico.service

[Service]
ExecStart=` + program + ` --dont-fork --log-console --vrrp --use-file ` + pathConfig + ` --pid /run/portico-keepalived.pid --vrrp_pid /run/portico-keepalived-vrrp.pid
KillMode=mixed
Restart=on-failure
RestartSec=1

[Install]
WantedBy=multi-user.target
`

// The hosts say twice a second that they live (VRRP version 3): the other takes over 1.5 to 2 s after the
// last word. Neither takes the address back from one that works: each change of hands breaks what is
// connected.
const configForm = `# Written by Portico, for the pair %s. 'portico gateway pair' writes it anew.
global_defs {
	script_user root
	enable_script_security
	vrrp_version 3
	vrrp_garp_master_refresh 60
}
vrrp_script healthy {
	script "/bin/sh ` + pathHealth + `"
	interval 2
	timeout 5
	fall 2
	rise 1
}
vrrp_instance portico {
	state BACKUP
	nopreempt
	interface %s
	virtual_router_id %d
	priority %d
	advert_int 0.5
	unicast_src_ip %s
	unicast_peer {
		%s
	}
	virtual_ipaddress {
		%s/32 dev %s
	}
	track_script {
		healthy
	}
}
`

// priorities of the first and the second host: where both begin at once, the first is active.
var priorities = [2]int{150, 100}

// configText is keepalived's configuration on one host.
func configText(name, device string, number int, own, other, shared netip.Addr) string {
	return fmt.Sprintf(configForm, name, device, routerID(shared), priorities[number], own, other, shared, device)
}

// routerID is the VRRP number of a shared address, 1 to 255. The hosts speak to each other alone, so that
// others may have the same.
func routerID(shared netip.Addr) int {
	a := shared.As4()
	return 1 + (int(a[2])*7+int(a[3]))%255
}
