"""Smaller readers: sound, vocabularies, and the file of `Dataset.cache`."""

from __future__ import annotations

import io
import pathlib
import random
import wave

from ..mutation import change_bytes
from ..target import Target, written


# ---- WAV -------------------------------------------------------------------------------------------------------------
def _wav_seeds() -> list[bytes]:
    seeds = []
    for width, channels in ((1, 1), (2, 2), (3, 1), (4, 2)):
        content = io.BytesIO()
        with wave.open(content, "wb") as file:
            file.setparams((channels, width, 8000, 0, "NONE", ""))
            file.writeframes(bytes(range(24)))
        seeds.append(content.getvalue())
    floats = seeds[3].replace(b"\x10\0\0\0\x01\0", b"\x10\0\0\0\x03\0", 1)
    return [*seeds, floats]


def _read_wav(data: bytes, folder: pathlib.Path) -> None:
    from netlet.utils.audio_files import read_wav, resample

    samples, rate = read_wav(written(folder, "s.wav", data))
    if rate < 100_000 and len(samples) < 1000:
        resample(samples, rate, 8000)


# ---- vocabularies ----------------------------------------------------------------------------------------------------
def _read_vocabulary(data: bytes, folder: pathlib.Path) -> None:
    from netlet import layers

    path = written(folder, "v.txt", data)
    problems = []
    for make in (layers.StringLookup, layers.IntegerLookup, layers.TextVectorization):
        try:
            layer = make(vocabulary=str(path))
            layer.get_vocabulary()
            layer(["a"] if make is not layers.IntegerLookup else [1])
        except ValueError as error:
            problems.append(error)
    if len(problems) == 3:
        raise problems[0]


# ---- the file of Dataset.cache ---------------------------------------------------------------------------------------
def _cache_seeds() -> list[bytes]:
    import tempfile

    import numpy as np

    from netlet import data

    seeds = []
    with tempfile.TemporaryDirectory() as folder:
        for number, items in enumerate(
            ((np.zeros((2, 3)), np.arange(2)), {"a": np.ones(2), "b": np.array(["x", "y"])})
        ):
            path = pathlib.Path(folder, str(number))
            list(data.Dataset.from_tensor_slices(items).cache(str(path)))
            seeds.append(path.read_bytes())
    return seeds


def _read_cache(data_: bytes, folder: pathlib.Path) -> None:
    from netlet import data

    path = written(folder, "cached", data_)
    for number, _ in enumerate(data.Dataset.from_tensor_slices([0]).cache(str(path))):
        if number > 100:
            break


def _change_vocabulary(content: bytes, rng: random.Random) -> bytes:
    if rng.randrange(2):
        return change_bytes(content, rng)
    lines = content.split(b"\n")
    lines.insert(
        rng.randrange(len(lines) + 1), rng.choice((b"", b"[UNK]", b"1", b"-1", b"9" * 30, b"\xff", b"a", b"1.5"))
    )
    return b"\n".join(lines)


WAV = Target("sound in WAV files", _wav_seeds, _read_wav)
VOCABULARY = Target(
    "vocabularies in text files",
    lambda: [b"a\nb\nc\n", b"1\n2\n30\n", b"[UNK]\nthe\nof\n", "ä\nß\n".encode()],
    _read_vocabulary,
    _change_vocabulary,
)
CACHE = Target("the file of Dataset.cache", _cache_seeds, _read_cache)
