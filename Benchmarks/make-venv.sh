#!/bin/sh
# Creates the virtual environment of the frameworks that Martlet is compared with.
# Usage: make-venv.sh [DIR]    (default: .venv beside this script; PYTHON chooses the interpreter)
# About 3 GB. PyPI's torch for Linux brings CUDA libraries that nothing here uses; to spare them,
# set PIP_FIND_LINKS or PIP_EXTRA_INDEX_URL to where torch's CPU wheels are.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
directory=${1:-"$here/.venv"}
"${PYTHON:-python3.11}" -m venv "$directory"
"$directory/bin/pip" install --quiet --requirement "$here/requirements.txt"
"$directory/bin/python" -c 'import importlib.metadata as m, sys
for line in open(sys.argv[1]):
    name = line.split("==")[0]
    print(name, m.version(name))' "$here/requirements.txt"
