"""Writes a model's weights and inputs: data.py MODEL BATCH_SIZE SEQUENCE_LENGTH FOLDER"""

import os
import sys

from safetensors.numpy import save_file

from models import make_inputs, make_weights

model, batch_size, sequence_length, folder = sys.argv[1:]
save_file(make_weights(model), os.path.join(folder, "weights.safetensors"))
save_file(
    make_inputs(model, int(batch_size), int(sequence_length)),
    os.path.join(folder, "inputs.safetensors"))
