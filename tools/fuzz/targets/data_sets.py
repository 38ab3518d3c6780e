"""Files of data sets: IDX, npz, lists of words as NumPy pickles them, word indices, CIFAR's archives."""

from __future__ import annotations

import gzip
import json
import pathlib
import random

import numpy as np

from support.data_files import archive, idx, npz
from support.imdb_files import kerass_file, lists

from ..mutation import change_bytes, change_json_bytes
from ..target import Target, written
from .tars import changed_tar
from .zips import changed_zip


# ---- IDX -------------------------------------------------------------------------------------------------------------
def _idx_seeds() -> list[bytes]:
    images, labels = idx(np.zeros((2, 3, 4), np.uint8)), idx(np.arange(5, dtype=np.uint8))
    return [images, labels, gzip.compress(images, mtime=0), gzip.compress(labels, mtime=0)]


def _change_idx(data: bytes, rng: random.Random) -> bytes:
    """Half of the changes of a gzipped file are inside."""
    if data[:2] == b"\x1f\x8b" and rng.randrange(2):
        try:
            return gzip.compress(change_bytes(gzip.decompress(data), rng), mtime=0)
        except Exception:  # damaged
            pass
    return change_bytes(data, rng)


def _read_idx(data: bytes, folder: pathlib.Path) -> None:
    from netlet.datasets.reading import read_idx

    path = written(folder, "images.gz", data)
    if data[:2] != b"\x1f\x8b":
        read_idx(path, 3 if data[3:4] == b"\3" else 1)
        return
    try:
        read_idx(path, 1)
    except ValueError:
        read_idx(path, 3)


# ---- npz -------------------------------------------------------------------------------------------------------------
def _change_npy(name: str, content: bytes, rng: random.Random) -> bytes:
    """Changes an array's header, and keeps its length right in three cases of four."""
    if rng.randrange(3) == 0 or content[:6] != b"\x93NUMPY" or len(content) < 10:
        return change_bytes(content, rng)
    length = int.from_bytes(content[8:10], "little")
    header = content[10 : 10 + length]
    kind = rng.randrange(4)
    if kind == 0:
        header = change_bytes(header, rng)
    else:
        words = (
            b"(2, 3)",
            b"(-1,)",
            b"(1 << 60,)",
            b"(4294967296, 4294967296)",
            b"(" * 300,
            b"'<f8'",
            b"'|O'",
            b"True",
        )
        spot = rng.choice((b"(", b"'|u1'", b"'<f8'", b"'<i8'", b"'<i4'", b"False", b"'shape'"))
        header = header.replace(spot, rng.choice(words), 1)
    size = length if rng.randrange(4) == 0 else len(header)
    return content[:8] + size.to_bytes(4, "little")[:2] + header + content[10 + length :]


def _npz_seeds() -> list[bytes]:
    return [npz(x=np.zeros((3, 2)), y=np.arange(3.0)), npz(x=np.zeros((2, 2), "float32"), y=np.zeros(2, "float32"))]


def _read_npz(data: bytes, folder: pathlib.Path) -> None:
    from netlet.datasets import housing

    housing.read(written(folder, "h.npz", data), None, 2)  # type: ignore[arg-type] # the file is there


# ---- lists of words --------------------------------------------------------------------------------------------------
def _word_seeds() -> list[bytes]:
    return [kerass_file(lists(4, 5, 300), lists(2, 3, 70_000, seed=2), protocol) for protocol in (3, 4)]


def _read_words(data: bytes, folder: pathlib.Path) -> None:
    from netlet.datasets.word_lists import read_lists

    read_lists(written(folder, "w.npz", data), "_train", 2)


def _read_index(data: bytes, folder: pathlib.Path) -> None:
    from netlet.datasets.word_lists import read_word_index

    read_word_index(written(folder, "w.json", data), None)  # type: ignore[arg-type] # the file is there


# ---- CIFAR -----------------------------------------------------------------------------------------------------------
def _cifar_seeds() -> list[bytes]:
    record = bytes(3073)
    return [archive({"a/one.bin": record, "a/other": b"x", "a/two.bin": record * 2})]


def _read_cifar(data: bytes, folder: pathlib.Path) -> None:
    from netlet.datasets import cifar

    cifar.read(written(folder, "c.tar.gz", data), ["one.bin", "two.bin"], 1)


IDX = Target("arrays of bytes in IDX files, gzipped or not", _idx_seeds, _read_idx, _change_idx)
NPZ = Target("arrays in .npz files", _npz_seeds, _read_npz, lambda data, rng: changed_zip(data, rng, _change_npy))
WORD_LISTS = Target(
    "lists of integers in NumPy's pickles, which are not unpickled",
    _word_seeds,
    _read_words,
    lambda data, rng: changed_zip(data, rng, _change_npy),
)
WORD_INDEX = Target(
    "the JSON of a word index",
    lambda: [json.dumps({"the": 1, "a": 2}).encode()],
    _read_index,
    change_json_bytes,
)
CIFAR = Target("records in a .tar.gz archive", _cifar_seeds, _read_cifar, changed_tar)
