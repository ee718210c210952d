#!/bin/sh
# Fetch the servers of the testbed as their projects publish them, into $SYNCERD_TESTBED or ~/.cache/syncerd-testbed.
# What is there already stays. Every download is checked against the SHA-256 that its project publishes with the release.
set -eu

KUBERNETES=${KUBERNETES:-v1.36.3}
ETCD=${ETCD:-v3.6.8}
KCP=${KCP:-v0.32.3}

case $(uname -m) in
x86_64) arch=amd64 ;;
aarch64) arch=arm64 ;;
*) echo "get-binaries.sh: no release binaries for $(uname -m)" >&2; exit 1 ;;
esac
for tool in curl tar sha256sum; do
	command -v "$tool" >/dev/null || { echo "get-binaries.sh: $tool is needed" >&2; exit 1; }
done

dir=${SYNCERD_TESTBED:-$HOME/.cache/syncerd-testbed}
mkdir -p "$dir"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM

fetch() { # URL FILE
	echo "fetching $1"
	curl --fail --silent --show-error --location --retry 3 --proto '=https' --output "$2" "$1"
}

check() { # FILE SHA256
	echo "$2  $1" | sha256sum --check --quiet - || { echo "get-binaries.sh: $1 is not what its project published" >&2; exit 1; }
}

sum_of() { # SUMS-FILE NAME: the sum of one file in a list
	awk -v name="$2" '$2 == name || $2 == "*" name {print $1; found = 1} END {exit !found}' "$1"
}

install_binary() { # FILE NAME: in one step, so that an interrupted run leaves no half program behind
	chmod 0755 "$1"
	mv "$1" "$dir/.$2.new"
	mv "$dir/.$2.new" "$dir/$2"
}

for name in kube-apiserver kube-controller-manager kubectl; do
	[ -x "$dir/$name" ] && continue
	url=https://dl.k8s.io/$KUBERNETES/bin/linux/$arch/$name
	fetch "$url" "$work/$name"
	fetch "$url.sha256" "$work/$name.sha256"
	check "$work/$name" "$(cat "$work/$name.sha256")"
	install_binary "$work/$name" "$name"
done

if [ ! -x "$dir/etcd" ]; then
	url=https://github.com/etcd-io/etcd/releases/download/$ETCD
	name=etcd-$ETCD-linux-$arch
	fetch "$url/$name.tar.gz" "$work/etcd.tar.gz"
	fetch "$url/SHA256SUMS" "$work/etcd.sums"
	check "$work/etcd.tar.gz" "$(sum_of "$work/etcd.sums" "$name.tar.gz")"
	tar -xzf "$work/etcd.tar.gz" -C "$work" "$name/etcd"
	install_binary "$work/$name/etcd" etcd
fi

for name in kcp kcp-front-proxy cache-server; do # the last two are for several shards
	[ -x "$dir/$name" ] && continue
	url=https://github.com/kcp-dev/kcp/releases/download/$KCP
	archive=${name}_${KCP#v}_linux_$arch.tar.gz
	fetch "$url/$archive" "$work/$name.tar.gz"
	[ -e "$work/kcp.sums" ] || fetch "$url/kcp_${KCP#v}_checksums.txt" "$work/kcp.sums"
	check "$work/$name.tar.gz" "$(sum_of "$work/kcp.sums" "$archive")"
	tar -xzf "$work/$name.tar.gz" -C "$work" "bin/$name"
	install_binary "$work/bin/$name" "$name"
done

echo "all servers are in $dir"
