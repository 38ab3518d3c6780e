"""Kernels of convolutions that compute a short-time Fourier transform."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import _core
from netlet.base.extras import needs
from netlet.config import standardize_dtype

from .initializer import Initializer

_COSINES = {"hann": 0.5, "hamming": 0.54}
_SCALINGS = ("density", "spectrum", None)


def window_values(window: Any, length: int, periodic: bool) -> np.ndarray:
    """The values of a window in float64.

    Args:
        window: name of a window ("hann", "hamming"; others if SciPy is installed), or its values.
        length: number of points.
        periodic: whether one point more would be the first one again.

    Returns:
        ndarray (length,).

    Raises:
        ValueError: the name is unknown, or the values have another shape.
        ImportError: the name is one that SciPy knows, and SciPy is not installed.

    >>> window_values("hann", 4, True).round(12).tolist()
    [0.0, 0.5, 1.0, 0.5]
    """
    if not isinstance(window, str):
        values = np.asarray(window, np.float64)
        if values.shape != (length,):
            raise ValueError(f"expected a window of shape ({length},), received shape {values.shape}.")
        return values
    if window in _COSINES:
        if length == 1:
            return np.ones(1)
        turns = np.arange(length) / (length if periodic else length - 1)
        return _COSINES[window] - (1 - _COSINES[window]) * np.cos(2 * np.pi * turns)
    signal = needs("scipy.signal", None, f"the window {window!r}", "The windows 'hann' and 'hamming' need no package.")
    return np.asarray(signal.get_window(window, length, periodic), np.float64)


class STFT(Initializer):
    """Kernel of a convolution that computes one part of a short-time Fourier transform, for `STFTSpectrogram`.

    kernel[t, 0, f] = w[t] cos(2 pi t f / F) / scale, or −sin for the imaginary part, with F = 2 (frequencies − 1).

    Args:
        side: "real" (the default) or "imag".
        window: w: a name, "hann" (the default) or "hamming"; values; or None for 1.
        scaling: "density" (the default): the root of the sum of squares of w; "spectrum": the sum of |w|; None: 1.
        periodic: whether a named window is periodic; False by default.

    Raises:
        ValueError: another side, window or scaling; at the call, a shape other than (T, 1, frequencies).
        ImportError: a window other than "hann" and "hamming", and SciPy is not installed.

    >>> STFT("real", None)((4, 1, 3)).numpy()[:, 0, 1].round(6).tolist()
    [1.0, 0.0, -1.0, -0.0]
    """

    def __init__(
        self, side: str = "real", window: Any = "hann", scaling: str | None = "density", periodic: bool = False
    ) -> None:
        if side not in ("real", "imag"):
            raise ValueError(f"STFT: expected the side 'real' or 'imag', received {side!r}.")
        if scaling not in _SCALINGS:
            raise ValueError(f"STFT: expected the scaling 'density', 'spectrum' or None, received {scaling!r}.")
        if isinstance(window, str):
            window_values(window, 1, periodic)  # ValueError for an unknown name
        self.side, self.window, self.scaling, self.periodic = side, window, scaling, periodic

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        if len(shape) != 3 or shape[2] < 2:
            raise ValueError(f"STFT: expected a shape (T, 1, frequencies), received {tuple(shape)}.")
        length, _, frequencies = (int(d) for d in shape)
        angle = np.pi / (frequencies - 1) * np.arange(length)[:, None] * np.arange(frequencies)
        kernel = np.cos(angle) if self.side == "real" else -np.sin(angle)
        if self.window is not None:
            w = window_values(self.window, length, self.periodic)
            scale = {"density": np.sqrt(np.square(w).sum()), "spectrum": np.abs(w).sum(), None: 1.0}[self.scaling]
            kernel = kernel * w[:, None] / scale
        return _core.tensor(np.broadcast_to(kernel[:, None], tuple(shape)), standardize_dtype(dtype))

    def get_config(self) -> dict[str, Any]:
        window = self.window.tolist() if isinstance(self.window, np.ndarray) else self.window
        return {"side": self.side, "window": window, "scaling": self.scaling, "periodic": self.periodic}
