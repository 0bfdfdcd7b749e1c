#!/usr/bin/env bash
# Builds KServe's router, cmd/router of the release that bench/kserve/go.mod
# names, as .cache/kserve/router, unless it is there already, and prints its path.
# It takes minutes and some 3 GB of modules the first time. The one thing that is
# changed is the port, a constant in its source: 8080 would be in others' way.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

port=18098 # bench/cmd/bench and examples/inferencegraph know it
go=${GO:-go}
dir=$PWD/.cache/kserve
want=$(cat bench/kserve/go.{mod,sum} "${BASH_SOURCE[0]}" | cksum)

if [ "$(cat "$dir/built" 2>/dev/null)" != "$want" ]; then
	mkdir -p "$dir/module"
	cp bench/kserve/go.{mod,sum} "$dir/module"
	(
		cd "$dir/module"
		echo "kserve: building the router" >&2
		"$go" mod download github.com/kserve/kserve
		source=$("$go" list -m -f '{{.Dir}}' github.com/kserve/kserve)
		rm -rf "$dir/source"
		mkdir -p "$dir/source"
		(cd "$source" && cp -r --parents --no-preserve=mode go.mod cmd/router pkg "$dir/source")
		sed -i "s/\(RouterPort  *= \)8080\$/\1$port/" "$dir/source/pkg/constants/constants.go"
		grep -q "RouterPort  *= $port\$" "$dir/source/pkg/constants/constants.go" || {
			echo "kserve: there is no RouterPort = 8080 to be changed" >&2
			exit 1
		}
		"$go" mod edit -replace "github.com/kserve/kserve=$dir/source"
		"$go" build -mod=mod -trimpath -o "$dir/router" github.com/kserve/kserve/cmd/router
	)
	echo "$want" >"$dir/built"
fi
echo "$dir/router"
