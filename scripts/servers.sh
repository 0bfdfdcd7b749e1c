# Sourced by the scripts that install what is not ours, start servers and ask them.

# environment makes a virtual environment in a folder with what pip is told to install,
# unless it is there already: environment FOLDER REQUIREMENT.
environment() {
	[ "$(cat "$1/installed" 2>/dev/null)" = "$2 $1" ] && return # its programs name their folder
	echo "installing $2 into $1" >&2
	rm -rf "$1"
	"${PYTHON:-python3}" -m venv "$1"
	"$1/bin/pip" install --quiet --disable-pip-version-check "$2"
	echo "$2 $1" >"$1/installed"
}

# await waits for a line of what a server prints into a file, and prints the part of it in
# \(\): await FILE PATTERN PID [LOG]. The log is shown when the server ends without it, or
# does not say it in ten minutes.
await() {
	local found
	for _ in $(seq 3000); do
		found=$(sed -n "s|$2|\1|p" "$1" 2>/dev/null | head -n 1)
		[ -z "$found" ] || {
			echo "$found"
			return
		}
		kill -0 "$3" 2>/dev/null || break
		sleep 0.2
	done
	[ -z "${4:-}" ] || cat "$4" >&2
	echo "no $2 in $1" >&2
	return 1
}

# What leat's serve prints of its addresses.
httpLine='^serving  *http://\(.*\)'
grpcLine='^grpc  *grpc://\(.*\)'

servers=()
# stop ends what is in servers; it is for trap.
stop() {
	local s
	for s in "${servers[@]}"; do kill "$s" 2>/dev/null || true; done
	wait || true
}
