"""Keras 3 on TensorFlow (variant `tf`, or `tf-xla`: compiled by XLA) or JAX (variant `jax`)."""

import os

import harness


def setup(options):
    backends = {"tf": "tensorflow", "tf-xla": "tensorflow", "jax": "jax"}
    os.environ["KERAS_BACKEND"] = backends[options.variant]
    packages = ["keras", "jax"]
    if options.variant != "jax":
        import tensorflow

        packages = ["keras", "tensorflow-cpu"]
        tensorflow.config.threading.set_intra_op_parallelism_threads(options.threads)
        tensorflow.config.threading.set_inter_op_parallelism_threads(options.threads)
    import keras
    import numpy as np

    from keras_models import make_arguments, make_model
    from models import MODELS, Classifier

    keras.utils.set_random_seed(1)
    if options.dtype == "bfloat16":
        keras.mixed_precision.set_dtype_policy("mixed_bfloat16")
    m = MODELS[options.model]
    model = make_model(options, harness.load_arrays(options, "weights"))
    inputs = harness.load_arrays(options, "inputs")
    arguments = make_arguments(options, inputs)
    labels = keras.ops.convert_to_tensor(inputs["labels"])
    if isinstance(m, Classifier):
        optimizer = keras.optimizers.Adam(m.learning_rate)
    else:
        optimizer = keras.optimizers.AdamW(m.learning_rate, weight_decay=m.weight_decay)
    model.compile(
        optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"],
        jit_compile=options.variant != "tf")

    def train():
        return model.train_on_batch(arguments, labels)

    def infer():
        return model.predict_on_batch(arguments)

    return {
        "step": train if options.mode == "train" else infer,
        "outputs": lambda: np.asarray(infer()),
        "versions": harness.versions(*packages),
    }


harness.run("keras", setup)
