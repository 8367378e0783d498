#!/usr/bin/env bash
# Installs the Debian packages Martlet is built with, if they are missing.
set -euo pipefail

if ! command -v swift > /dev/null; then
    echo "Martlet needs Swift 6.2 or later, which was not found: https://www.swift.org/install" >&2
    exit 1
fi

missing=()
[ -e /usr/include/cblas.h ] || compgen -G '/usr/include/*/cblas.h' > /dev/null \
    || missing+=(libopenblas-dev)
[ -e /usr/lib/llvm-19/include/llvm-c/Core.h ] || missing+=(llvm-19-dev)
[ ${#missing[@]} -gt 0 ] || exit 0

as_root=()
if ! command -v apt-get > /dev/null; then
    echo "missing: ${missing[*]} (names of Debian's packages); there is no apt-get here to" \
        "install them: install OpenBLAS and LLVM 19, with headers, by hand" >&2
    exit 1
fi
if [ "$(id -u)" -ne 0 ]; then
    if ! sudo --non-interactive true 2> /dev/null; then
        echo "missing: ${missing[*]}; install them with" >&2
        echo "    sudo apt-get install ${missing[*]}" >&2
        exit 1
    fi
    as_root=(sudo)
fi
echo "installing ${missing[*]}"
"${as_root[@]}" apt-get update -qq || echo "apt-get update failed; trying with the lists there are" >&2
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "${missing[@]}"
