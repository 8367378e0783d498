"""What is timed, who is timed, and what Martlet is meant to reach."""

import dataclasses

# name → script of peers/ and its variant
CONTENDERS = {
    "pytorch": ("pytorch.py", ""),
    "pytorch-compiled": ("pytorch.py", "compiled"),
    "pytorch-autocast": ("pytorch.py", "autocast"),
    "keras-tf": ("keras_peer.py", "tf"),
    "keras-tf-xla": ("keras_peer.py", "tf-xla"),
    "keras-jax": ("keras_peer.py", "jax"),
    "onnxruntime": ("onnx_runtime.py", ""),
    "openvino": ("open_vino.py", ""),
}

# Largest difference of a probability from PyTorch's in float32.
TOLERANCE = {"float32": 1e-4, "bfloat16": 5e-2}


@dataclasses.dataclass(frozen=True)
class Workload:
    model: str
    mode: str
    batch_size: int
    sequence_length: int
    # Targets. dtype → how many times faster than the fastest peer Martlet must be. A pair without
    # one is timed for a single round.
    faster: dict = dataclasses.field(default_factory=dict, hash=False)
    # Martlet must compile in less (float32).
    compile_seconds: float | None = None
    # PyTorch's peak activation memory must be so many times Martlet's arena (float32).
    arena_ratio: float | None = None
    # No more rounds than this: steps of seconds scatter less and cost more.
    rounds: int = 3

    @property
    def shape(self):
        return self.model, self.batch_size, self.sequence_length

    @property
    def name(self):
        return f"{self.model}/{self.mode}/{self.batch_size}x{self.sequence_length}"


BOTH = {"float32": 1.0, "bfloat16": 1.0}

# Those of one shape stand together, inference first: they share inputs and the check of outputs.
WORKLOADS = [
    Workload("ag-news-transformer", "infer", 128, 256, {"float32": 1.7}),
    Workload("ag-news-transformer", "train", 128, 256, {"float32": 2.0}, 0.5, 10),
    Workload("bert-small", "train", 128, 128, {"float32": 2.2}, rounds=2),
    Workload("bert-minilm", "infer", 1, 128, BOTH),
    Workload("bert-minilm", "infer", 32, 128, BOTH, rounds=2),
    Workload("bert-minilm", "train", 32, 128, {"float32": 1.6, "bfloat16": 1.7}, rounds=2),
    Workload("bert-base", "infer", 1, 128, BOTH, rounds=2),
    Workload("bert-base", "infer", 8, 128, BOTH, rounds=2),
    Workload("bert-base", "train", 32, 128, {"float32": 1.35}, 1.5, 4, rounds=1),
]
