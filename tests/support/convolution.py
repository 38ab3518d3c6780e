"""Convolution by its definition, tap by tap, in float64: the reference for `csrc/ops/conv`. Channels last."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass
class Definition:
    """The strides, padding and dilation of a convolution, one entry for each spatial axis."""

    strides: Sequence[int]
    pads: Sequence[tuple[int, int]]
    dilation: Sequence[int]

    def padded(self, x: np.ndarray) -> np.ndarray:
        return np.pad(x.astype("float64"), [(0, 0), *self.pads, (0, 0)])

    def taps(
        self, extents: Sequence[int], kernel: Sequence[int]
    ) -> Iterator[tuple[tuple[int, ...], tuple[slice, ...]]]:
        """Yields each tap and the pixels of a padded image that it reads."""
        axes = list(zip(extents, kernel, self.strides, self.dilation, strict=True))
        places = [(n - d * (k - 1) - 1) // s + 1 for n, k, s, d in axes]
        for tap in np.ndindex(*kernel):
            starts = [t * d for t, d in zip(tap, self.dilation, strict=True)]
            ends = [at + (n - 1) * s + 1 for at, n, s in zip(starts, places, self.strides, strict=True)]
            yield tap, (slice(None), *(slice(*span) for span in zip(starts, ends, self.strides, strict=True)))

    def forward(self, x: np.ndarray, w: np.ndarray, groups: int = 1) -> np.ndarray:
        xp, y = self.padded(x), 0
        for tap, at in self.taps(xp.shape[1:-1], w.shape[:-2]):
            parts = zip(np.split(xp[at], groups, -1), np.split(w[tap].astype("float64"), groups, -1), strict=True)
            y = y + np.concatenate([a @ b for a, b in parts], -1)
        return np.asarray(y)

    def gradients(self, x: np.ndarray, w: np.ndarray, dy: np.ndarray, groups: int = 1) -> tuple[np.ndarray, np.ndarray]:
        """(dx, dw) for the gradient dy with respect to the output."""
        xp, dw = self.padded(x), np.zeros(w.shape)
        dxp = np.zeros(xp.shape)
        for tap, at in self.taps(xp.shape[1:-1], w.shape[:-2]):
            parts = list(
                zip(
                    np.split(xp[at], groups, -1),
                    np.split(w[tap].astype("float64"), groups, -1),
                    np.split(dy.astype("float64"), groups, -1),
                    strict=True,
                )
            )
            dw[tap] = np.concatenate([np.tensordot(a, d, (range(d.ndim - 1),) * 2) for a, _, d in parts], -1)
            dxp[at] += np.concatenate([d @ b.T for _, b, d in parts], -1)
        inside = [slice(low, low + n) for (low, _), n in zip(self.pads, x.shape[1:-1], strict=True)]
        return dxp[(slice(None), *inside)], dw
