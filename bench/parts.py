"""The layers of the benchmark networks, each for every side: Keras's interface (netlet's too), PyTorch and ONNX.

Shapes are those of one sample, channels last. PyTorch and ONNX have channels first: kernels are transposed from
(K, K, C, F) to (F, C, K, K), and the rows of a dense layer after a Flatten from (H, W, C) to (C, H, W).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

Shape = tuple[int, ...]
Arrays = list[np.ndarray]


class Part:
    """A layer. `weights` is the number of its weight arrays; `shape` is always that of its input."""

    weights = 0

    def keras(self, api: Any) -> Any:
        """A layer, or a list of layers; `api` is keras or netlet."""
        raise NotImplementedError

    def out(self, shape: Shape) -> Shape:
        return shape

    def products(self, shape: Shape) -> int:
        """Multiply-adds of one sample in forward."""
        return 0

    def torch(self, nn: Any, shape: Shape) -> list[Any]:
        raise NotImplementedError

    def channels_first(self, weights: Arrays, image: Shape | None) -> Arrays:
        """The weights in PyTorch's layout and in the order of its state_dict.

        Args:
            weights: Keras's arrays.
            image: the input shape (H, W, C) of the Flatten directly before this layer, or None.
        """
        return weights

    def onnx(self, weights: Arrays) -> list[tuple[str, Arrays, dict[str, Any]]]:
        """(operator, constants, attributes) of each node; `weights` are channels first."""
        raise NotImplementedError


ACTIVATIONS = {"relu": ("ReLU", "Relu"), "sigmoid": ("Sigmoid", "Sigmoid"), "tanh": ("Tanh", "Tanh")}


@dataclass(frozen=True)
class Activated(Part):
    """A part followed by an activation, or by none."""

    size: int
    activation: str | None = None

    def _torch(self, nn: Any) -> list[Any]:
        return [getattr(nn, ACTIVATIONS[self.activation][0])()] if self.activation else []

    def _onnx(self) -> list[tuple[str, Arrays, dict[str, Any]]]:
        return [(ACTIVATIONS[self.activation][1], [], {})] if self.activation else []


@dataclass(frozen=True)
class Dense(Activated):
    weights = 2

    def keras(self, api: Any) -> Any:
        return api.layers.Dense(self.size, activation=self.activation)

    def out(self, shape: Shape) -> Shape:
        return (self.size,)

    def products(self, shape: Shape) -> int:
        return shape[0] * self.size

    def torch(self, nn: Any, shape: Shape) -> list[Any]:
        return [nn.Linear(shape[0], self.size), *self._torch(nn)]

    def channels_first(self, weights: Arrays, image: Shape | None) -> Arrays:
        kernel, bias = weights
        if image:
            kernel = np.moveaxis(kernel.reshape(*image, -1), 2, 0).reshape(kernel.shape)
        return [np.ascontiguousarray(kernel.T), bias]

    def onnx(self, weights: Arrays) -> list[tuple[str, Arrays, dict[str, Any]]]:
        return [("Gemm", weights, {"transB": 1}), *self._onnx()]


@dataclass(frozen=True)
class Conv(Activated):
    kernel: int = 3
    same: bool = False
    bias: bool = True

    @property
    def weights(self) -> int:  # type: ignore[override]
        return 1 + self.bias

    def keras(self, api: Any) -> Any:
        padding = "same" if self.same else "valid"
        return api.layers.Conv2D(
            self.size, self.kernel, padding=padding, activation=self.activation, use_bias=self.bias
        )

    def out(self, shape: Shape) -> Shape:
        less = 0 if self.same else self.kernel - 1
        return (shape[0] - less, shape[1] - less, self.size)

    def products(self, shape: Shape) -> int:
        return math.prod(self.out(shape)) * self.kernel**2 * shape[2]

    def torch(self, nn: Any, shape: Shape) -> list[Any]:
        padding = "same" if self.same else "valid"
        return [nn.Conv2d(shape[2], self.size, self.kernel, padding=padding, bias=self.bias), *self._torch(nn)]

    def channels_first(self, weights: Arrays, image: Shape | None) -> Arrays:
        return [np.ascontiguousarray(weights[0].transpose(3, 2, 0, 1)), *weights[1:]]

    def onnx(self, weights: Arrays) -> list[tuple[str, Arrays, dict[str, Any]]]:
        pads = [self.kernel // 2 if self.same else 0] * 4
        return [("Conv", weights, {"pads": pads}), *self._onnx()]


@dataclass(frozen=True)
class Pool(Part):
    kind: str = "max"  # or "average"
    size: int = 2

    def keras(self, api: Any) -> Any:
        return (api.layers.MaxPooling2D if self.kind == "max" else api.layers.AveragePooling2D)(self.size)

    def out(self, shape: Shape) -> Shape:
        return (shape[0] // self.size, shape[1] // self.size, shape[2])

    def torch(self, nn: Any, shape: Shape) -> list[Any]:
        return [(nn.MaxPool2d if self.kind == "max" else nn.AvgPool2d)(self.size)]

    def onnx(self, weights: Arrays) -> list[tuple[str, Arrays, dict[str, Any]]]:
        steps = [self.size] * 2
        return [("MaxPool" if self.kind == "max" else "AveragePool", [], {"kernel_shape": steps, "strides": steps})]


@dataclass(frozen=True)
class BatchNorm(Part):
    """Batch normalization followed by a ReLU, with Keras's epsilon and momentum."""

    weights = 4

    def keras(self, api: Any) -> Any:
        return [api.layers.BatchNormalization(), api.layers.ReLU()]

    def torch(self, nn: Any, shape: Shape) -> list[Any]:
        return [nn.BatchNorm2d(shape[2], eps=1e-3, momentum=0.01), nn.ReLU()]

    def onnx(self, weights: Arrays) -> list[tuple[str, Arrays, dict[str, Any]]]:
        return [("BatchNormalization", weights, {"epsilon": 1e-3}), ("Relu", [], {})]


@dataclass(frozen=True)
class Dropout(Part):
    rate: float

    def keras(self, api: Any) -> Any:
        return api.layers.Dropout(self.rate)

    def torch(self, nn: Any, shape: Shape) -> list[Any]:
        return [nn.Dropout(self.rate)]

    def onnx(self, weights: Arrays) -> list[tuple[str, Arrays, dict[str, Any]]]:
        return []


@dataclass(frozen=True)
class Flatten(Part):
    def keras(self, api: Any) -> Any:
        return api.layers.Flatten()

    def out(self, shape: Shape) -> Shape:
        return (math.prod(shape),)

    def torch(self, nn: Any, shape: Shape) -> list[Any]:
        return [nn.Flatten()]

    def onnx(self, weights: Arrays) -> list[tuple[str, Arrays, dict[str, Any]]]:
        return [("Flatten", [], {})]


@dataclass(frozen=True)
class GlobalAverage(Part):
    def keras(self, api: Any) -> Any:
        return api.layers.GlobalAveragePooling2D()

    def out(self, shape: Shape) -> Shape:
        return shape[-1:]

    def torch(self, nn: Any, shape: Shape) -> list[Any]:
        return [nn.AdaptiveAvgPool2d(1), nn.Flatten()]

    def onnx(self, weights: Arrays) -> list[tuple[str, Arrays, dict[str, Any]]]:
        return [("GlobalAveragePool", [], {}), ("Flatten", [], {})]


def walk(shape: Shape, parts: tuple[Part, ...]) -> Iterator[tuple[Part, Shape]]:
    """Each part with its input shape."""
    for part in parts:
        yield part, shape
        shape = part.out(shape)


def channels_first(shape: Shape, parts: tuple[Part, ...], weights: Arrays) -> list[Arrays]:
    """The weights of each part, channels first, from Keras's list of all weights."""
    rest, image, found = iter(weights), None, []
    for part, incoming in walk(shape, parts):
        found.append(part.channels_first([next(rest) for _ in range(part.weights)], image))
        image = incoming if isinstance(part, Flatten) and len(incoming) == 3 else None if part.weights else image
    assert next(rest, None) is None
    return found
