#!/bin/sh
# Makes the golden files again: all of them, or those named.
# Usage: make-goldens.sh VENV [SUBJECT…]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
python=${1:?"usage: make-goldens.sh VENV [SUBJECT…]"}/bin/python
shift
[ $# -gt 0 ] || set -- layers masks activations losses metrics schedules optimizers \
    pytorch_optimizers initializers l3 fit_rules text_vectorization safetensors_files \
    wordpiece pretrained
for subject in "$@"; do
    "$python" -W ignore "$here/$subject.py"
done
