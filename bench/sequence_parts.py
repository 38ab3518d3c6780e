"""The layers of the benchmark networks over sequences; see parts.py."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from parts import Arrays, Part, Shape


@dataclass(frozen=True)
class Embedding(Part):
    vocabulary: int
    size: int
    weights = 1

    def keras(self, api: Any) -> Any:
        return api.layers.Embedding(self.vocabulary, self.size)

    def out(self, shape: Shape) -> Shape:
        return (*shape, self.size)

    def torch(self, nn: Any, shape: Shape) -> list[Any]:
        return [nn.Embedding(self.vocabulary, self.size)]

    def onnx(self, weights: Arrays) -> list[tuple[str, Arrays, dict[str, Any]]]:
        raise NotImplementedError


@dataclass(frozen=True)
class Recurrent(Part):
    """One layer over all steps. Its output is the last h or, with `every_step`, every h."""

    size: int
    every_step: bool = False
    both_ways: bool = False
    gates = 0
    one_bias = False

    @property
    def weights(self) -> int:  # type: ignore[override]
        return 6 if self.both_ways else 3

    def keras(self, api: Any) -> Any:
        layer = getattr(api.layers, type(self).__name__)(self.size, return_sequences=self.every_step)
        return api.layers.Bidirectional(layer) if self.both_ways else layer

    def out(self, shape: Shape) -> Shape:
        size = self.size * (2 if self.both_ways else 1)
        return (shape[0], size) if self.every_step else (size,)

    def products(self, shape: Shape) -> int:
        return shape[0] * self.gates * self.size * (shape[1] + self.size) * (2 if self.both_ways else 1)

    def torch(self, nn: Any, shape: Shape) -> list[Any]:
        part = self

        class OneOutput(nn.Module):  # type: ignore[misc]
            def __init__(self) -> None:
                super().__init__()
                kind = getattr(nn, type(part).__name__)
                self.layer = kind(shape[1], part.size, batch_first=True, bidirectional=part.both_ways)
                for name, bias in self.layer.named_parameters():
                    if part.one_bias and name.startswith("bias_hh"):
                        bias.requires_grad_(False)

            def forward(self, x: Any) -> Any:
                y, last = self.layer(x)
                if part.every_step:
                    return y
                h = last[0] if isinstance(last, tuple) else last
                return h.transpose(0, 1).flatten(1)

        return [OneOutput()]


@dataclass(frozen=True)
class LSTM(Recurrent):
    gates = 4
    one_bias = True

    def channels_first(self, weights: Arrays, image: Shape | None) -> Arrays:
        """Gates keep their order. Keras has one bias, so PyTorch's second bias is zero and not trained."""
        found = []
        for kernel, recurrent, bias in zip(weights[::3], weights[1::3], weights[2::3]):
            found += [kernel.T, recurrent.T, bias, np.zeros_like(bias)]
        return [np.ascontiguousarray(w) for w in found]

    def onnx(self, weights: Arrays) -> list[tuple[str, Arrays, dict[str, Any]]]:
        if self.both_ways or self.every_step:
            raise NotImplementedError
        kernel, recurrent, bias, other = weights
        order = np.concatenate([np.arange(self.size) + g * self.size for g in (0, 3, 1, 2)])  # i, o, f, c
        constants = [kernel[order][None], recurrent[order][None], np.concatenate([bias[order], other])[None]]
        last = np.array(-1, np.int64)
        return [
            ("Transpose", [], {"perm": [1, 0, 2]}),
            ("LSTM", constants, {"hidden_size": self.size}),  # (steps, 1, rows, size)
            ("Gather", [last], {"axis": 0}),
            ("Squeeze", [np.array([0], np.int64)], {}),
        ]


@dataclass(frozen=True)
class GRU(Recurrent):
    gates = 3

    def channels_first(self, weights: Arrays, image: Shape | None) -> Arrays:
        """Reorders the gates from z, r, n to r, z, n."""
        kernel, recurrent, bias = weights
        order = np.concatenate([np.arange(self.size) + g * self.size for g in (1, 0, 2)])
        return [np.ascontiguousarray(w) for w in (kernel.T[order], recurrent.T[order], bias[0][order], bias[1][order])]

    def onnx(self, weights: Arrays) -> list[tuple[str, Arrays, dict[str, Any]]]:
        if self.both_ways or self.every_step:
            raise NotImplementedError
        kernel, recurrent, bias, other = weights
        order = np.concatenate([np.arange(self.size) + g * self.size for g in (1, 0, 2)])  # z, r, h
        constants = [kernel[order][None], recurrent[order][None], np.concatenate([bias[order], other[order]])[None]]
        return [
            ("Transpose", [], {"perm": [1, 0, 2]}),
            ("GRU", constants, {"hidden_size": self.size, "linear_before_reset": 1}),
            ("Gather", [np.array(-1, np.int64)], {"axis": 0}),
            ("Squeeze", [np.array([0], np.int64)], {}),
        ]


@dataclass(frozen=True)
class TransformerBlock(Part):
    """Self-attention and two dense layers with gelu, each added to its input and normalized (Vaswani et al., 2017)."""

    heads: int
    inner: int
    weights = 16
    epsilon = 1e-5

    def keras(self, api: Any) -> Any:
        layers, part = api.layers, self

        class Block(layers.Layer):  # type: ignore[misc]
            def __init__(self) -> None:
                super().__init__()
                self.norms = [layers.LayerNormalization(epsilon=part.epsilon) for _ in range(2)]

            def build(self, shape: Shape) -> None:
                size = shape[-1]
                self.attention = layers.MultiHeadAttention(part.heads, size // part.heads)
                self.attention.build(shape, shape)
                self.up, self.down = layers.Dense(part.inner, activation="gelu"), layers.Dense(size)
                self.up.build(shape)
                self.down.build((*shape[:-1], part.inner))
                for norm in self.norms:
                    norm.build(shape)

            def call(self, x: Any) -> Any:
                x = self.norms[0](x + self.attention(x, x))
                return self.norms[1](x + self.down(self.up(x)))

        return Block()

    def products(self, shape: Shape) -> int:
        steps, size = shape
        return steps * (4 * size**2 + 2 * steps * size + 2 * size * self.inner)

    def torch(self, nn: Any, shape: Shape) -> list[Any]:
        return [
            nn.TransformerEncoderLayer(
                shape[1],
                self.heads,
                self.inner,
                dropout=0.0,
                batch_first=True,
                activation="gelu",
                layer_norm_eps=self.epsilon,
            )
        ]

    def channels_first(self, weights: Arrays, image: Shape | None) -> Arrays:
        norms, (q, qb, k, kb, v, vb, o, ob), dense = weights[:4], weights[4:12], weights[12:]
        size = q.shape[0]
        inward = np.concatenate([w.reshape(size, size).T for w in (q, k, v)])
        bias = np.concatenate([b.ravel() for b in (qb, kb, vb)])
        linear = [dense[0].T, dense[1], dense[2].T, dense[3]]
        return [np.ascontiguousarray(w) for w in (inward, bias, o.reshape(size, size).T, ob, *linear, *norms)]

    def onnx(self, weights: Arrays) -> list[tuple[str, Arrays, dict[str, Any]]]:
        raise NotImplementedError


class Average(Part):
    """The average over the steps."""

    def keras(self, api: Any) -> Any:
        return api.layers.GlobalAveragePooling1D()

    def out(self, shape: Shape) -> Shape:
        return shape[-1:]

    def torch(self, nn: Any, shape: Shape) -> list[Any]:
        class Mean(nn.Module):  # type: ignore[misc]
            def forward(self, x: Any) -> Any:
                return x.mean(1)

        return [Mean()]

    def onnx(self, weights: Arrays) -> list[tuple[str, Arrays, dict[str, Any]]]:
        return [("ReduceMean", [], {"axes": [1], "keepdims": 0})]
