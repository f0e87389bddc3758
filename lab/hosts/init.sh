#!/bin/bash
# Pid 1 of a host: furnishes the namespaces that unshare made, says so, and reaps. Killing it ends the host.
# Reads lines "bind FROM TO" from the file $1; makes the file $2 when the host is furnished.
set -eu

echo "$LINLY_MESH_HOSTNAME" >/proc/sys/kernel/hostname
ip link set lo up
echo 1 >/proc/sys/net/ipv4/ip_forward
# Who is refused by the network hears of it each time, also of many at once.
echo 0 >/proc/sys/net/ipv4/icmp_ratelimit
# A frame that is merely bridged is none of a firewall's business (where br_netfilter is loaded at all).
for call in /proc/sys/net/bridge/bridge-nf-call-*; do
  [ ! -e "$call" ] || echo 0 >"$call"
done

mount -t tmpfs -o mode=755 tmpfs /run
while read -r _ from to; do
  mkdir -p "$to" 2>/dev/null || [ -e "$to" ]
  mount --bind "$from" "$to"
done <"$1"
# Each mount its own peer group, as systemd has it: volumes with mountPropagation need that.
mount --make-rshared /

touch "$2"
while :; do
  sleep infinity &
  wait $! || true
done
