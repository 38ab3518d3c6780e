"""The named training workloads, each for netlet, Keras, PyTorch and ONNX Runtime, from the same weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Workload:
    sizes: tuple[int, ...]  # features, units of each dense layer
    activation: str  # between the layers; the last one gives logits
    optimizer: str  # "sgd" or "adam", both with their default settings
    batch: int
    steps: int = 60  # batches in the data set: enough that a step sees fresh memory

    @property
    def name(self) -> str:
        return f"{'-'.join(map(str, self.sizes))} {self.activation} {self.optimizer} batch {self.batch}"

    @property
    def binary(self) -> bool:
        return self.sizes[-1] == 1

    @property
    def flops(self) -> int:
        """Multiplications and additions of one training step: forward, gradient of weights, gradient of inputs (not
        of the first)."""
        products = [a * b for a, b in zip(self.sizes, self.sizes[1:], strict=False)]
        return 2 * self.batch * (3 * sum(products) - products[0])


WORKLOADS = [
    Workload((784, 16, 16, 10), "sigmoid", "sgd", 32, steps=200),
    Workload((11, 11, 7, 1), "relu", "adam", 10, steps=800),
    Workload((784, 128, 10), "relu", "adam", 128),
    Workload((784, 512, 512, 10), "relu", "adam", 128),
]


def data(w: Workload, steps: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """x (steps * batch, features) in [0, 1), and labels: (n,) int32 classes, or (n, 1) float32 zeros and ones."""
    rng = np.random.default_rng(0)
    n = (steps or w.steps) * w.batch
    x = rng.random((n, w.sizes[0]), dtype=np.float32)
    y = rng.integers(0, 2, (n, 1)).astype(np.float32) if w.binary else rng.integers(0, w.sizes[-1], n).astype(np.int32)
    return x, y


def build(api: Any, w: Workload, weights: list[np.ndarray] | None = None) -> Any:
    """The compiled model; `api` is netlet or keras: the same lines serve both."""
    model = api.Sequential([api.Input((w.sizes[0],))])
    for units in w.sizes[1:-1]:
        model.add(api.layers.Dense(units, activation=w.activation))
    model.add(api.layers.Dense(w.sizes[-1]))
    loss = api.losses.BinaryCrossentropy if w.binary else api.losses.SparseCategoricalCrossentropy
    model.compile(optimizer=w.optimizer, loss=loss(from_logits=True))
    if weights is not None:
        model.set_weights(weights)
    return model


class Torch:
    """The same network in PyTorch, with a `step()` on one fixed batch."""

    def __init__(self, w: Workload, weights: list[np.ndarray], *, fused: bool, compiled: bool = False) -> None:
        import torch
        from torch import nn

        parts: list[nn.Module] = []
        for a, b in zip(w.sizes, w.sizes[1:], strict=False):
            parts += [nn.Linear(a, b), nn.Sigmoid() if w.activation == "sigmoid" else nn.ReLU()]
        self.model = nn.Sequential(*parts[:-1])
        with torch.no_grad():
            for p, value in zip(self.model.parameters(), weights, strict=True):
                p.copy_(torch.from_numpy(np.array(value.T)))
        parameters = list(self.model.parameters())
        if w.optimizer == "sgd":
            self.optimizer = torch.optim.SGD(parameters, lr=0.01, fused=fused)
        else:
            self.optimizer = torch.optim.Adam(parameters, lr=1e-3, eps=1e-7, fused=fused)
        self.loss = nn.functional.binary_cross_entropy_with_logits if w.binary else nn.functional.cross_entropy
        self.forward = torch.compile(self.model) if compiled else self.model
        self.binary = w.binary
        self.x = self.y = None

    def feed(self, x: np.ndarray, y: np.ndarray) -> None:
        import torch

        self.x, self.y = torch.from_numpy(x), torch.from_numpy(y if self.binary else y.astype(np.int64))

    def step(self) -> Any:
        self.optimizer.zero_grad(set_to_none=True)
        loss = self.loss(self.forward(self.x), self.y)
        loss.backward()
        self.optimizer.step()
        return loss


def onnx_session(w: Workload, weights: list[np.ndarray], threads: int) -> Any:
    """The network's prediction in ONNX Runtime: `session.run(None, {"x": x})`."""
    import onnx
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper

    nodes, constants, x = [], [], "x"
    act = {"relu": "Relu", "sigmoid": "Sigmoid"}[w.activation]
    for i in range(0, len(weights), 2):
        constants += [
            numpy_helper.from_array(np.ascontiguousarray(weights[i]), f"w{i}"),
            numpy_helper.from_array(weights[i + 1], f"b{i}"),
        ]
        last = i == len(weights) - 2
        nodes.append(helper.make_node("Gemm", [x, f"w{i}", f"b{i}"], ["y" if last else f"z{i}"]))
        if not last:
            nodes.append(helper.make_node(act, [f"z{i}"], [x := f"a{i}"]))
    graph = helper.make_graph(
        nodes,
        "mlp",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", w.sizes[0]])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", w.sizes[-1]])],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
