#!/usr/bin/env bash
# Installs what the tests need, or says what to install.
#
#   scripts/setup.sh test     for make test: PostgreSQL, Chromium, a C compiler (go test -race), xmllint,
#                             what the README and the guides call: curl, Python, Node
#   scripts/setup.sh lint     for the linters of the OpenAPI documents: npm
#
# As root on a Debian-like system it installs what is missing with apt-get; else
# it names what is missing and fails. It touches nothing that is there already.
set -euo pipefail

packages=()
need() { # need PACKAGES CHECK...: wants the packages unless the check succeeds
    local wanted=$1
    shift
    # shellcheck disable=SC2206 # several packages may be named in one word
    "$@" >/dev/null 2>&1 || packages+=($wanted)
}

have_postgres() { compgen -G '/usr/lib/postgresql/*/bin/initdb'; }

have_browser() {
    local name
    for name in chromium chromium-browser google-chrome google-chrome-stable; do
        command -v "$name" && return
    done
    return 1
}

can_compile() { echo '#include <stdlib.h>' | gcc -fsyntax-only -x c -; }

case "${1:-}" in
test)
    need postgresql have_postgres
    need chromium have_browser
    need "gcc libc6-dev" can_compile
    need curl command -v curl       # the README's walk-through
    need python3 command -v python3 # the guides' examples
    need nodejs command -v node
    need libxml2-utils command -v xmllint # the schemas of files for the portal
    ;;
lint)
    need "nodejs npm" command -v npm
    ;;
*)
    echo "usage: $0 test|lint" >&2
    exit 2
    ;;
esac

if [ ${#packages[@]} -eq 0 ]; then
    exit 0
fi
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    echo "Missing on this machine: ${packages[*]}" >&2
    echo "Install with:  sudo apt-get update && sudo apt-get install ${packages[*]}" >&2
    if [ "$1" = test ]; then
        echo "Or run the tests that need only xmllint (libxml2-utils):  make test-fast" >&2
    fi
    exit 1
fi
echo "Installing with apt-get: ${packages[*]}"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
