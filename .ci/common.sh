# Sourced by the steps of CI: where things are, and the tools that a step needs.
# shellcheck shell=bash
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
ci=$PWD/target/ci
mkdir -p "$ci"

# A step that cannot get its tools says so and is no failure: a laptop on a train must be able to run CI.
skip() {
    echo "SKIPPED ${0##*/}: $*"
    exit 0
}

# Runs a command quietly; its output is shown when it fails.
quietly() {
    local log
    log=$(mktemp)
    if ! "$@" >"$log" 2>&1; then
        cat "$log"
        rm -f "$log"
        return 1
    fi
    rm -f "$log"
}

# Python tools of the versions in `.ci/requirements.txt`, on the PATH.
need_python_tools() {
    command -v python3 >/dev/null || skip "there is no python3"
    if ! cmp -s .ci/requirements.txt "$ci/venv/requirements.txt"; then
        rm -rf "$ci/venv"
        quietly python3 -m venv "$ci/venv" || skip "python3 cannot make a virtual environment"
        quietly "$ci/venv/bin/pip" install --quiet --disable-pip-version-check -r .ci/requirements.txt ||
            skip "the Python package registry is out of reach"
        cp .ci/requirements.txt "$ci/venv/requirements.txt"
    fi
    PATH="$ci/venv/bin:$PATH"
}

# npm tools of the versions in `.ci/package.json`, under `$ci/npm/node_modules`.
need_npm_tools() {
    command -v npm >/dev/null || skip "there is no npm"
    if ! cmp -s .ci/package.json "$ci/npm/installed.json"; then
        rm -rf "$ci/npm"
        mkdir -p "$ci/npm"
        cp .ci/package.json "$ci/npm/"
        quietly npm install --prefix "$ci/npm" --no-audit --no-fund --ignore-scripts ||
            skip "the npm registry is out of reach"
        cp .ci/package.json "$ci/npm/installed.json"
    fi
}

# The binary that the tests have built.
debug_binary() {
    cargo build --locked --quiet
    echo "$PWD/target/debug/grpc-guard"
}
