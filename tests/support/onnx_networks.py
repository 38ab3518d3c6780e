"""The networks that tests of `netlet.onnx.load` share: name -> (ModelProto, shape of a sample, names of its layers)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from .onnx_graphs import Graph, randoms

Network = tuple[Any, tuple[int, ...], list[str]]


def convolutions() -> Network:
    """Strides, paddings of both kinds, groups, depthwise, batch normalization, pooling, Flatten and Gemm."""
    r, g = randoms(), Graph(x=("n", 4, 12, 10))
    x = g("Relu", g("Conv", "x", r(6, 4, 3, 3), r(6), pads=[1, 1, 1, 1]))
    x = g("Conv", x, r(8, 3, 3, 3), r(8), strides=[2, 2], pads=[1, 1, 1, 1], group=2)
    x = g("BatchNormalization", x, 1 + r(8), r(8), r(8), np.abs(r(8)) + 0.5, epsilon=1e-3)
    x = g("LeakyRelu", x, alpha=0.2)
    x = g("Conv", x, r(8, 1, 3, 3), None, group=8, pads=[0, 1, 1, 0])
    x = g("MaxPool", x, kernel_shape=[2, 2], strides=[1, 1], pads=[1, 0, 0, 1])
    x = g("AveragePool", x, kernel_shape=[2, 2], strides=[2, 2])
    x = g("Dropout", g("Relu", g("Flatten", x)))
    y = g("Softmax", g("Gemm", x, r(5, 8 * 2 * 2), r(5), transB=1))
    layers = "Permute Conv2D ZeroPadding2D Conv2D BatchNormalization LeakyReLU ZeroPadding2D DepthwiseConv2D Pad "
    layers += "MaxPooling2D AveragePooling2D Flatten Activation Dropout Dense Softmax"
    return g.model(y), (4, 12, 10), layers.split()


def residual() -> Network:
    """Two branches that are added, the weights of a squeeze-and-excitation block, and a pooling of the whole image."""
    r, g = randoms(1), Graph(x=("n", 3, 8, 8))
    x = g("Relu", g("Conv", "x", r(6, 3, 3, 3), None, auto_pad="SAME_UPPER", strides=[2, 2]))
    y = g("Relu", g("Add", g("Conv", x, r(6, 6, 3, 3), None, pads=[1, 1, 1, 1]), x))
    gate = g("Sigmoid", g("Conv", g("GlobalAveragePool", y), r(6, 6, 1, 1), r(6)))
    y = g("Concat", g("Mul", y, gate), g("Sigmoid", x), axis=1)
    y = g("Pad", y, np.array([0, 0, 1, 0, 0, 0, 0, 2]))
    y = g("Resize", y, None, np.array([1, 1, 2, 3], np.float32), mode="nearest")
    y = g("Flatten", g("GlobalAveragePool", y))
    layers = "Permute Conv2D Conv2D Add Activation GlobalAveragePooling2D Expand_dims Conv2D Multiply Activation "
    layers += "Concatenate ZeroPadding2D UpSampling2D GlobalAveragePooling2D Dense"
    return g.model(g("Gemm", y, r(12, 4), r(4))), (3, 8, 8), layers.split()


def upward() -> Network:
    """Transposed convolutions, cropped and not, and normalizations over channels."""
    r, g = randoms(2), Graph(x=("n", 6, 4, 5))
    x = g("ConvTranspose", "x", r(6, 4, 4, 4), r(4), strides=[2, 2], pads=[1, 1, 1, 1])
    x = g("InstanceNormalization", x, 1 + r(4), r(4))
    x = g("ConvTranspose", x, r(4, 3, 3, 3), None, strides=[2, 2], pads=[1, 1, 1, 1], output_padding=[1, 1])
    x = g("PRelu", x, np.abs(r(3, 1, 1)))
    layers = "Permute Conv2DTranspose GroupNormalization Conv2DTranspose Cropping2D PReLU Permute"
    return g.model(x), (6, 4, 5), layers.split()


def sequences_1d() -> Network:
    """Convolutions of sequences, causal and dilated."""
    r, g = randoms(3), Graph(x=("n", 5, 12))
    x = g("Tanh", g("Conv", "x", r(6, 5, 3), r(6), pads=[2, 0]))
    x = g("Conv", x, r(6, 6, 3), r(6), dilations=[2], pads=[2, 2])
    x = g("MaxPool", x, kernel_shape=[2], strides=[2])
    layers = "Permute Conv1D Conv1D MaxPooling1D GlobalMaxPooling1D Dense"
    y = g("Flatten", g("GlobalMaxPool", x))
    return g.model(g("Gemm", y, r(6, 3), r(3))), (5, 12), layers.split()


def recurrent(kind: str, direction: str, every_step: bool) -> Network:
    """A recurrent node, its hidden states or its last one."""
    gates = {"LSTM": 4, "GRU": 3, "RNN": 1}[kind]
    r, g, both = randoms(4), Graph(x=("n", "t", 5)), 2 if direction == "bidirectional" else 1
    extra = {"linear_before_reset": 1} if kind == "GRU" and every_step else {}
    weights = r(both, gates * 6, 5), r(both, gates * 6, 6), r(both, 2 * gates * 6)
    x = g("Transpose", "x", perm=[1, 0, 2])
    y, h = g(kind, x, *weights, outputs=2, hidden_size=6, direction=direction, **extra)
    y = g("Transpose", y, perm=[2, 0, 1, 3]) if every_step else g("Transpose", h, perm=[1, 0, 2])
    layer = "SimpleRNN" if kind == "RNN" else kind
    return g.model(y), (7, 5), ["Bidirectional" if both == 2 else layer]


def transformer(opset: int) -> Network:
    """Attention, layer normalization and gelu; before opset 17 of many nodes each."""
    r, g = randoms(5), Graph(opset, x=("n", "t", 8))

    def product(x: str, size: int) -> str:
        return str(g("Add", g("MatMul", x, r(8 if size != 8 or x != "wide" else 16, size)), r(size)))

    def norm(x: str) -> str:
        if opset >= 17:
            return str(g("LayerNormalization", x, 1 + r(8), r(8), epsilon=1e-4))
        d = g("Sub", x, g("ReduceMean", x, axes=[-1]))
        variance = g("ReduceMean", g("Pow", d, np.float32(2)), axes=[-1])
        return str(g("Add", g("Mul", g("Div", d, g("Sqrt", g("Add", variance, np.float32(1e-4)))), 1 + r(8)), r(8)))

    q, k, v = (g("Reshape", product("x", 8), np.array([0, 0, 2, 4])) for _ in range(3))
    q, k, v = (g("Transpose", a, perm=p) for a, p in ((q, [0, 2, 1, 3]), (k, [0, 2, 3, 1]), (v, [0, 2, 1, 3])))
    scores = g("Mul", g("MatMul", q, k), np.float32(0.5))
    y = g("Transpose", g("MatMul", g("Softmax", scores, axis=-1), v), perm=[0, 2, 1, 3])
    x = norm(g("Add", "x", product(g("Reshape", y, np.array([0, 0, 8])), 8)))
    y = product(x, 8)
    gate = g("Add", g("Erf", g("Div", y, np.float32(2**0.5))), np.float32(1))
    x = norm(g("Add", x, g("Mul", g("Mul", y, gate), np.float32(0.5))))
    layers = "Dense Reshape Dense Dense Reshape Reshape Dot_product_attention Reshape Dense Add LayerNormalization "
    return g.model(x), (6, 8), (layers + "Dense Add LayerNormalization").split()


def _recurrent_networks() -> dict[str, Callable[[], Network]]:
    return {
        f"{kind} {direction} {'all' if every else 'last'}": partial(recurrent, kind, direction, every)
        for kind in ("LSTM", "GRU", "RNN")
        for direction in ("forward", "reverse", "bidirectional")
        for every in (True, False)
    }


NETWORKS: dict[str, Callable[[], Network]] = {
    "convolutions": convolutions,
    "residual": residual,
    "upward": upward,
    "sequences": sequences_1d,
    "transformer 17": partial(transformer, 17),
    "transformer 13": partial(transformer, 13),
    **_recurrent_networks(),
}
