#!/usr/bin/env bash
# Fails when make generate changes, adds or removes a file. Changes that were
# there before do not count, so it also works with uncommitted work.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

state() {
	git diff HEAD
	git ls-files --others --exclude-standard -z | xargs -0 git hash-object --
}

before=$(state)
make --no-print-directory generate
if [ "$before" != "$(state)" ]; then
	git status --short
	echo "generated code was out of date: commit what make generate wrote" >&2
	exit 1
fi
