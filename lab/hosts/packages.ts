/** Debian packages whose programs the hosts and nodes run. */
export const hostPackages = [
  "runc",
  "containernetworking-plugins",
  "conntrack",
  "ethtool",
  "iproute2",
  "iptables",
  "nftables",
  "mount",
  "openssl",
  "util-linux",
] as const;
