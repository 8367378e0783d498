"""What every generator shares: reproducible arrays, tensors as JSON, and the files themselves."""

import json
import os
import zlib
from pathlib import Path

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import keras  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402

keras.config.set_floatx("float32")

DATA = Path(__file__).resolve().parent / "data"
DTYPES = {"float32": "f32", "float64": "f64", "int32": "i32", "int64": "i64", "bool": "bool"}


def number(value):
    """The shortest decimal that reads back as the same number of the same precision."""
    if isinstance(value, (bool, np.bool_)):
        return int(value)
    if isinstance(value, (int, np.integer)):
        return int(value)
    if np.isnan(value):
        return "nan"
    if np.isinf(value):
        return "inf" if value > 0 else "-inf"
    if value == int(value) and abs(value) < 1e6 and not (value == 0 and np.signbit(value)):
        return int(value)
    return float(np.format_float_scientific(value, unique=True, trim="-"))


def tensor(value):
    """A tensor as JSON: shape, dtype, and the values in row-major order."""
    if isinstance(value, tf.IndexedSlices):
        value = tf.convert_to_tensor(value)
    array = np.asarray(value)
    return {
        "shape": list(array.shape),
        "dtype": DTYPES[array.dtype.name],
        "values": [number(v) for v in array.reshape(-1)],
    }


def maybe_tensor(value):
    return None if value is None else tensor(value)


def generator(name):
    """A random generator that depends on the name alone, so that cases can come and go."""
    return np.random.default_rng(zlib.crc32(name.encode()))


def normal(random, shape, scale=1.0):
    """Normal float32 values, rounded to keep the files short."""
    return np.round(random.normal(0.0, scale, shape), 3).astype(np.float32)


def without_none(case):
    return {key: value for key, value in case.items() if value is not None}


def write(subject, cases, **shared):
    """Writes one file of cases, one case per line, so that a change shows as one changed line."""
    names = [case["name"] for case in cases]
    duplicates = {name for name in names if names.count(name) > 1}
    assert not duplicates, f"cases of one name: {sorted(duplicates)}"
    made_by = f"keras {keras.__version__}, tensorflow {tf.__version__}, numpy {np.__version__}"
    encode = lambda value: json.dumps(value, separators=(",", ":"), allow_nan=False)
    DATA.mkdir(exist_ok=True)
    with open(DATA / f"{subject}.json", "w") as file:
        file.write('{"subject":' + encode(subject) + ',"made_by":' + encode(made_by))
        for key, value in shared.items():
            file.write(",\n" + encode(key) + ":" + encode(value))
        file.write(',\n"cases":[\n')
        file.write(",\n".join(encode(without_none(case)) for case in cases))
        file.write("\n]}\n")
    size = (DATA / f"{subject}.json").stat().st_size
    print(f"{subject}: {len(cases)} cases, {size} bytes")
