"""Sound as arrays: WAV files, and resampling to another rate."""

from __future__ import annotations

import math
import os
import struct
from typing import Any, BinaryIO

import numpy as np

_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_CHUNK = 1 << 20  # elements of the gathered windows at a time


def read_wav(path: Any) -> tuple[np.ndarray, int]:
    """Reads a WAV file.

    Args:
        path: path of a file of PCM samples of 8, 16, 24 or 32 bits, or of floats of 32 or 64 bits.

    Returns:
        (samples (length, channels) float32, samples per second). PCM samples are divided by their largest absolute
        value, so they are in [-1, 1).

    Raises:
        ValueError: another format, or a damaged file.

    Source: IBM and Microsoft, "Multimedia programming interface and data specifications", 1991.
    """
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        head = file.read(12)
        if len(head) < 12 or head[:4] not in (b"RIFF", b"RIFX") or head[8:] != b"WAVE":
            raise ValueError(f"{path}: expected a WAV file, which begins with RIFF and WAVE.")
        if head[:4] == b"RIFX":
            raise ValueError(f"{path}: WAV files with big-endian samples are not supported.")
        form = None
        while True:
            name, length = _chunk(file, path)
            if name == b"data":
                if form is None:
                    raise ValueError(f"{path}: expected the chunk 'fmt ' before 'data'.")
                # A length of 2**32 - 1 or 0 stands in files of programs that were ended while they recorded.
                return _samples(file.read(min(length or size, size)), *form[:3], path), form[3]
            if name == b"fmt ":
                form = _format(file.read(min(length, 64)), path)
                file.seek(max(0, length - 64) + length % 2, 1)
            else:
                file.seek(length + length % 2, 1)


def _chunk(file: BinaryIO, path: Any) -> tuple[bytes, int]:
    head = file.read(8)
    if len(head) < 8:
        raise ValueError(f"{path}: expected a chunk 'data' with samples, found none.")
    return head[:4], struct.unpack("<I", head[4:])[0]


def _format(data: bytes, path: Any) -> tuple[int, int, int, int]:
    """(kind, channels, bytes of a sample, rate) in a chunk 'fmt '."""
    if len(data) < 16:
        raise ValueError(f"{path}: expected at least 16 bytes in the chunk 'fmt ', received {len(data)}.")
    kind, channels, rate, _, block, bits = struct.unpack("<HHIIHH", data[:16])
    if kind == _EXTENSIBLE and len(data) >= 26:
        kind = struct.unpack("<H", data[24:26])[0]
    width = block // channels if channels else 0
    allowed = {_PCM: (1, 2, 3, 4), _FLOAT: (4, 8)}.get(kind, ())
    if width not in allowed or width * channels != block or bits > 8 * width or not rate:
        raise ValueError(
            f"{path}: expected PCM of 8, 16, 24 or 32 bits or floats of 32 or 64, received format {kind} with {bits} "
            f"bits, {channels} channels and {rate} samples per second."
        )
    return kind, channels, width, rate


def _samples(data: bytes, kind: int, channels: int, width: int, path: Any) -> np.ndarray:
    data = data[: len(data) - len(data) % (channels * width)]
    values: Any
    if kind == _FLOAT:
        values = np.frombuffer(data, f"<f{width}").astype(np.float32)
    elif width == 1:
        values = (np.frombuffer(data, np.uint8).astype(np.float32) - 128) / 128
    elif width == 3:
        wide = np.zeros((len(data) // 3, 4), np.uint8)  # the three bytes become the upper ones of an int32
        wide[:, 1:] = np.frombuffer(data, np.uint8).reshape(-1, 3)
        values = (wide.view("<i4")[:, 0] / np.float64(2**31)).astype(np.float32)
    else:
        values = (np.frombuffer(data, f"<i{width}") / np.float64(2 ** (8 * width - 1))).astype(np.float32)
    return values.reshape(-1, channels)


def resample(samples: np.ndarray, rate: int, target: int) -> np.ndarray:
    """Converts sound to another rate, without the frequencies that the new rate cannot hold.

    The ratio of the rates is up / down in lowest terms. The result is a convolution of the samples, up - 1 zeros
    between them, with a sinc under a Kaiser window of parameter 5 whose half length is 10 max(up, down); of that every
    down-th value.

    Args:
        samples: array (length, channels) of floats.
        rate: samples per second.
        target: samples per second of the result.

    Returns:
        Array (ceil(length target / rate), channels) float32.

    Source: `scipy.signal.resample_poly` with its default window.

    >>> resample(np.ones((100, 1), "float32"), 8000, 4000).shape
    (50, 1)
    """
    common = math.gcd(rate, target)
    up, down = target // common, rate // common
    if up == down:
        return samples
    widest = max(up, down)
    half = 10 * widest
    place = np.arange(-half, half + 1) / widest
    taps = np.sinc(place) * np.kaiser(2 * half + 1, 5.0)
    taps *= up / taps.sum()
    count = -(-len(taps) // up)
    phases = np.zeros(count * up)
    phases[: len(taps)] = taps
    by_phase = phases.reshape(count, up).T[:, ::-1]  # (up, count): the taps that meet samples, oldest sample first
    length = -(-len(samples) * up // down)
    padded = np.zeros((len(samples) + 2 * count, samples.shape[1]))
    padded[count : count + len(samples)] = samples
    out = np.empty((length, samples.shape[1]), np.float32)
    step = max(1, _CHUNK // (count * samples.shape[1]))
    for first in range(0, length, step):
        centre = np.arange(first, min(first + step, length)) * down + half
        last = np.minimum(centre // up, len(samples) + count - 1)  # the newest sample that is met
        rows = last[:, None] + np.arange(1, count + 1)
        weights = by_phase[centre % up]
        out[first : first + len(centre)] = np.einsum("mk,mkc->mc", weights, padded[rows])
    return out
