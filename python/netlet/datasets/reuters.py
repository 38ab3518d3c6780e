"""Reuters: 11,228 newswires as lists of word numbers, in 46 topics."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .housing import check_split
from .source import RemoteFile, given_or_cached
from .word_lists import limited, numbered, read_lists, read_word_index, shorter

Split = tuple[NDArray[Any], NDArray[np.int64]]
ARCHIVE = RemoteFile(
    name="reuters.npz",
    url="https://storage.googleapis.com/tensorflow/tf-keras-datasets/reuters.npz",
    sha256="d6586e694ee56d7a4e65172e12b3e987c03096cb01eab99753921ef915959916",
    size=4_000_000,
)
WORDS = RemoteFile(
    name="reuters_word_index.json",
    url="https://storage.googleapis.com/tensorflow/tf-keras-datasets/reuters_word_index.json",
    md5="4d44cc38712099c9e383dc6e5f11a921",
    size=2_000_000,
)
_TOPICS = """
cocoa grain veg-oil earn acq wheat copper housing money-supply coffee sugar trade reserves ship cotton carcass
crude nat-gas cpi money-fx interest gnp meal-feed alum oilseed gold tin strategic-metal livestock retail ipi
iron-steel rubber heat jobs lei bop zinc orange pet-chem dlr gas silver wpi hog lead
"""


def load_data(
    path: Any = "reuters.npz",
    num_words: int | None = None,
    skip_top: int = 0,
    maxlen: int | None = None,
    test_split: float = 0.2,
    seed: int = 113,
    start_char: int | None = 1,
    oov_char: int | None = 2,
    index_from: int = 3,
) -> tuple[Split, Split]:
    """Loads the Reuters newswires.

    Words are numbered by decreasing frequency, from 1; `index_from` is added to these numbers. 0 is reserved for
    padding: `utils.pad_sequences` converts x to an array.

    Args:
        path: an .npz file with x and y, as Keras distributes it; or with x (int32), all word numbers one after the
            other, `lengths` (int64) of the texts, and y. A path that does not exist is a file name in the cache folder
            (`$NETLET_DATASETS`), where Keras's file is downloaded if it is missing. Default "reuters.npz".
        num_words: numbers >= num_words are replaced by `oov_char`; default None for the largest number, as in Keras.
        skip_top: numbers < skip_top are replaced by `oov_char`; default 0.
        maxlen: texts with `maxlen` or more numbers are removed; default None, no limit.
        test_split: fraction of the texts for testing, in [0, 1); default 0.2.
        seed: seed of the order of the texts; default 113.
        start_char: number at the start of each text; default 1; None for none.
        oov_char: number that replaces words, default 2; None to remove these words.
        index_from: offset of the words' numbers; default 3.

    Returns:
        ((x_train, y_train), (x_test, y_test)): x (N,) object array of lists of integers, y (N,) int64 in 0..45, whose
        names are those of `get_label_names`.

    Raises:
        ValueError: a damaged file, one with other contents, a `test_split` outside of [0, 1), or no text shorter than
            `maxlen`.
        ConnectionError: the file is missing and cannot be downloaded.
        ImportError: the file is missing and pooch, which downloads it, is not installed. Both messages say how to
            provide the file without a download.

    Source: Lewis, "Reuters-21578", 1997, in the form that Keras distributes.

    Example, with a local file:

    >>> import os, tempfile
    >>> import numpy as np
    >>> path = os.path.join(tempfile.mkdtemp(), "own.npz")
    >>> np.savez(path, x=np.array([4, 1, 2], "int32"), lengths=np.array([1, 2]), y=np.array([0, 45]))
    >>> (x_train, y_train), (x_test, y_test) = load_data(path, num_words=100, test_split=0.5)
    >>> x_train.tolist(), [get_label_names()[y] for y in y_train]
    ([[1, 7]], ['cocoa'])
    """
    check_split("reuters", test_split)
    x, y = read_lists(given_or_cached(path, ARCHIVE), "", len(get_label_names()))
    order = np.arange(len(y))
    np.random.RandomState(seed).shuffle(order)  # the same order as Keras
    x, y = numbered(x.take(order), start_char, index_from), y[order]
    if maxlen:
        x, y = shorter("reuters", x, y, maxlen)
    if not num_words:
        num_words = int(x.tokens.max()) if len(x.tokens) else 0
    lists = limited(x, skip_top, num_words, oov_char).lists()
    at = int(len(y) * (1 - test_split))
    return (lists[:at], y[:at]), (lists[at:], y[at:])


def get_word_index(path: Any = WORDS.name) -> dict[str, int]:
    """Returns {word: number} for the words of Keras's reuters.npz. `load_data` adds `index_from` to these numbers.

    Args:
        path: path of Keras's reuters_word_index.json. A path that does not exist is a file name in the cache folder,
            where the file is downloaded if it is missing. A download is verified by the MD5 that Keras publishes.

    Raises:
        ValueError: a file with other contents.
        ConnectionError: the file is missing and cannot be downloaded.
        ImportError: the file is missing and pooch, which downloads it, is not installed.

    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "words.json"
    >>> _ = path.write_text('{"the": 1, "of": 2}')
    >>> get_word_index(path)
    {'the': 1, 'of': 2}
    """
    return read_word_index(path, WORDS)


def get_label_names() -> tuple[str, ...]:
    """Returns the names of the topics; label i is the i-th.

    >>> len(get_label_names()), get_label_names()[3]
    (46, 'earn')
    """
    return tuple(_TOPICS.split())
