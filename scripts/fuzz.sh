#!/usr/bin/env bash
# Runs every fuzz target of the module, one after another, for the time given.
# A target that fails does not stop the others.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

time=${1:-30s}
ran=0
failed=()
packages=$(go list -f '{{if or .TestGoFiles .XTestGoFiles}}{{.ImportPath}}{{end}}' ./...)
for package in $packages; do
	if ! tests=$(go test -list '^Fuzz' "$package"); then
		echo "$tests"
		failed+=("$package: its tests do not build")
		ran=$((ran + 1))
		continue
	fi
	for target in $(grep '^Fuzz' <<<"$tests" || true); do
		echo "== $package $target"
		go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" "$package" || failed+=("$package $target")
		ran=$((ran + 1))
	done
done
echo "$((ran - ${#failed[@]})) passed, ${#failed[@]} failed"
if [ ${#failed[@]} -gt 0 ]; then
	printf 'failed: %s\n' "${failed[@]}"
	exit 1
fi
