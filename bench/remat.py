"""Memory and time of a training step with and without recomputation (netlet.RematScope): docs/guides/recomputation.md.

    python -m bench.remat

One thread; the shortest of seven steps counts.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import numpy as np

import netlet
from netlet import layers
from netlet.commands.bench.timing import shortest

Scope = Callable[[], Any]


def mlp(scope: Scope) -> tuple[Any, tuple[int, ...]]:
    """Eight blocks of three layers, and the shape of a batch."""
    blocks = []
    for _ in range(8):
        with scope():
            blocks.append(netlet.Sequential([layers.Dense(256, "gelu") for _ in range(3)]))
    return netlet.Sequential([netlet.Input((256,)), *blocks, layers.Dense(10)]), (256, 256)


def cnn(scope: Scope) -> tuple[Any, tuple[int, ...]]:
    """Six residual blocks of two convolutions."""
    x = inputs = netlet.Input((32, 32, 16))
    for _ in range(6):
        with scope():
            parts: list[Any] = []
            for activation in ("relu", "linear"):
                parts.append(layers.Conv2D(16, 3, padding="same", use_bias=False))
                parts += [layers.BatchNormalization(), layers.Activation(activation)]
            block = netlet.Sequential(parts)
        x = layers.Activation("relu")(layers.add([x, block(x)]))
    return netlet.Model(inputs, layers.Dense(10)(layers.GlobalAveragePooling2D()(x))), (32, 32, 32, 16)


class Encoder(layers.Layer):
    """A block of a transformer."""

    def __init__(self) -> None:
        super().__init__()
        self.norms = [layers.LayerNormalization(), layers.LayerNormalization()]
        self.attention = layers.MultiHeadAttention(4, 32, dropout=0.1)
        self.wide, self.narrow, self.drop = layers.Dense(512, "gelu"), layers.Dense(128), layers.Dropout(0.1)

    def call(self, x: Any, training: Any = None) -> Any:
        h = self.norms[0](x)
        x = x + self.attention(h, h, training=training)
        return x + self.drop(self.narrow(self.wide(self.norms[1](x))), training=training)


def transformer(scope: Scope) -> tuple[Any, tuple[int, ...]]:
    """Six encoders."""
    x = inputs = netlet.Input((64, 128))
    for _ in range(6):
        with scope():
            encoder = Encoder()
        x = encoder(x)
    return netlet.Model(inputs, layers.Dense(10)(layers.GlobalAveragePooling1D()(x))), (32, 64, 128)


def measured(make: Callable[[Scope], tuple[Any, tuple[int, ...]]], scope: Scope) -> tuple[float, float, float]:
    """(MiB of the arena, milliseconds of a step, loss after four steps)."""
    netlet.utils.set_random_seed(0)
    model, shape = make(scope)
    model.compile("adam", netlet.losses.SparseCategoricalCrossentropy(from_logits=True))
    x = np.random.default_rng(0).normal(size=shape).astype("float32")
    y = np.arange(shape[0]) % 10
    loss = [model.train_on_batch(x, y) for _ in range(4)][-1]
    seconds = shortest(lambda: model.train_on_batch(x, y), repeats=7)
    return model._steps.last("train").plan.arena_bytes / 2**20, 1e3 * seconds, loss


def main() -> None:
    netlet.set_num_threads(1)
    for make in (mlp, cnn, transformer):
        saved, recomputed = measured(make, contextlib.nullcontext), measured(make, netlet.RematScope)
        assert saved[2] == recomputed[2], "recomputation must not change the training"
        print(
            f"{make.__name__:12} {saved[0]:7.1f} MiB -> {recomputed[0]:6.1f} MiB   "
            f"{saved[1]:7.1f} ms -> {recomputed[1]:7.1f} ms ({100 * (recomputed[1] / saved[1] - 1):+.0f} %)"
        )


if __name__ == "__main__":
    main()
