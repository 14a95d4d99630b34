# Portico's rollback, on the gateway: what is armed here is put back unless a console confirms it.
#
#   arm ----> watch, renewed by every command of the console that armed it
#    |          '--> time is up, or the gateway was started again --> put back, keep a note
#    '--> disarm: the console has proved that all is well
#
# Everything but watching happens under the lock that every change of Portico's takes.
PATH=$PATH:/usr/sbin:/sbin
umask 077
root=/var/lib/portico armed=/var/lib/portico/armed lock=/run/portico.lock confirmed=/run/portico.confirmed
work=/run/portico.rollback # not on the disk, which may be full
wait=
systemd=/etc/systemd/system unit=portico-rollback.service wants=/etc/systemd/system/multi-user.target.wants
broken=74 stale=75 held=77 helpless=78 unrecorded=79

holder() { cat "$armed/id" 2>/dev/null; }
now() { read -r up rest </proc/uptime; echo "${up%%.*}"; }
boot() { cat /proc/sys/kernel/random/boot_id; }
left() { echo $(($(cat "$armed/deadline") - $(now))); }
sum() { iptables-save -t "$1" | sed -e '/^#/d' -e 's/ \[[0-9]*:[0-9]*\]$//' | sha256sum; }

# jumps: the rules that lead from other people's chains into ours, as "CHAIN words".
jumps() { sed -n -e 's/^\[[0-9]*:[0-9]*\] //' -e '/^-A PORTICO-/d' -e 's/^-A \(.* -[jg] PORTICO-[^ ]*\)$/\1/p'; }
chains() { sed -n -e 's/^\(:PORTICO-[^ ]*\) .*/\1 - [0:0]/p'; }

# save FILE...: remembers our part of the tables, our files and the settings. On a full disk
# iptables-save ends well and cut short.
save() {
	for t in nat filter; do
		iptables-save -c -t "$t" >"$armed/$t.all" && grep -q '^COMMIT' "$armed/$t.all" && chains <"$armed/$t.all" >"$armed/$t.chains" &&
			sed -n -e '/^\[[0-9]*:[0-9]*\] -A PORTICO-/p' "$armed/$t.all" >"$armed/$t.rules" && jumps <"$armed/$t.all" >"$armed/$t.jumps" || return 1
	done
	cat /proc/sys/net/ipv4/ip_forward >"$armed/forwarding" || return 1
	n=0
	for f in "$@"; do
		n=$((n + 1))
		printf '%s\n' "$f" >"$armed/$n.path" || return 1
		if [ -e "$f" ]; then cp -p "$f" "$armed/$n.file"; else : >"$armed/$n.none"; fi || return 1
		case $f in
		"$systemd/portico.service") ;; # it only does its work at boot, see "enabled"
		"$systemd"/*.service) service "${f##*/}" >"$armed/$n.service" || return 1 ;;
		esac
	done
}

# service UNIT: how a service of ours is, as the words to bring it there again.
service() {
	if systemctl is-enabled --quiet "$1" 2>/dev/null; then echo enable; else echo disable; fi
	if systemctl is-active --quiet "$1" 2>/dev/null; then echo start; else echo stop; fi
}

# taken TABLE: the rules of others that the change took over, at their places; none if they stand.
taken() {
	[ -s "$work/$1.taken" ] || return 0
	first=$(sed -n -e '1s/^\[[0-9]*:[0-9]*\] //' -e '1s/^-I \([^ ]*\) [0-9]* /-A \1 /' -e 1p "$work/$1.taken")
	grep -Fxq -e "$first" "$work/now" || cat "$work/$1.taken"
}

# put_table TABLE: our part of it becomes what was saved, by one restore, whatever stands now. Where
# rules taken over no longer have their places, because others removed what stood before them, they
# go to the end.
put_table() {
	mkdir -p "$work" && rm -f "$work/$1.taken" || return 1
	[ ! -e "$armed/$1.taken" ] || cp "$armed/$1.taken" "$work/$1.taken" || return 1
	put_once "$1" && return 0
	[ -s "$work/$1.taken" ] || return 1
	sed -e 's/^\(\[[0-9]*:[0-9]*\]\) -I \([^ ]*\) [0-9]* /\1 -A \2 /' "$armed/$1.taken" >"$work/$1.taken"
	put_once "$1"
}

put_once() {
	iptables-save -t "$1" >"$work/now" || return 1
	chains <"$work/now" >"$work/have"
	jumps <"$work/now" >"$work/leads"
	{
		echo "*$1"
		cat "$work/have"
		grep -Fxv -f "$work/have" "$armed/$1.chains"
		grep -Fxv -f "$armed/$1.jumps" "$work/leads" | sed -e 's/^/-D /'
		taken "$1"
		cat "$armed/$1.rules"
		grep -Fxv -f "$work/leads" "$armed/$1.jumps" | sed -e 's/^\([^ ]*\) /-I \1 1 /'
		grep -Fxv -f "$armed/$1.chains" "$work/have" | sed -e 's/^:\([^ ]*\) .*/-X \1/'
		echo COMMIT
	} >"$work/back"
	iptables-restore --noflush --counters -w 10 <"$work/back"
}

# is FILE: its mode and what is in it.
is() { stat -c %a "$1" 2>/dev/null; sha256sum <"$1"; } 2>/dev/null

# put_files: our files become what was saved. Where there is no room for another copy, the saved
# one itself goes to its place.
put_files() {
	umask 022
	unput=0
	for p in "$armed"/*.path; do
		f=$(cat "$p") s=${p%.path}.file
		rm -f "$f.new"
		if [ -e "${p%.path}.none" ]; then
			[ ! -e "$f" ] || changed=yes
			rm -f "$f" || unput=1
		elif [ -e "$s" ] && [ "$(is "$s")" != "$(is "$f")" ]; then
			changed=yes
			mkdir -p "${f%/*}" && cp -p "$s" "$f.new" && mv -f "$f.new" "$f" || { rm -f "$f.new"; mv -f "$s" "$f"; } || unput=1
		fi
	done
	rmdir /etc/portico 2>/dev/null
	[ ! -d /run/systemd/system ] || systemctl daemon-reload || unput=1
	umask 077
	return $unput
}

# services WHEN: what was stopped or not started at boot becomes so, before its files go; what ran and was
# started at boot does so, with the files that it had, after they are there. At boot nothing is waited for:
# what is started then comes after us.
services() {
	bad=0
	[ -d /run/systemd/system ] || return 0
	for s in "$armed"/*.service; do
		[ -e "$s" ] || continue
		u=$(cat "${s%.service}.path")
		u=${u##*/}
		for w in $(cat "$s"); do
			case $1-$w in
			before-disable) ! systemctl is-enabled --quiet "$u" 2>/dev/null || systemctl disable "$u" 2>/dev/null || bad=1 ;;
			before-stop)
				if [ -n "$wait" ]; then # it may be about to start, and shall if that is how it was
					! grep -q disable "$s" || systemctl stop $wait "$u" 2>/dev/null
				elif systemctl is-active --quiet "$u"; then
					systemctl stop "$u" || bad=1
				fi
				;;
			after-enable) systemctl is-enabled --quiet "$u" 2>/dev/null || systemctl enable "$u" 2>/dev/null || bad=1 ;;
			after-start) if [ -n "$changed" ] || ! systemctl is-active --quiet "$u"; then systemctl restart $wait "$u" || bad=1; fi ;;
			esac
		done
	done
	return $bad
}

put_back() {
	rc=0
	services before || rc=1
	put_table nat || rc=1
	put_table filter || rc=1
	if [ "$(cat "$armed/enabled")" = no ] && [ -e "$systemd/portico.service" ]; then systemctl disable portico.service 2>/dev/null; fi
	put_files || rc=1
	if [ "$(cat "$armed/enabled")" = yes ]; then systemctl enable portico.service 2>/dev/null || rc=1; fi
	services after || rc=1
	sysctl -q -w "net.ipv4.ip_forward=$(cat "$armed/forwarding")" || rc=1
	return $rc
}

# forget: nothing is armed any more. The id goes first, for good: what is left if this is cut short
# must not be taken for a state to put back.
forget() {
	w=
	if [ "$(cat "$armed/boot" 2>/dev/null)" = "$(boot)" ]; then w=$(cat "$armed/watch" 2>/dev/null); fi # else that number is another's by now
	rm -f "$armed/id"
	sync "$armed" 2>/dev/null
	rm -f "$wants/$unit" "$systemd/$unit"
	rm -rf "$armed" "$work"
	if [ -n "$w" ] && [ "$w" != "$$" ]; then kill -- "-$w" 2>/dev/null || kill "$w" 2>/dev/null; fi
	return 0
}

# note WHY: keeps a note of what is put back, and the record of the change with it.
note() {
	mkdir -p "$root/history" "$root/rolledback"
	n=$root/rolledback/$id
	{ echo "$how" && date -u +%Y-%m-%dT%H:%M:%SZ && cat "$armed/by" "$armed/at" && echo "$1"; } >"$n.new" && mv -f "$n.new" "$n" &&
		cp -p "$n" "$root/history/$id.rolledback" && mv -f "$armed/record" "$root/history/$id.json" && return 0
	rm -f "$n.new"
	return 1
}

# fire WHY: puts everything back and keeps a note of it for whoever looks next.
fire() {
	id=$(holder) how=ok changed=
	# A console that was about to confirm must not be told that it has.
	[ "$(cat $confirmed 2>/dev/null)" != "$id" ] || rm -f $confirmed
	rm -f "$root/history/$id.json"
	tries=0
	until put_back; do
		tries=$((tries + 1))
		if [ $tries -ge 6 ]; then how=failed; break; fi
		sleep 2
	done
	note "$1" || { rm -f "$armed"/*.all; note "$1"; } # these are needed no more, and make room
	forget
	[ $how = ok ] || return $broken
}

# dead: what is armed has nobody who would put it back.
dead() {
	l=$(left 2>/dev/null)
	[ -z "$l" ] || [ "$l" -lt -20 ] || [ "$(cat "$armed/boot" 2>/dev/null)" != "$(boot)" ]
}

tell_holder() { { holder; cat "$armed/by" "$armed/at"; left; } 2>/dev/null; }

# arm ID BY AT WINDOW NAT-SUM FILTER-SUM FILES-SUM SCRIPT FILE... ; the record comes on standard input.
arm() {
	if [ -e "$armed/id" ]; then
		if ! dead; then tell_holder; return $held; fi
		fire "its console and its watch were gone"
	fi
	if [ "$(sum nat)" != "$5  -" ] || [ "$(sum filter)" != "$6  -" ] || [ "$(shift 8; cat "$@" 2>/dev/null | sha256sum)" != "$7  -" ]; then return $stale; fi
	prepare "$@" && start_watch "$1" && return 0
	rc=$?
	forget
	return $rc
}

# prepare: the same words. The file id comes last: without it nothing is armed.
prepare() {
	rm -rf "$armed"
	mkdir -p "$armed" "$root/history" "$root/rolledback" && chmod 700 "$root" || return 1
	id=$1
	cat >"$armed/record" && printf '%s\n' "$2" >"$armed/by" && printf '%s\n' "$3" >"$armed/at" &&
		printf '%s\n' "$4" >"$armed/window" && printf '%s\n' "$8" >"$armed/guard.sh" && boot >"$armed/boot" &&
		echo $(($(now) + $4)) >"$armed/deadline" || return 1
	if systemctl is-enabled portico.service >/dev/null 2>&1; then echo yes; else echo no; fi >"$armed/enabled"
	shift 8
	save "$@" && at_boot || return 1
	sync -f "$armed" "$wants" 2>/dev/null
	echo "$id" >"$armed/id.new" && mv -f "$armed/id.new" "$armed/id" || return 1
	sync "$armed" 2>/dev/null
	return 0
}

# at_boot: an armed gateway that is started again puts itself back before it takes up forwarding.
at_boot() {
	[ -d /run/systemd/system ] || return 0
	umask 022
	mkdir -p "$wants" && cat >"$systemd/$unit" <<-UNIT && ln -sf "$systemd/$unit" "$wants/$unit"
		[Unit]
		Description=Portico puts back what no console confirmed
		After=local-fs.target network-pre.target netfilter-persistent.service
		Before=portico.service

		[Service]
		Type=oneshot
		UMask=0077
		ExecStart=/bin/sh -c "exec flock -o $lock sh $armed/guard.sh boot"

		[Install]
		WantedBy=multi-user.target
	UNIT
	rc=$?
	umask 077
	return $rc
}

start_watch() {
	{
		systemd-run --quiet --collect --unit="portico-watch-$1" sh "$armed/guard.sh" watch "$1" ||
			setsid sh "$armed/guard.sh" watch "$1"
	} </dev/null >/dev/null 2>&1 & # with none of the connection's, which would not end before it
	tries=0
	until [ -s "$armed/watch" ]; do
		tries=$((tries + 1))
		[ $tries -lt 100 ] || return $helpless
		sleep 0.1
	done
}

watch() {
	echo $$ >"$armed/watch"
	while [ "$(holder)" = "$1" ]; do
		l=$(left)
		if [ "$l" -gt 0 ]; then sleep "$l"; continue; fi
		flock -o "$lock" sh "$armed/guard.sh" expire "$1"
	done
}

# confirmed_before ID: the console that asks has disarmed already, and lost the answer. The first
# place is not on the disk, which may be full; the second outlives a reboot.
confirmed_before() {
	[ "$(cat $confirmed 2>/dev/null)" != "$1" ] || return 0
	[ -e "$root/history/$1.json" ] && [ ! -e "$root/history/$1.rolledback" ]
}

# disarm ID: all is well. The record as it ended comes on standard input; without room for it
# the change stands all the same.
disarm() {
	if [ "$(holder)" != "$1" ]; then
		confirmed_before "$1" || return $held
		return 0
	fi
	rc=0
	echo "$1" >$confirmed
	mkdir -p "$root/history" && cat >"$root/history/$1.new" && mv -f "$root/history/$1.new" "$root/history/$1.json" || rc=$unrecorded
	rm -f "$root/history/$1.new"
	forget
	ls "$root/history" | sort -r | tail -n +401 | while read -r f; do rm -f "$root/history/$f"; done
	return $rc
}

case $1 in
arm) shift; arm "$@" ;;
disarm) disarm "$2" ;;
fire) fire "$2" ;;
watch) watch "$2" ;;
expire) if [ "$(holder)" = "$2" ] && [ "$(left)" -le 0 ]; then fire "no console confirmed it in time"; fi ;;
boot) wait=--no-block && if [ -e "$armed/id" ]; then fire "the gateway was started again before a console confirmed it"; else forget; fi ;;
esac
