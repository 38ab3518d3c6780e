"""STFTSpectrogram: the short-time Fourier transform as a convolution."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from netlet import config, ops
from netlet.initializers import STFT

from ...base.input_spec import InputSpec
from ...base.layer import Layer

_MODES = ("log", "magnitude", "psd", "real", "imag", "angle", "stft")


class STFTSpectrogram(Layer):
    """Spectrograms of signals, by convolutions whose kernels are windowed cosines and sines.

    The kernels are weights, so they can be trained further. Each channel is transformed by itself. With F the number of
    frequencies, fft_length // 2 + 1 (twice that for the mode "stft"):

    - channels_last: (batch, time, channels) to (batch, pieces, channels F), with `expand_dims` (batch, pieces, F,
      channels)
    - channels_first: (batch, channels, time) to (batch, channels F, pieces), with `expand_dims` (batch, channels,
      pieces, F)

    Args:
        mode: "log" (the default): logarithm of the magnitude; "magnitude"; "psd": power spectral density; "real",
            "imag", "angle"; or "stft": the real parts and then the imaginary parts.
        frame_length: length of a piece in samples; 256 by default.
        frame_step: distance between the beginnings of two neighbours; None (the default): half of frame_length.
        fft_length: length of the transform; None (the default): the next power of two from frame_length on.
        window: "hann" (the default), "hamming", values (frame_length,), or None.
        periodic: whether a named window is periodic; False by default.
        scaling: "density" (the default), "spectrum" or None; see `initializers.STFT`.
        padding: "valid" (the default) or "same".
        expand_dims: whether frequencies and channels are two axes; False by default.
        data_format: "channels_last" or "channels_first"; None (the default): that of `config`.
        **kwargs: the arguments of `Layer`, e.g. `trainable=False`.

    Raises:
        ValueError: an argument has none of these values, or frame_length, frame_step and fft_length do not fit.
        TypeError: at the call, inputs that are no floats.

    Example:

    >>> layer = STFTSpectrogram(frame_length=64, trainable=False)
    >>> layer(np.ones((2, 640, 1), "float32")).shape
    (2, 19, 33)
    """

    real_kernel: Any
    imag_kernel: Any

    def __init__(
        self,
        mode: str = "log",
        frame_length: int = 256,
        frame_step: int | None = None,
        fft_length: int | None = None,
        window: Any = "hann",
        periodic: bool = False,
        scaling: str | None = "density",
        padding: str = "valid",
        expand_dims: bool = False,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        if frame_step is not None and not 1 <= frame_step <= frame_length:
            raise ValueError(
                f"STFTSpectrogram: expected a frame_step in [1, frame_length = {frame_length}], received {frame_step}."
            )
        if fft_length is not None and fft_length < frame_length:
            raise ValueError(
                f"STFTSpectrogram: expected an fft_length of at least frame_length = {frame_length}, received "
                f"{fft_length}."
            )
        if fft_length is not None and fft_length & (fft_length - 1):
            warnings.warn(
                f"STFTSpectrogram: an fft_length that is a power of two is recommended, received {fft_length}.",
                stacklevel=2,
            )
        if mode not in _MODES:
            raise ValueError(f"STFTSpectrogram: expected a mode of {', '.join(_MODES)}, received {mode!r}.")
        if padding not in ("valid", "same"):
            raise ValueError(f"STFTSpectrogram: expected the padding 'valid' or 'same', received {padding!r}.")
        STFT("real", window, scaling, periodic)  # checks the window and the scaling
        super().__init__(**kwargs)
        self.mode, self.padding, self.expand_dims = mode, padding, expand_dims
        self.frame_length, self.frame_step, self.fft_length = frame_length, frame_step, fft_length
        self._step = frame_step or max(1, frame_length // 2)
        self._frequencies = (fft_length or 2 ** math.ceil(math.log2(frame_length))) // 2 + 1
        self.window, self.periodic, self.scaling = window, periodic, scaling
        self.data_format = data_format or config.image_data_format()
        if self.data_format not in ("channels_last", "channels_first"):
            raise ValueError(
                f"STFTSpectrogram: expected the data_format 'channels_last' or 'channels_first', received "
                f"{data_format!r}."
            )
        self.input_spec = InputSpec(ndim=3)

    def build(self, input_shape: Any) -> None:
        shape = (self.frame_length, 1, self._frequencies)
        for side, unused in (("real", "imag"), ("imag", "real")):
            if self.mode != unused:
                initializer = STFT(side, self.window, self.scaling, self.periodic)
                kernel = self.add_weight(name=f"{side}_kernel", shape=shape, initializer=initializer)
                setattr(self, f"{side}_kernel", kernel)

    def call(self, inputs: Any) -> Any:
        if str(inputs.dtype) not in ("float16", "bfloat16", "float32", "float64"):
            raise TypeError(f"STFTSpectrogram: expected floats, received {inputs.dtype}.")
        if self.data_format == "channels_last":
            inputs = ops.transpose(inputs, (0, 2, 1))
        _, channels, time = inputs.shape
        signals = ops.reshape(inputs, (-1, time, 1))

        def part(kernel: Any) -> Any:
            kernel = ops.cast_if_needed(kernel, signals.dtype)
            y = ops.conv(signals, kernel, self._step, self.padding, data_format="channels_last")
            return ops.reshape(y, (-1, channels, *y.shape[1:]))  # (batch, channels, pieces, frequencies)

        real = None if self.mode == "imag" else part(self.real_kernel)
        imaginary = None if self.mode == "real" else part(self.imag_kernel)
        return self._arranged(self._value(real, imaginary))

    def _value(self, real: Any, imaginary: Any) -> Any:
        """What the mode asks for, of (batch, channels, pieces, frequencies)."""
        if self.mode in ("real", "imag"):
            return imaginary if real is None else real
        if self.mode == "angle":
            return ops.arctan2(imaginary, real)
        if self.mode == "stft":
            return ops.concatenate([real, imaginary], axis=-1)
        power = ops.square(real) + ops.square(imaginary)
        if self.mode == "psd":
            # All frequencies but the first and the last one stand for a negative frequency too.
            counts = np.full(self._frequencies, 2.0, "float32")
            counts[[0, -1]] = 1
            return power * ops.cast(counts, power.dtype)
        magnitude = ops.sqrt(ops.maximum(power, config.epsilon()))
        return magnitude if self.mode == "magnitude" else ops.log(ops.maximum(magnitude, config.epsilon()))

    def _arranged(self, y: Any) -> Any:
        """(batch, channels, pieces, frequencies) in the axes of the layer's output."""
        _, channels, pieces, frequencies = y.shape
        if self.data_format == "channels_first":
            if self.expand_dims:
                return y
            return ops.reshape(ops.transpose(y, (0, 1, 3, 2)), (-1, channels * frequencies, pieces))
        if self.expand_dims:
            return ops.transpose(y, (0, 2, 3, 1))
        return ops.reshape(ops.transpose(y, (0, 2, 1, 3)), (-1, pieces, channels * frequencies))

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "mode": self.mode,
            "frame_length": self.frame_length,
            "frame_step": self.frame_step,
            "fft_length": self.fft_length,
            "window": self.window.tolist() if isinstance(self.window, np.ndarray) else self.window,
            "periodic": self.periodic,
            "scaling": self.scaling,
            "padding": self.padding,
            "data_format": self.data_format,
            "expand_dims": self.expand_dims,
        }
