package rollback

// RememberScript tells an armed gateway which rules of others a change of the table $1 is about to
// take over, so that a rollback puts them back. Standard input are lines for iptables-restore,
// "[PACKETS:BYTES] -I CHAIN N words", in the order in which they are inserted. Without anything
// armed there is nothing that would need them.
const RememberScript = `umask 077
t=/var/lib/portico/armed/$1.taken
[ -e /var/lib/portico/armed/id ] || exit 0
cat >"$t.new" && mv -f "$t.new" "$t"`
