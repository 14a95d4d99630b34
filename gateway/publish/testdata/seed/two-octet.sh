#!/bin/bash
# The mapping of the third kind of gateway, by its formula: 30000 + 256*oct3 + oct4, tcp to 22, and udp to
# the same port.
LOCALIP=$(curl http://169.254.169.254/latest/meta-data/local-ipv4)
LOCALNET=$( echo ${LOCALIP} | cut -f 1-3 -d".")
OCT3=$( echo ${LOCALIP} | cut -f 3 -d".")
for ((n=1; n <=254; n++))
{
PORT=$((30000+256*$OCT3+$n))
iptables -t nat -A PREROUTING -i ens3 -p tcp -m tcp --dport ${PORT} -j DNAT --to-destination ${LOCALNET}.${n}:22
iptables -t nat -A PREROUTING -i ens3 -p udp -m udp --dport ${PORT} -j DNAT --to-destination ${LOCALNET}.${n}:${PORT}
}
