"""Writes a model's weights and inputs: data.py MODEL BATCH_SIZE SEQUENCE_LENGTH FOLDER

Prints the floating-point operations of one forward pass as JSON.
"""

import json
import os
import sys

from safetensors.numpy import save_file

from models import forward_operations, make_inputs, make_weights

model, batch_size, sequence_length = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
folder = sys.argv[4]
save_file(make_weights(model), os.path.join(folder, "weights.safetensors"))
save_file(
    make_inputs(model, batch_size, sequence_length), os.path.join(folder, "inputs.safetensors"))
print(json.dumps({"forward_operations": forward_operations(model, batch_size, sequence_length)}))
