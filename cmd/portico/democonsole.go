package main

import (
	"fmt"
	"strings"

	"golang.org/x/crypto/ssh"

	cloudemulator "portico/cloud/emulator"
)

// demoSilent has an image without cloud-init: its console log names no host key.
const demoSilent = "jupyter"

// console is the console log of an instance, as cloud-init leaves it at the first boot.
func (d *demo) console(id string) string {
	name, key := "", ssh.PublicKey(nil)
	if vm := d.vms[id]; vm != nil {
		name, key = vm.Name(), vm.HostKey()
	} else if id == cloudemulator.ID("server", cloudemulator.DemoGateway) && d.gateway != nil {
		name, key = cloudemulator.DemoGateway, d.gateway.HostKey()
	} else if g := d.nursery.of(id); g != nil {
		i, _ := d.cloud.Server(id)
		name, key = i.Name, g.HostKey()
	}
	boot := "[    0.000000] Linux version 6.1.0-28-cloud-amd64 (debian-kernel@lists.debian.org)\r\n[    2.718281] systemd[1]: Hostname set to <" + name + ">.\r\n"
	login := "\r\nDebian GNU/Linux 12 " + name + " ttyS0\r\n\r\n" + name + " login: "
	if key == nil || name == demoSilent {
		return boot + login
	}
	line := strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key)))
	tagged := func(text string) string { return "<14>Nov  3 09:14:07 cloud-init: " + text + "\r\n" }
	rule := strings.Repeat("#", 61)
	return boot + login + "\r\n" +
		tagged(rule) + tagged("-----BEGIN SSH HOST KEY FINGERPRINTS-----") +
		tagged(fmt.Sprintf("256 %s root@%s (ED25519)", ssh.FingerprintSHA256(key), name)) +
		tagged("-----END SSH HOST KEY FINGERPRINTS-----") + tagged(rule) +
		"-----BEGIN SSH HOST KEY KEYS-----\r\n" + line + " root@" + name + "\r\n-----END SSH HOST KEY KEYS-----\r\n" +
		"[   14.142135] cloud-init[571]: Cloud-init v. 22.4.2 finished.\r\n"
}
