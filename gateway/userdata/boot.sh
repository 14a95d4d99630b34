#!/bin/sh
# Written by Portico@TITLE@. Makes this machine a gateway at its first boot: IP forwarding on, chains of
# Portico's own@WITH@, all of it kept over reboots. Nothing of others is changed. A second run
# changes nothing. It needs root, iptables and nothing of Portico's; it tells what it does in
# /var/log/portico-boot.log, in the system's log, and on standard output.
set -u
umask 022
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
LC_ALL=C
export PATH LC_ALL
log=/var/log/portico-boot.log
lock=/run/portico.lock
metadata=http://169.254.169.254
made='' # the files that this run has made, last first
changed=''
address=''

say() {
	[ ! -w "$log" ] || printf '%s %s\n' "$(date '+%Y-%m-%dT%H:%M:%S%z')" "$*" >>"$log"
	logger -t portico -- "$*" 2>/dev/null || :
	printf 'portico: %s\n' "$*"
}

fail() {
	say "failed: $*"
	exit 1
}

# forget takes back what this run has made: a gateway that is half made is worse than none.
forget() {
	[ -n "$made$changed" ] || return 0
	for t in nat filter; do
		iptables-save -t "$t" | sed -n 's/^-A \([A-Z]*\) -j \(PORTICO-[A-Z]*\)$/\1 \2/p' | while read -r from to; do
			iptables -w 10 -t "$t" -D "$from" -j "$to"
		done
		for act in -F -X; do
			iptables-save -t "$t" | sed -n 's/^:\(PORTICO-[^ ]*\) .*/\1/p' | while read -r chain; do
				iptables -w 10 -t "$t" "$act" "$chain"
			done
		done
	done
	case $made in *@UNITNAME@*) systemctl disable @UNITNAME@ >/dev/null 2>&1 ;; esac
	for f in $made; do rm -f "$f" "$f.new"; done
	rmdir /etc/portico 2>/dev/null
	[ "$before" = 1 ] || echo 0 >/proc/sys/net/ipv4/ip_forward
	fail "$*; all that this run had made was taken back"
}

# without_own leaves out of rules what leads to this machine itself, which a subnet's mapping could not
# know: the rule, and its port in the ranges that are sent on and let through.
without_own() {
	awk -v own=" --to-destination $address:" '
	function value(line, option,   at) {
		at = index(line, " " option " ")
		if (!at) return ""
		line = substr(line, at + length(option) + 2)
		return substr(line, 1, index(line " ", " ") - 1)
	}
	function first(range) { return range + 0 }
	function last(range) { return index(range, ":") ? substr(range, index(range, ":") + 1) + 0 : range + 0 }
	function chain(line) { return value(line, "-A") }
	{ lines[NR] = $0; rules[chain($0)]++ }
	index($0 " ", own) {
		n++
		proto[n] = value($0, "-p"); from[n] = first(value($0, "--dport")); to[n] = last(value($0, "--dport"))
		skip[NR] = 1
		rules[chain($0)]--
	}
	function piece(line, range, a, b) {
		if (a > b) return
		sub(" --ctorigdstport " range, " --ctorigdstport " (a == b ? a : a ":" b), line)
		print line
	}
	END {
		for (c in rules) if (!rules[c]) empty[c] = 1
		for (i = 1; i <= NR; i++) {
			range = value(lines[i], "--ctorigdstport")
			name = substr(lines[i], 2, index(lines[i], " ") - 2)
			target = value(lines[i], "-g")
			if ((i in skip) || (lines[i] ~ /^:/ && name in empty) || (target != "" && target in empty)) continue
			if (range == "" || target != "") { print lines[i]; continue }
			a = first(range); b = last(range); p = value(lines[i], "-p")
			while (1) { # the ports that go lie in the range one after the other
				hit = 0
				for (k = 1; k <= n; k++) if (proto[k] == p && from[k] <= b && to[k] >= a && (!hit || from[k] < from[hit])) hit = k
				if (!hit) break
				piece(lines[i], range, a, from[hit] - 1)
				a = to[hit] + 1
			}
			if (a <= b) { if (a == first(range)) print lines[i]; else piece(lines[i], range, a, b) }
		}
	}'
}

# plain and packed are how a file comes in this script; both fill in what only this machine knows.
plain() { sed -e "s/@ADDRESS@/$address/g" -e "s/@BEFORE@/$before/"; }
packed() { base64 -d | gzip -d | plain; }
mapping() { packed | without_own; }

# put PATH MODE FORM: standard input becomes the file, at once and completely; what is there stays.
put() {
	[ ! -e "$1" ] || return 0
	made="$1 $made"
	if mkdir -p "${1%/*}" && "$3" >"$1.new" && [ -s "$1.new" ] && chmod "$2" "$1.new" && mv -f "$1.new" "$1"; then
		say "made $1"
	else
		forget "$1 could not be written"
	fi
}

# valid ADDRESS: an IPv4 address that a machine can have.
valid() {
	case $1 in '' | *[!0-9.]* | .* | *. | *..* | *.*.*.*.* | 0.* | 127.* | 169.254.*) return 1 ;; *.*.*.*) ;; *) return 1 ;; esac
	for octet in $(printf '%s' "$1" | tr . ' '); do
		case $octet in ????* | 0?*) return 1 ;; esac
		[ "$octet" -le 255 ] || return 1
	done
	[ "${1%%.*}" -lt 224 ]
}

# own ADDRESS: this machine has it.
own() { valid "$1" && ip -o -4 addr show | grep -qF " $1/"; }

# fetch PATH: what the metadata service says, in a few seconds or not at all.
fetch() {
	if command -v curl >/dev/null 2>&1; then
		curl -fsS --noproxy '*' --connect-timeout 3 --max-time 5 "$metadata$1" 2>/dev/null
	elif command -v wget >/dev/null 2>&1; then
		wget -q -T 5 -t 1 -O - "$metadata$1" 2>/dev/null
	else
		return 1
	fi
}

# candidates KEY: the values of a key of JSON, one a line.
candidates() { tr ',{}[]' '\n' | sed -n 's/^ *"\('"$1"'\)" *: *"\([0-9.]*\)".*/\2/p'; }

# first: of the addresses on standard input the first that is this machine's.
first() {
	while read -r a; do
		if own "$a"; then
			printf '%s\n' "$a"
			return 0
		fi
	done
	return 1
}

ask_ec2() { fetch /latest/meta-data/local-ipv4 | tr -d '\r' | { cat; echo; } | first; }
ask_openstack() { fetch /openstack/latest/network_data.json | candidates ip_address | first; }

# ask_drive: the same from the config drive, where there is one.
ask_drive() {
	[ -e /dev/disk/by-label/config-2 ] || return 1
	drive=$(mktemp -d) || return 1
	if ! mount -o ro /dev/disk/by-label/config-2 "$drive" 2>/dev/null; then
		rmdir "$drive"
		return 1
	fi
	cat "$drive/ec2/latest/meta-data.json" "$drive/openstack/latest/network_data.json" 2>/dev/null | candidates 'local-ipv4\|ip_address' | first
	rc=$?
	umount "$drive" && rmdir "$drive"
	return $rc
}

# ask_routes: the address with which packets for elsewhere leave. None is sent.
ask_routes() { ip -4 route get 192.0.2.1 2>/dev/null | sed -n 's/.* src \([0-9.]*\).*/\1/p' | first; }

# find_address waits for the metadata service, for two minutes at most. Its answer must be an address
# that this machine has by then.
find_address() {
	tries=0
	while :; do
		for way in ask_ec2 ask_openstack ask_drive; do
			if address=$($way); then
				say "own address $address, by $way"
				return 0
			fi
		done
		tries=$((tries + 1))
		[ "$tries" -lt @TRIES@ ] || break
		[ $((tries % 5)) -ne 1 ] || say "waiting for the metadata service"
		sleep @PAUSE@
	done
	address=$(ask_routes) || fail "neither the metadata service nor a config drive nor the routes say which address is this machine's; run it again when the network is up"
	say "own address $address, by the routes: the metadata service did not answer"
}

files() {
@FILES@}

[ "$(id -u)" = 0 ] || { echo "portico: it needs root" >&2; exit 1; }
[ -e "$log" ] || (umask 077 && : >"$log")
for c in iptables iptables-save iptables-restore; do
	command -v "$c" >/dev/null 2>&1 || fail "there is no $c: install it (Debian, Ubuntu: apt install iptables; RHEL, Rocky, Alma, Fedora: dnf install iptables-nft), then run this again"
done
for c in ip sed grep awk base64 gzip; do
	command -v "$c" >/dev/null 2>&1 || fail "there is no $c: install it, then run this again"
done
if command -v flock >/dev/null 2>&1; then
	exec 9>>"$lock" && chmod 600 "$lock"
	flock -w 60 9 || fail "somebody else has been changing Portico's part of this machine for a minute"
fi
find_address
network=$(ip -o -4 addr show | grep -F " $address/" | sed -n '1s/.* inet \([0-9./]*\) .*/\1/p')
say "own network $network"
before=$(cat /proc/sys/net/ipv4/ip_forward)
if [ -e @RULES@ ] && grep -q -- ' -d ' @RULES@ && ! grep -qF -- "-d $address/32 " @RULES@; then
	fail "@RULES@ is another machine's, or of another address than $address: remove it with 'portico gateway retire' or by hand, then run this again"
fi
if [ -e @RULES@ ]; then
	say "@RULES@ is there already, and stays: Portico keeps it"
fi
files
if [ "$before" != 1 ]; then
	echo 1 >/proc/sys/net/ipv4/ip_forward || forget "IP forwarding could not be turned on"
	say "IP forwarding is on"
fi
standing() {
@STANDING@}
if ! standing 2>/dev/null; then
	changed=1
	iptables-restore --noflush --test -w 10 <@RULES@ || forget "iptables refuses the rules"
	sh @RESTORE@ || forget "the rules could not be restored"
	standing || forget "the rules do not stand after they were restored"
	say "the chains stand"
fi
if [ -n "$made$changed" ]; then
	say "this machine is a gateway"
else
	say "this machine is a gateway already; nothing was changed"
fi
