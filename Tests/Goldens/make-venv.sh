#!/bin/sh
# Creates the virtual environment in which the golden generators run.
# Usage: make-venv.sh [DIR]    (default: .venv beside this script; PYTHON chooses the interpreter)
set -eu
here=$(cd "$(dirname "$0")" && pwd)
directory=${1:-"$here/.venv"}
"${PYTHON:-python3.11}" -m venv "$directory"
"$directory/bin/pip" install --quiet --requirement "$here/requirements.txt"
"$directory/bin/python" -c 'import importlib.metadata as m
print("\n".join(f"{p} {m.version(p)}" for p in ("keras", "tensorflow-cpu", "torch", "transformers")))'
