"""The networks of onnx_models.py, built node by node as exporters of other programs write them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper


@dataclass(frozen=True)
class Network:
    name: str
    shape: tuple[int, ...]  # of a sample, images channels first
    model: Any  # ModelProto with the input "x"


class Nodes:
    """A graph that grows node by node; values are names.

    Args:
        shape: of a sample.
        opset: of the standard operators.
    """

    def __init__(self, shape: tuple[int, ...], opset: int = 17) -> None:
        self.shape, self.opset = shape, opset
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self.random = np.random.default_rng(0)

    def add(self, op_type: str, *inputs: str, outputs: int = 1, **attributes: Any) -> Any:
        """The name of the output of a new node, or a list of names."""
        names = [f"v{len(self.nodes)}_{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(op_type, list(inputs), names, f"{op_type}_{len(self.nodes)}", **attributes))
        return names[0] if outputs == 1 else names

    def constant(self, value: Any, dtype: Any = np.float32) -> str:
        """The name of an initializer."""
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value, dtype), name))
        return name

    def weight(self, *shape: int, scale: float | None = None) -> str:
        """The name of a random initializer; of variance 1 / (the number of inputs of one output) by default."""
        inputs = np.prod(shape[1:]) if len(shape) != 2 else shape[0]
        scale = inputs**-0.5 if scale is None else scale
        return self.constant(self.random.standard_normal(shape) * scale)

    def dense(self, x: str, inputs: int, outputs: int) -> str:
        return self.add("Gemm", x, self.weight(inputs, outputs), self.weight(outputs, scale=0.1))

    def product(self, x: str, inputs: int, outputs: int) -> str:
        """MatMul and Add, which exporters write where the input has more than two axes."""
        return self.add("Add", self.add("MatMul", x, self.weight(inputs, outputs)), self.weight(outputs, scale=0.1))

    def conv(
        self, x: str, inputs: int, outputs: int, kernel: int = 3, stride: int = 1, bias: bool = True, group: int = 1
    ) -> str:
        constants = [self.weight(outputs, inputs // group, kernel, kernel), *([self.weight(outputs, scale=0.1)] * bias)]
        pads = [kernel // 2] * 4
        return self.add("Conv", x, *constants, kernel_shape=[kernel] * 2, strides=[stride] * 2, pads=pads, group=group)

    def batch_norm(self, x: str, channels: int) -> str:
        gamma, beta, mean = (self.constant(1 + 0.1 * self.random.standard_normal(channels)) for _ in range(3))
        return self.add("BatchNormalization", x, gamma, beta, mean, self.constant(np.full(channels, 1.5)))

    def layer_norm(self, x: str, size: int) -> str:
        return self.add("LayerNormalization", x, self.constant(np.ones(size)), self.constant(np.zeros(size)), axis=-1)

    def model(self, y: str, classes: int) -> Any:
        """The ModelProto whose output is y (n, classes)."""
        value = helper.make_tensor_value_info
        x = value("x", TensorProto.FLOAT, ["n", *self.shape])
        graph = helper.make_graph(
            self.nodes, "network", [x], [value(y, TensorProto.FLOAT, ["n", classes])], self.constants
        )
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)], ir_version=8)


def mlp() -> Network:
    g, x, sizes = Nodes((784,)), "x", (784, 512, 512, 10)
    for inputs, outputs in itertools.pairwise(sizes):
        x = g.dense(x, inputs, outputs)
        x = g.add("Relu", x) if outputs > 10 else x
    return Network("MLP 784-512-512-10", (784,), g.model(x, 10))


def lenet() -> Network:
    g = Nodes((1, 28, 28))
    x = g.add("MaxPool", g.add("Relu", g.conv("x", 1, 6, 5)), kernel_shape=[2, 2], strides=[2, 2])
    x = g.add("MaxPool", g.add("Relu", g.conv(x, 6, 16, 5)), kernel_shape=[2, 2], strides=[2, 2])
    x = g.add("Relu", g.dense(g.add("Flatten", x), 16 * 7 * 7, 120))
    return Network("LeNet", (1, 28, 28), g.model(g.dense(g.add("Relu", g.dense(x, 120, 84)), 84, 10), 10))


def conv_bn() -> Network:
    g, x = Nodes((3, 32, 32)), "x"
    for inputs, outputs in ((3, 32), (32, 32), (32, 64)):
        x = g.add("Relu", g.batch_norm(g.conv(x, inputs, outputs, bias=False), outputs))
    x = g.add("Flatten", g.add("GlobalAveragePool", x))
    return Network("conv-BN-ReLU x3, 32x32", (3, 32, 32), g.model(g.dense(x, 64, 10), 10))


def resnet() -> Network:
    """ResNet-20 of He et al. (2016) with two blocks a stage: strides of 2, and 1x1 convolutions beside them."""
    g = Nodes((3, 32, 32))
    x, channels = g.add("Relu", g.batch_norm(g.conv("x", 3, 16, bias=False), 16)), 16
    for outputs, stride in ((16, 1), (16, 1), (32, 2), (32, 1), (64, 2), (64, 1)):
        y = g.add("Relu", g.batch_norm(g.conv(x, channels, outputs, 3, stride, bias=False), outputs))
        y = g.batch_norm(g.conv(y, outputs, outputs, bias=False), outputs)
        if channels != outputs:
            x = g.batch_norm(g.conv(x, channels, outputs, 1, stride, bias=False), outputs)
        x, channels = g.add("Relu", g.add("Add", y, x)), outputs
    x = g.add("Flatten", g.add("GlobalAveragePool", x))
    return Network("ResNet-14, 32x32", (3, 32, 32), g.model(g.dense(x, 64, 10), 10))


def mobilenet() -> Network:
    """MobileNetV2 of Sandler et al. (2018) with nine of its blocks, for small images."""
    g = Nodes((3, 32, 32))
    limits = g.constant(0), g.constant(6)

    def relu6(x: str) -> str:
        return g.add("Clip", x, *limits)

    def normalized(x: str, inputs: int, outputs: int, kernel: int, stride: int = 1, group: int = 1) -> str:
        return g.batch_norm(g.conv(x, inputs, outputs, kernel, stride, bias=False, group=group), outputs)

    x, channels = relu6(normalized("x", 3, 32, 3)), 32
    for expansion, outputs, blocks, first_stride in ((1, 16, 1, 1), (6, 24, 2, 1), (6, 32, 3, 2), (6, 64, 3, 2)):
        for stride in (first_stride, *[1] * (blocks - 1)):
            inner = expansion * channels
            y = relu6(normalized(x, channels, inner, 1)) if expansion > 1 else x
            y = relu6(normalized(y, inner, inner, 3, stride, group=inner))
            y = normalized(y, inner, outputs, 1)
            x = g.add("Add", y, x) if channels == outputs and stride == 1 else y
            channels = outputs
    x = relu6(normalized(x, 64, 256, 1))
    x = g.add("Flatten", g.add("GlobalAveragePool", x))
    return Network("MobileNetV2, 32x32", (3, 32, 32), g.model(g.dense(x, 256, 10), 10))


def recurrent(kind: str, gates: int, units: int = 128, steps: int = 100, features: int = 32) -> Network:
    g = Nodes((steps, features))
    weights = g.weight(1, gates * units, features), g.weight(1, gates * units, units)
    bias = g.weight(1, 2 * gates * units, scale=0.1)
    extra = {"linear_before_reset": 1} if kind == "GRU" else {}
    y = g.add(kind, g.add("Transpose", "x", perm=[1, 0, 2]), *weights, bias, hidden_size=units, **extra)
    last = g.add("Gather", y, g.constant(-1, np.int64), axis=0)
    squeezed = g.add("Squeeze", last, g.constant([0], np.int64))
    return Network(f"{kind} {units}, {steps} steps", (steps, features), g.model(g.dense(squeezed, units, 10), 10))


def transformer(size: int = 128, heads: int = 4, inner: int = 512, steps: int = 64, blocks: int = 2) -> Network:
    g, x = Nodes((steps, size)), "x"
    split = g.constant([0, 0, heads, size // heads], np.int64)
    merged = g.constant([0, 0, size], np.int64)
    for _ in range(blocks):
        q, k, v = (g.add("Reshape", g.product(x, size, size), split) for _ in range(3))
        q, v = (g.add("Transpose", value, perm=[0, 2, 1, 3]) for value in (q, v))
        scores = g.add("MatMul", q, g.add("Transpose", k, perm=[0, 2, 3, 1]))
        scores = g.add("Div", scores, g.constant((size // heads) ** 0.5))
        y = g.add("MatMul", g.add("Softmax", scores, axis=-1), v)
        y = g.product(g.add("Reshape", g.add("Transpose", y, perm=[0, 2, 1, 3]), merged), size, size)
        x = g.layer_norm(g.add("Add", x, y), size)
        y = g.product(x, size, inner)
        gate = g.add("Add", g.add("Erf", g.add("Div", y, g.constant(2**0.5))), g.constant(1.0))
        y = g.product(g.add("Mul", g.add("Mul", y, gate), g.constant(0.5)), inner, size)
        x = g.layer_norm(g.add("Add", x, y), size)
    x = g.add("ReduceMean", x, axes=[1], keepdims=0)
    name = f"transformer {blocks} x {size}, {steps} steps"
    return Network(name, (steps, size), g.model(g.dense(x, size, 10), 10))


def networks() -> Iterator[Network]:
    """All networks, one after the other."""
    yield mlp()
    yield lenet()
    yield conv_bn()
    yield resnet()
    yield mobilenet()
    yield recurrent("LSTM", 4)
    yield recurrent("GRU", 3)
    yield transformer()
