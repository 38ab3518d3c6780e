"""MelSpectrogram: spectrograms on the mel scale."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import ops

from ...base.layer import Layer


def _mel(hertz: Any) -> Any:
    """Frequencies on the mel scale: 1127 ln(1 + f / 700), the formula of HTK."""
    return 1127.0 * np.log(1 + np.asarray(hertz, np.float64) / 700.0)


class MelSpectrogram(Layer):
    """Spectrograms on the mel scale: the short-time Fourier transform, summed over triangles of frequencies.

    (batch, time) to (batch, num_mel_bins, pieces), or (time,) to (num_mel_bins, pieces). The transform runs on the host
    (see `ops.stft`).

    Args:
        fft_length: length of the transform; 2048 by default.
        sequence_stride: distance between the beginnings of two neighbouring pieces; 512 by default.
        sequence_length: length of a piece; None (the default): fft_length.
        window: "hann" (the default), "hamming", values (sequence_length,), or None.
        sampling_rate: samples per second; 16000 by default.
        num_mel_bins: number of triangles; 128 by default.
        min_freq: lowest frequency in hertz; 20 by default.
        max_freq: highest frequency in hertz; None (the default): half of the sampling rate.
        power_to_db: whether to return decibels, 10 log10; True by default.
        top_db: decibels that are more than this below the largest of the batch are raised to that; 80 by default.
        mag_exp: exponent of the magnitude: 2 (the default) for power, 1 for energy.
        min_power: smallest power before the logarithm; 1e-10 by default.
        ref_power: power of 0 decibels; 1 by default.
        **kwargs: the arguments of `Layer`.

    Raises:
        ValueError: sequence_length is above fft_length.

    Source: Davis and Mermelstein, "Comparison of parametric representations for monosyllabic word recognition", 1980.

    Example:

    >>> MelSpectrogram(64, 32, num_mel_bins=8)(np.ones((2, 640), "float32")).shape
    (2, 8, 21)
    """

    def __init__(
        self,
        fft_length: int = 2048,
        sequence_stride: int = 512,
        sequence_length: int | None = None,
        window: Any = "hann",
        sampling_rate: int = 16000,
        num_mel_bins: int = 128,
        min_freq: float = 20.0,
        max_freq: float | None = None,
        power_to_db: bool = True,
        top_db: float = 80.0,
        mag_exp: float = 2.0,
        min_power: float = 1e-10,
        ref_power: float = 1.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.fft_length, self.sequence_stride = fft_length, sequence_stride
        self.sequence_length = sequence_length or fft_length
        if fft_length < self.sequence_length:
            raise ValueError(
                f"MelSpectrogram: expected a sequence_length of at most fft_length = {fft_length}, received "
                f"{self.sequence_length}."
            )
        self.window, self.sampling_rate, self.num_mel_bins = window, sampling_rate, num_mel_bins
        self.min_freq, self.max_freq = min_freq, max_freq or int(sampling_rate / 2)
        self.power_to_db, self.top_db, self.mag_exp = power_to_db, top_db, mag_exp
        self.min_power, self.ref_power = min_power, ref_power

    def call(self, inputs: Any) -> Any:
        dtype = self.compute_dtype if self.compute_dtype in ("float32", "float64") else "float32"
        x = ops.cast_if_needed(inputs, dtype)
        real, imaginary = ops.stft(
            x, self.sequence_length, self.sequence_stride, self.fft_length, window=self.window, center=True
        )
        power = ops.square(real) + ops.square(imaginary)
        if self.mag_exp != 2:
            power = ops.power(ops.sqrt(power), self.mag_exp)
        weights = self.linear_to_mel_weight_matrix(
            self.num_mel_bins, self.fft_length // 2 + 1, self.sampling_rate, self.min_freq, self.max_freq, dtype
        )
        y = ops.matmul(power, weights)
        if self.power_to_db:
            reference = 10.0 * float(np.log10(max(abs(self.ref_power), self.min_power)))
            y = 10.0 * ops.log10(ops.maximum(y, self.min_power)) - reference
            y = ops.maximum(y, ops.max(y) - self.top_db)
        return ops.cast_if_needed(ops.swapaxes(y, -1, -2), self.compute_dtype)

    def linear_to_mel_weight_matrix(
        self,
        num_mel_bins: int = 20,
        num_spectrogram_bins: int = 129,
        sampling_rate: float = 8000,
        lower_edge_hertz: float = 125.0,
        upper_edge_hertz: float = 3800.0,
        dtype: str = "float32",
    ) -> np.ndarray:
        """The triangles that sum frequencies to mel bins. Each has its largest weight, 1, at its middle.

        Args:
            num_mel_bins: number of triangles; 20 by default.
            num_spectrogram_bins: number of frequencies, from 0 to half of the sampling rate; 129 by default.
            sampling_rate: samples per second; 8000 by default.
            lower_edge_hertz: beginning of the lowest triangle; 125.0 by default.
            upper_edge_hertz: end of the highest triangle; 3800.0 by default.
            dtype: dtype of the result; "float32" by default.

        Returns:
            ndarray (num_spectrogram_bins, num_mel_bins). The weights of frequency 0 are zero, as in HTK.
        """
        bins = _mel(np.linspace(0, sampling_rate / 2, num_spectrogram_bins))[:, None]
        edges = np.linspace(_mel(lower_edge_hertz), _mel(upper_edge_hertz), num_mel_bins + 2)
        lower, middle, upper = edges[:-2], edges[1:-1], edges[2:]
        weights = np.minimum((bins - lower) / (middle - lower), (upper - bins) / (upper - middle)).clip(min=0)
        weights[0] = 0
        return weights.astype(dtype)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "fft_length": self.fft_length,
            "sequence_stride": self.sequence_stride,
            "sequence_length": self.sequence_length,
            "window": self.window.tolist() if isinstance(self.window, np.ndarray) else self.window,
            "sampling_rate": self.sampling_rate,
            "num_mel_bins": self.num_mel_bins,
            "min_freq": self.min_freq,
            "max_freq": self.max_freq,
            "power_to_db": self.power_to_db,
            "top_db": self.top_db,
            "mag_exp": self.mag_exp,
            "min_power": self.min_power,
            "ref_power": self.ref_power,
        }
