#!/usr/bin/env bash
# Runs a command in a network namespace of its own: loopback and a veth pair whose both ends stay inside, so that Janus
# has a usable address and no packet leaves through the machine's interfaces. The namespace goes with the command.
#   scripts/netns.sh COMMAND [ARGUMENT...]
set -euo pipefail

if [ -z "${REELKIT_IN_NETNS:-}" ]; then
  flags=(--net)
  [ "$(id -u)" = 0 ] || flags+=(--map-root-user)
  REELKIT_IN_NETNS=1 exec unshare "${flags[@]}" -- "$0" "$@"
fi
ip link set lo up
ip link add reel0 type veth peer name reel1
ip address add 10.77.0.1/24 dev reel0
ip link set reel0 up
ip link set reel1 up
exec "$@"
