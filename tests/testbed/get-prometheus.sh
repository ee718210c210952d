#!/bin/sh
# Put prometheus and promtool of Debian's package into $SYNCERD_TESTBED or ~/.cache/syncerd-testbed. The package is not installed: that would
# start a server on this machine. What is there already stays.
set -eu

dir=${SYNCERD_TESTBED:-$HOME/.cache/syncerd-testbed}
[ -x "$dir/promtool" ] && [ -x "$dir/prometheus" ] && exit 0
if command -v promtool >/dev/null && command -v prometheus >/dev/null; then
	exit 0
fi
for tool in apt-get dpkg-deb tar; do
	command -v "$tool" >/dev/null || { echo "get-prometheus.sh: $tool is needed" >&2; exit 1; }
done
root=
[ "$(id -u)" -eq 0 ] || root=sudo
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM
cd "$work"
apt-get download -q prometheus 2>/dev/null || { $root apt-get update -qq && apt-get download -q prometheus; }
mkdir -p "$dir"
dpkg-deb --fsys-tarfile prometheus_*.deb | tar -x ./usr/bin/prometheus ./usr/bin/promtool
for name in prometheus promtool; do # in one step, so that an interrupted run leaves no half program behind
	mv "usr/bin/$name" "$dir/.$name.new"
	mv "$dir/.$name.new" "$dir/$name"
done
