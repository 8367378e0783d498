"""Writes small files with the reference implementation of safetensors (PyPI: safetensors, numpy).

    python Tests/Goldens/safetensors_files.py

Element i of every tensor is i - 1 (booleans: i odd), so that the tests can tell what to expect.
"""

import pathlib

import numpy
from safetensors import TensorSpec, serialize_file
from safetensors.numpy import save_file

FOLDER = pathlib.Path(__file__).parent / "data" / "safetensors"


def values(dtype, shape):
    count = int(numpy.prod(shape))
    numbers = numpy.arange(count, dtype=numpy.int64) - 1
    if dtype == numpy.bool_:
        return (numpy.arange(count) % 2 == 1).reshape(shape)
    return numbers.astype(dtype).reshape(shape)


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    # Names out of order, one that needs escapes, one beyond ASCII.
    save_file(
        {
            "weight": values(numpy.float32, (2, 3)),
            "bias": values(numpy.float32, (3,)),
            "scalar": values(numpy.float64, ()),
            "empty": values(numpy.float32, (0, 4)),
            "half": values(numpy.float16, (5,)),
            "position_ids": values(numpy.int64, (1, 4)),
            "counts": values(numpy.int32, (3,)),
            "short": values(numpy.int16, (3,)),
            "tiny": values(numpy.int8, (3,)),
            "bytes": numpy.arange(3, dtype=numpy.uint8),
            "mask": values(numpy.bool_, (5,)),
            'été "\\\n': values(numpy.float32, (1,)),
        },
        FOLDER / "all_types.safetensors",
        metadata={"format": "np"},
    )
    # bfloat16, which numpy lacks: the upper halves of float32.
    floats = values(numpy.float32, (2, 2))
    upper = (floats.view(numpy.uint32) >> 16).astype(numpy.uint16)
    serialize_file(
        {"weight": TensorSpec(
                dtype="bfloat16", shape=[2, 2], data_ptr=upper.ctypes.data, data_len=upper.nbytes
            )},
        str(FOLDER / "bfloat16.safetensors"),
        None,
    )


if __name__ == "__main__":
    main()
