"""8-bit convolutions by their definition, in NumPy: the reference for `csrc/ops/conv/quantized_*`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from netlet import _core
from support.codes import codes as full_range
from support.codes import requantized
from support.convolution import Definition


@dataclass
class Codes:
    """8-bit codes q of the numbers (q - zero) * scale; zero is None if it is 0."""

    q: np.ndarray
    scale: np.ndarray
    zero: np.ndarray | None = None

    @property
    def centred(self) -> np.ndarray:
        return self.q.astype("float64") - (0 if self.zero is None else self.zero.astype("float64"))

    @property
    def hat(self) -> np.ndarray:
        """The numbers in float32."""
        return (self.centred.astype("float32") * self.scale).astype("float32")


def codes(rng, shape, dtype, axis=None, with_zero=True, scale=None):
    """Codes over the full range; one scale, or one for each entry of `axis`, with that axis kept."""
    sizes = () if axis is None else tuple(n if i == axis % len(shape) else 1 for i, n in enumerate(shape))
    scales = rng.uniform(0.01, 0.1, sizes).astype("float32") if scale is None else np.full(sizes, scale, "float32")
    zero = np.asarray(full_range(rng, sizes, dtype)) if with_zero else None
    return Codes(full_range(rng, shape, dtype), scales, zero)


def sums(kind: str, x: Codes, kernel: Codes, definition: Definition, sizes=None, groups=1) -> np.ndarray:
    """The exact sums of (x - x_zero) * (kernel - kernel_zero); pixels outside x count as 0."""
    w = kernel.centred
    if kind == "conv":
        return definition.forward(x.centred, w, groups)
    if kind == "depthwise":
        return definition.forward(x.centred, w.reshape(*w.shape[:-2], 1, -1), w.shape[-2])
    dy = np.zeros((x.q.shape[0], *sizes, w.shape[-2]))
    return definition.gradients(dy, w, x.centred)[0]


def result(s: np.ndarray, x: Codes, kernel: Codes, bias=None, *more) -> np.ndarray:
    """The last step of exact sums; `more` as for `requantized`."""
    return requantized(s, x.scale, kernel.scale, bias, *more)


KINDS = {
    "conv": _core.quantized_conv,
    "transpose": _core.quantized_conv_transpose,
    "depthwise": _core.quantized_depthwise_conv,
}


class Case:
    """A small random 8-bit convolution with every kind of argument."""

    def __init__(self, kind: str, seed: int) -> None:
        rng = self.rng = np.random.default_rng(seed)
        self.kind = kind
        n = int(rng.integers(1, 4))
        most = {1: 40, 2: 14, 3: 7}[n]
        draw = lambda low, high: [int(v) for v in rng.integers(low, high + 1, n)]  # noqa: E731
        taps, strides, dilation = draw(1, min(5, most // 2)), draw(1, 3), draw(1, 2)
        if rng.random() < 0.5:
            strides = dilation = [1] * n
        pads = [(int(a), int(b)) for a, b in zip(draw(0, 3), draw(0, 3), strict=True)]
        if rng.random() < 0.4:
            pads = [(0, 0)] * n
        reach = [d * (k - 1) + 1 for k, d in zip(taps, dilation, strict=True)]
        self.sizes = [max(s, r - a - b) for s, r, (a, b) in zip(draw(1, most), reach, pads, strict=True)]
        batch, C = int(rng.integers(1, 4)), int(rng.choice([1, 2, 3, 4, 5, 8, 16, 17, 33, 64]))
        filters = int(rng.choice([1, 2, 3, 8, 10, 16, 31, 32, 33, 48, 70]))
        self.definition = Definition(strides, pads, dilation)
        self.groups = int(rng.choice([1, 1, 1, 2, 3])) if kind == "conv" else 1
        channels, image = C * self.groups, self.sizes
        self.outputs, shape = filters * self.groups, (*taps, C, filters * self.groups)
        if kind == "transpose":
            image = [(s + a + b - r) // t + 1 for s, (a, b), r, t in zip(self.sizes, pads, reach, strides, strict=True)]
            shape = (*taps, filters, C)
        elif kind == "depthwise":
            multiplier = int(rng.choice([1, 1, 1, 2]))
            self.outputs, shape = C * multiplier, (*taps, C, multiplier)
        self.x = codes(rng, (batch, *image, channels), "uint8", rng.choice([None, 0]), rng.random() < 0.8)
        with_zero = rng.random() < 0.3
        if rng.random() < 0.3:
            self.kernel = codes(rng, shape, "int8", None, with_zero)
        else:
            self.kernel = codes(rng, shape, "int8", None if kind == "depthwise" else n if kind == "transpose" else -1)
            if kind == "depthwise":
                self.kernel.scale = rng.uniform(0.01, 0.1, (1,) * n + shape[-2:]).astype("float32")
                self.kernel.zero = full_range(rng, self.kernel.scale.shape, "int8")
            if not with_zero:
                self.kernel.zero = None
        self.bias = [
            None,
            rng.normal(0, 100, self.outputs).astype("float32"),
            rng.integers(-9999, 9999, self.outputs).astype("int32"),
        ][int(rng.integers(3))]

    def run(self, **options):
        d = self.definition
        sizes = (self.sizes,) if self.kind == "transpose" else ()
        x, k = self.x, self.kernel
        return KINDS[self.kind](
            x.q, x.scale, x.zero, k.q, k.scale, k.zero, self.bias, d.strides, d.pads, *sizes, d.dilation, **options
        )

    @property
    def expected(self) -> np.ndarray:
        s = sums(self.kind, self.x, self.kernel, self.definition, self.sizes, self.groups)
        return result(s, self.x, self.kernel, self.bias)
