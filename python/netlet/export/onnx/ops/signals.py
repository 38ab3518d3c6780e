"""Short-time Fourier transforms, as convolutions with the transform of each unit signal."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet.ops.math.short_time import stft

from ..exporter import Exporter
from ..registry import op


@op("stft")
def _stft(
    e: Exporter,
    out: Any,
    x: Any,
    sequence_length: int,
    sequence_stride: int,
    fft_length: int,
    window: Any,
    center: bool,
) -> list[str]:
    g, dtype = e.graph, out[0].dtype
    units = np.eye(fft_length, dtype=dtype)
    parts = [np.asarray(v) for v in stft(units, sequence_length, sequence_stride, fft_length, window, False)]
    bins = parts[0].shape[-1]
    kernel = np.concatenate([p[:, 0].T for p in parts])[:, None]  # (2 bins, 1, fft_length)
    flat = g.op("Reshape", e.name(x, dtype), g.op("Concat", g.ints(-1, 1), e.shape_part(x, -1), axis=0))
    if center:
        half = fft_length // 2
        flat = g.op("Pad", flat, g.ints(0, 0, half, 0, 0, half), mode="reflect")
    both = g.op("Conv", flat, g.constant(kernel, dtype), kernel_shape=[fft_length], strides=[sequence_stride])
    lead = [e.shape_part(x, i) for i in range(len(x.shape) - 1)]
    shape = g.op("Concat", *lead, g.ints(-1, bins), axis=0)
    made = g.op("Split", g.op("Transpose", both, perm=[0, 2, 1]), axis=-1, num_outputs=2, outputs=2)
    return [g.op("Reshape", name, shape) for name in made]
