# What the scripts share. Each of them reads this file first: `. "$(dirname "$0")/common.sh"`.
set -eu
unset CDPATH
cd "$(dirname "$0")/.."

# The lock decides all versions, so that pip need not look for a newer pip.
export PIP_DISABLE_PIP_VERSION_CHECK=1

say() {
    printf '%s\n' "scripts/${0##*/}: $*"
}

die() {
    say "$*" >&2
    exit 2
}

# use_environment: makes the commands of the environment $venv the first ones.
use_environment() {
    bin=$venv/bin
    [ -d "$bin" ] || bin=$venv/Scripts # on Windows
    [ -d "$bin" ] || die "$venv is missing: sh scripts/install makes it"
    PATH=$(cd "$bin" && pwd):$PATH
    export PATH
}

# step COMMAND...: runs a command and says how long it took.
step() {
    say "$*"
    started=$(date +%s)
    "$@"
    say "$* took $(($(date +%s) - started)) s"
}
