# Functions that the scripts share. Each script reads this file first: `. "$(dirname "$0")/common.sh"`.
set -eu
unset CDPATH
cd "$(dirname "$0")/.."

# The lock has the version of pip too, so pip does not need to check for a newer one.
export PIP_DISABLE_PIP_VERSION_CHECK=1

say() {
    printf '%s\n' "scripts/${0##*/}: $*"
}

die() {
    say "$*" >&2
    exit 2
}

# use_environment: puts the commands of the environment $venv first in PATH.
use_environment() {
    bin=$venv/bin
    [ -d "$bin" ] || bin=$venv/Scripts # on Windows
    [ -d "$bin" ] || die "$venv is missing: sh scripts/install makes it"
    PATH=$(cd "$bin" && pwd):$PATH
    export PATH
}

# step COMMAND...: runs a command and prints its duration.
step() {
    say "$*"
    started=$(date +%s)
    "$@"
    say "$* took $(($(date +%s) - started)) s"
}
