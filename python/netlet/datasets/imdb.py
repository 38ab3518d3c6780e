"""IMDB: film reviews as lists of word numbers, positive (1) or negative (0), 25,000 each for training and testing."""

from __future__ import annotations

import pathlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import reviews
from .ragged import Ragged
from .source import RemoteFile, given_or_cached
from .word_lists import limited, numbered, read_lists, read_word_index, shorter

Split = tuple[NDArray[Any], NDArray[np.int64]]
ARCHIVE = RemoteFile(
    name="imdb.npz",
    url="https://storage.googleapis.com/tensorflow/tf-keras-datasets/imdb.npz",
    sha256="69664113be75683a8fe16e3ed0ab59fda8886cb3cd7ada244f7d9544e4676b9f",
    size=17_464_789,
)
WORDS = RemoteFile(
    name="imdb_word_index.json",
    url="https://storage.googleapis.com/tensorflow/tf-keras-datasets/imdb_word_index.json",
    md5="bfafd718b763782e994055a2d397834f",
    size=2_000_000,
)


def load_data(
    path: Any = "imdb.npz",
    num_words: int | None = None,
    skip_top: int = 0,
    maxlen: int | None = None,
    seed: int = 113,
    start_char: int | None = 1,
    oov_char: int | None = 2,
    index_from: int = 3,
) -> tuple[Split, Split]:
    """Loads IMDB.

    Words are numbered by decreasing frequency, from 1; `index_from` is added to these numbers. 0 is reserved for
    padding: `utils.pad_sequences` converts x to an array.

    Args:
        path: an .npz file from Keras or `convert`, or Stanford's archive of the texts (aclImdb_v1.tar.gz), whose words
            are then numbered here. A path that does not exist is a file name in the cache folder
            (`$NETLET_DATASETS`), where Keras's file is downloaded if it is missing. Default "imdb.npz".
        num_words: numbers >= num_words are replaced by `oov_char`; default None for the largest number, as in Keras.
        skip_top: numbers < skip_top are replaced by `oov_char`; default 0.
        maxlen: reviews with `maxlen` or more numbers are removed; default None, no limit.
        seed: seed of the order of the reviews; default 113.
        start_char: number at the start of each review; default 1; None for none.
        oov_char: number that replaces words, default 2; None to remove these words.
        index_from: offset of the words' numbers; default 3.

    Returns:
        ((x_train, y_train), (x_test, y_test)): x (N,) object array of lists of integers, y (N,) int64, 1 for positive
        reviews.

    Raises:
        ValueError: a damaged file, one with other contents, or no review shorter than `maxlen`.
        ConnectionError: the file is missing and cannot be downloaded.
        ImportError: the file is missing and pooch, which downloads it, is not installed. Both messages say how to
            provide the file without a download.

    Source: Maas et al., "Learning Word Vectors for Sentiment Analysis", 2011, in the form that Keras distributes.

    Example, with a local file:

    >>> import os, tempfile
    >>> import numpy as np
    >>> path = os.path.join(tempfile.mkdtemp(), "own.npz")
    >>> arrays = {"x": np.array([4, 1, 2], "int32"), "lengths": np.array([1, 2]), "y": np.array([0, 1])}
    >>> np.savez(path, **{f"{k}_{part}": v for k, v in arrays.items() for part in ("train", "test")})
    >>> (x_train, y_train), _ = load_data(path, num_words=100)
    >>> x_train.tolist(), y_train.tolist()
    ([[1, 7], [1, 4, 5]], [0, 1])
    """
    rng = np.random.RandomState(seed)  # gives the same order as Keras
    parts = []
    for x, y in _splits(given_or_cached(path, ARCHIVE)):
        order = np.arange(len(y))
        rng.shuffle(order)
        parts.append((numbered(x.take(order), start_char, index_from), y[order]))
    if maxlen:
        parts = [shorter("imdb", x, y, maxlen) for x, y in parts]
    if not num_words:
        num_words = max((int(x.tokens.max()) for x, _ in parts if len(x.tokens)), default=0)
    train, test = ((limited(x, skip_top, num_words, oov_char).lists(), y) for x, y in parts)
    return train, test


def convert(source: Any, target: Any) -> None:
    """Converts a file that `load_data` reads to an .npz file of arrays without Python objects.

    The arrays are x_train and x_test (int32), the concatenated word numbers of all reviews; lengths_train and
    lengths_test (int64), the number of words of each review; y_train and y_test (int64).

    Args:
        source: path to read, as in `load_data`.
        target: path to write.

    Raises:
        ValueError: a damaged file, or one with other contents.

    >>> import os, tempfile
    >>> import numpy as np
    >>> folder = tempfile.mkdtemp()
    >>> source, target = os.path.join(folder, "keras.npz"), os.path.join(folder, "plain.npz")
    >>> arrays = {"x": np.array([4, 1, 2], "int32"), "lengths": np.array([1, 2]), "y": np.array([0, 1])}
    >>> np.savez(source, **{f"{k}_{part}": v for k, v in arrays.items() for part in ("train", "test")})
    >>> convert(source, target)
    >>> np.load(target)["lengths_train"].tolist()
    [1, 2]
    """
    arrays: dict[str, Any] = {}
    for part, (x, y) in zip(("train", "test"), _splits(given_or_cached(source, ARCHIVE))):
        arrays |= {f"x_{part}": x.tokens, f"lengths_{part}": x.lengths, f"y_{part}": y}
    np.savez_compressed(target, **arrays)


def get_word_index(path: Any = WORDS.name) -> dict[str, int]:
    """Returns {word: number} for the words of Keras's imdb.npz. `load_data` adds `index_from` to these numbers.

    Args:
        path: path of Keras's imdb_word_index.json. A path that does not exist is a file name in the cache folder,
            where the file is downloaded if it is missing. A download is verified by the MD5 that Keras publishes.

    Raises:
        ValueError: a file with other contents.
        ConnectionError: the file is missing and cannot be downloaded.
        ImportError: the file is missing and pooch, which downloads it, is not installed.

    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "words.json"
    >>> _ = path.write_text('{"the": 1, "and": 2}')
    >>> get_word_index(path)
    {'the': 1, 'and': 2}
    """
    return read_word_index(path, WORDS)


def _splits(path: pathlib.Path) -> list[tuple[Ragged, NDArray[np.int64]]]:
    """Returns (words, labels) of training and test data in the order of the file, with words numbered from 1."""
    if path.is_dir():
        raise ValueError(f"{path}: expected an .npz file or Stanford's original archive, received a folder.")
    with open(path, "rb") as file:
        zipped = file.read(4) == b"PK\x03\x04"
    if not zipped:
        return reviews.read(path)
    return [read_lists(path, part, 2) for part in ("_train", "_test")]
