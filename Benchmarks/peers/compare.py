"""Prints the largest difference of two .npy files as JSON: compare.py REFERENCE OTHER"""

import json
import sys

import numpy as np

reference, other = (np.load(path) for path in sys.argv[1:])
if reference.shape != other.shape:
    result = {"failed": f"shape {other.shape}, expected {reference.shape}"}
elif not np.isfinite(other).all():
    result = {"failed": "outputs that are not finite"}
else:
    result = {"difference": float(np.abs(reference - other).max())}
print(json.dumps(result))
