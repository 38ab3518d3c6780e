"""Small IMDB files in Keras's format, and reviews as in Stanford's archive."""

from __future__ import annotations

import io
import pathlib
import pickle
import zipfile

import numpy as np


def objects(rows):
    out = np.empty(len(rows), object)
    out[:] = rows
    return out


def lists(count, longest=30, largest=70_000, seed=0):
    rng = np.random.default_rng(seed)
    return [[int(v) for v in rng.integers(1, largest, rng.integers(1, longest))] for _ in range(count)]


def npy(array, protocol=4, payload=None) -> bytes:
    """An object array in NumPy's .npy format, pickled with the given protocol."""
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, {"descr": "|O", "fortran_order": False, "shape": array.shape})
    return buffer.getvalue() + (pickle.dumps(array, protocol=protocol) if payload is None else payload)


def plain(array) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def zipped(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as z:
        for name, data in members.items():
            z.writestr(f"{name}.npy", data)
    return buffer.getvalue()


def kerass_file(train, test, protocol=4) -> bytes:
    rng = np.random.default_rng(1)
    y = [rng.integers(0, 2, len(part)) for part in (train, test)]
    x = [npy(objects(part), protocol) for part in (train, test)]
    return zipped(x_train=x[0], y_train=plain(y[0]), x_test=x[1], y_test=plain(y[1]))


TEXTS = {
    "aclImdb/README": b"not a review",
    "aclImdb/train/unsup/1_0.txt": b"unsupervised unsupervised unsupervised",
    "aclImdb/train/pos/1_9.txt": b"Good, good film!<br /><br />It's good",
    "aclImdb/train/neg/0_1.txt": b"a BAD film",
    "aclImdb/test/neg/1_2.txt": b"a bad, unheard-of film",
    "aclImdb/test/pos/0_8.txt": b"good",
}


def imdb_file(folder: pathlib.Path) -> pathlib.Path:
    """Writes a file in Keras's format to `folder`."""
    path = folder / "imdb.npz"
    path.write_bytes(kerass_file(lists(60), lists(40, seed=2)))
    return path
