"""The named training workloads: each as a model of netlet, Keras, PyTorch and ONNX Runtime with the same weights."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from parts import BatchNorm, Conv, Dense, Dropout, Flatten, GlobalAverage, Part, Pool, channels_first, walk
from sequence_parts import GRU, LSTM, Average, Embedding, TransformerBlock


@dataclass(frozen=True)
class Workload:
    name: str
    shape: tuple[int, ...]  # of a sample: (features,), (steps,), (steps, features) or (height, width, channels)
    parts: tuple[Part, ...]  # the last one outputs logits
    optimizer: str  # "sgd" or "adam", both with their default settings
    batch: int
    steps: int = 60  # batches in the data set: enough that the next batch is not in the cache
    vocabulary: int = 0  # if not 0, x holds token indices below this

    @property
    def image(self) -> bool:
        return len(self.shape) == 3

    @property
    def classes(self) -> int:
        return self.parts[-1].out(())[0]

    @property
    def binary(self) -> bool:
        return self.classes == 1

    @property
    def flops(self) -> int:
        """Multiplications and additions of one training step: forward, gradients of the weights, gradients of the
        inputs (except the first layer's)."""
        products = [n for part, shape in walk(self.shape, self.parts) if (n := part.products(shape))]
        return 2 * self.batch * (3 * sum(products) - products[0])

    def without_dropout(self) -> Workload:
        """The workload for comparing losses: each library draws its own dropout masks."""
        return replace(self, parts=tuple(p for p in self.parts if not isinstance(p, Dropout)))


def dense(sizes: tuple[int, ...], activation: str, optimizer: str, batch: int, steps: int = 60) -> Workload:
    """A multilayer perceptron. `sizes`: the number of features, then the units of each layer."""
    name = f"{'-'.join(map(str, sizes))} {activation} {optimizer} batch {batch}"
    hidden = [Dense(n, activation) for n in sizes[1:-1]]
    return Workload(name, sizes[:1], (*hidden, Dense(sizes[-1])), optimizer, batch, steps)


def images(name: str, shape: tuple[int, ...], parts: list[Part], batch: int) -> Workload:
    return Workload(f"{name} adam batch {batch}", shape, (*parts, Dense(10)), "adam", batch, steps=12)


def sequences(name: str, shape: tuple[int, ...], parts: list[Part], classes: int = 10, vocabulary: int = 0) -> Workload:
    all_parts = (*parts, Dense(classes))
    return Workload(f"{name} adam batch 32", shape, all_parts, "adam", 32, steps=8, vocabulary=vocabulary)


WORKLOADS = [
    dense((784, 16, 16, 10), "sigmoid", "sgd", 32, steps=200),
    dense((11, 11, 7, 1), "relu", "adam", 10, steps=800),
    dense((784, 128, 10), "relu", "adam", 128),
    dense((784, 512, 512, 10), "relu", "adam", 128),
    images(
        "LeNet-5",
        (28, 28, 1),
        [
            *(Conv(6, "relu", kernel=5), Pool(), Conv(16, "relu", kernel=5), Pool(), Flatten()),
            *(Dense(120, "relu"), Dense(84, "relu")),
        ],
        128,
    ),
    images(
        "MNIST convnet 32-64",
        (28, 28, 1),
        [Conv(32, "relu"), Pool(), Conv(64, "relu"), Pool(), Flatten(), Dropout(0.5)],
        128,
    ),
    images(
        "CIFAR 32-64-64",
        (32, 32, 3),
        [Conv(32, "relu"), Pool(), Conv(64, "relu"), Pool(), Conv(64, "relu"), Flatten(), Dense(64, "relu")],
        64,
    ),
    images(
        "conv-BN-ReLU x3",
        (32, 32, 3),
        [
            *(Conv(32, same=True, bias=False), BatchNorm(), Conv(32, same=True, bias=False), BatchNorm(), Pool()),
            *(Conv(64, same=True, bias=False), BatchNorm(), GlobalAverage()),
        ],
        64,
    ),
    sequences("LSTM 128, 100 steps", (100, 32), [LSTM(128)]),
    sequences("GRU 128, 100 steps", (100, 32), [GRU(128)]),
    sequences(
        "Embedding 20k, 2 BiLSTM 64, 200 steps",
        (200,),
        [Embedding(20000, 128), LSTM(64, both_ways=True, every_step=True), LSTM(64, both_ways=True)],
        classes=1,
        vocabulary=20000,
    ),
    sequences("transformer block 128, 4 heads, 64 steps", (64, 128), [TransformerBlock(4, 512), Average()]),
]


SMALL_SHAPES = {(28, 28, 1): (18, 18, 1), (32, 32, 3): (18, 18, 3), (784,): (29,)}
SMALL_SHAPES |= {(100, 32): (7, 6), (200,): (7,), (64, 128): (7, 8)}


def small(w: Workload, batch: int = 5) -> Workload:
    """The same network with few units, steps and pixels, where a whole training step must take a moment."""
    most = {"vocabulary": 40, "heads": 2, "inner": 12}
    parts = []
    for part in w.parts:
        limits = most if isinstance(part, Pool) else {**most, "size": 8}
        smaller = {k: min(getattr(part, k), n) for k, n in limits.items() if hasattr(part, k)}
        parts.append(replace(part, **smaller) if smaller else part)
    parts[-1] = w.parts[-1]
    vocabulary = min(w.vocabulary, most["vocabulary"])
    shape = SMALL_SHAPES.get(w.shape, w.shape)
    return replace(w, shape=shape, parts=tuple(parts), batch=batch, steps=3, vocabulary=vocabulary)


def data(w: Workload, steps: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """x (steps * batch, *shape) in [0, 1), and labels: (n,) int32 classes, or (n, 1) float32 zeros and ones."""
    rng = np.random.default_rng(0)
    n = (steps or w.steps) * w.batch
    x = rng.random((n, *w.shape), dtype=np.float32)
    if w.vocabulary:
        x = (x * w.vocabulary).astype(np.int32)
    y = rng.integers(0, 2, (n, 1)).astype(np.float32) if w.binary else rng.integers(0, w.classes, n).astype(np.int32)
    return x, y


def build(api: Any, w: Workload, weights: list[np.ndarray] | None = None) -> Any:
    """The compiled model. `api` is netlet or keras."""
    model = api.Sequential([api.Input(w.shape, dtype="int32" if w.vocabulary else "float32")])
    for part in w.parts:
        made = part.keras(api)
        for layer in made if isinstance(made, list) else [made]:
            model.add(layer)
    loss = api.losses.BinaryCrossentropy if w.binary else api.losses.SparseCategoricalCrossentropy
    model.compile(optimizer=w.optimizer, loss=loss(from_logits=True))
    if weights is not None:
        model.set_weights(weights)
    return model


class Torch:
    """The same network in PyTorch, with a `step()` on one fixed batch."""

    def __init__(
        self,
        w: Workload,
        weights: list[np.ndarray] | None = None,
        *,
        fused: bool,
        compiled: bool = False,
        channels_last: bool = False,
        device: str = "cpu",
        mode: str | None = None,
    ) -> None:
        import torch
        from torch import nn

        made = [part.torch(nn, shape) for part, shape in walk(w.shape, w.parts)]
        self.model = nn.Sequential(*(module for modules in made for module in modules))
        if weights is not None:
            for modules, arrays in zip(made, channels_first(w.shape, w.parts, weights), strict=True):
                state = [v for v in modules[0].state_dict().values() if v.ndim]  # all but BatchNorm's counter
                for tensor, array in zip(state, arrays, strict=True):
                    tensor.copy_(torch.from_numpy(np.array(array)))
        self.format = torch.channels_last if channels_last else torch.contiguous_format
        if w.image:
            self.model = self.model.to(memory_format=self.format)
        self.device = device
        self.model = self.model.to(device)
        parameters = list(self.model.parameters())
        if w.optimizer == "sgd":
            self.optimizer = torch.optim.SGD(parameters, lr=0.01, fused=fused)
        else:
            self.optimizer = torch.optim.Adam(parameters, lr=1e-3, eps=1e-7, fused=fused)
        loss = nn.functional.binary_cross_entropy_with_logits if w.binary else nn.functional.cross_entropy

        def objective(x: Any, y: Any) -> Any:
            return loss(self.model(x), y)

        self.objective = torch.compile(objective, mode=mode) if compiled else objective
        self.image, self.binary = w.image, w.binary
        self.x = self.y = None

    def feed(self, x: np.ndarray, y: np.ndarray) -> None:
        import torch

        x = x.astype(np.int64) if x.dtype == np.int32 else x
        self.x, self.y = torch.from_numpy(x), torch.from_numpy(y if self.binary else y.astype(np.int64))
        if self.image:
            self.x = self.x.permute(0, 3, 1, 2).contiguous(memory_format=self.format)
        self.x, self.y = self.x.to(self.device), self.y.to(self.device)

    def epsilon_of_keras(self, t: int) -> None:
        """Makes PyTorch's Adam equal Keras's at step t.

        PyTorch adds epsilon to the bias-corrected root; Keras and netlet add it to the uncorrected one.
        """
        for group in self.optimizer.param_groups:
            if "eps" in group:
                group["eps"] = 1e-7 / (1 - group["betas"][1] ** t) ** 0.5

    def step(self) -> Any:
        self.optimizer.zero_grad(set_to_none=True)
        loss = self.objective(self.x, self.y)
        loss.backward()
        self.optimizer.step()
        return loss


def onnx_model(w: Workload, weights: list[np.ndarray]) -> Any:
    """The network as a ModelProto with the input "x" (`onnx_input`)."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    nodes, constants, x = [], [], "x"
    for part, arrays in zip(w.parts, channels_first(w.shape, w.parts, weights), strict=True):
        for operator, values, attributes in part.onnx(arrays):
            names = [f"c{len(constants) + i}" for i in range(len(values))]
            constants += [numpy_helper.from_array(np.array(v), n) for v, n in zip(values, names, strict=True)]
            nodes.append(helper.make_node(operator, [x, *names], [x := f"t{len(nodes)}"], **attributes))
    shape = (w.shape[-1], *w.shape[:-1]) if w.image else w.shape
    graph = helper.make_graph(
        nodes,
        "network",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", *shape])],
        [helper.make_tensor_value_info(x, TensorProto.FLOAT, ["n", w.classes])],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return model


def session_of(model: bytes, threads: int) -> Any:
    """ONNX Runtime's session of a serialized model."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3  # errors: it warns of constants that its optimizations no longer need
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def onnx_session(w: Workload, weights: list[np.ndarray], threads: int) -> Any:
    """The network in ONNX Runtime; `session.run(None, {"x": onnx_input(w, x)})` predicts."""
    return session_of(onnx_model(w, weights).SerializeToString(), threads)


def onnx_input(w: Workload, x: np.ndarray) -> np.ndarray:
    """x in the layout of the session: images channels first."""
    return np.ascontiguousarray(np.moveaxis(x, -1, 1)) if w.image else x
