"""Texts as lists of word numbers, and the index of the words: what `imdb` and `reuters` share."""

from __future__ import annotations

import json
import pathlib
from typing import Any

import numpy as np

from netlet.base.untrusted import Damaged

from .pickled_lists import read_pickled
from .ragged import Ragged
from .reading import npz_members, read_npz
from .source import RemoteFile, cache_folder, downloaded

MAX_WORDS = 1 << 24  # maximum size of a word index in bytes; Keras's have 1,641,221 and 550,378


def numbered(x: Ragged, start_char: int | None, index_from: int | None) -> Ragged:
    """Adds `index_from` to each number and puts `start_char` in front of each list, unless it is None."""
    tokens = x.tokens.astype(np.int64) + (index_from or 0)
    if start_char is None:
        return Ragged(tokens, x.lengths)  # type: ignore[arg-type]
    lengths = x.lengths + 1
    out = np.empty(len(tokens) + len(lengths), np.int64)
    words = np.ones(len(out), bool)
    words[lengths.cumsum() - lengths] = False
    out[words], out[~words] = tokens, start_char
    return Ragged(out, lengths)  # type: ignore[arg-type]


def shorter(name: str, x: Ragged, y: Any, maxlen: int) -> tuple[Ragged, Any]:
    """The lists with less than `maxlen` numbers, and their labels.

    Args:
        name: name of the data set, for errors.
        x: the lists.
        y: array of their labels.
        maxlen: the length.

    Raises:
        ValueError: there is none.
    """
    kept = np.flatnonzero(x.lengths < maxlen)
    if not len(kept):
        raise ValueError(f"{name}.load_data: no text is shorter than `maxlen`={maxlen}. Increase `maxlen`.")
    return x.take(kept), y[kept]


def limited(x: Ragged, skip_top: int, num_words: int, oov_char: int | None) -> Ragged:
    """Replaces numbers outside of [skip_top, num_words) by `oov_char`; removes them if that is None."""
    kept = (skip_top <= x.tokens) & (x.tokens < num_words)
    if oov_char is not None:
        return Ragged(np.where(kept, x.tokens, oov_char), x.lengths)
    rows = np.repeat(np.arange(len(x.lengths)), x.lengths)
    return Ragged(x.tokens[kept], np.bincount(rows[kept], minlength=len(x.lengths)))


def matching(x: Ragged, y: Any) -> bool:
    """Whether the lengths fit the numbers, and there is a label for each list."""
    vectors = x.tokens.ndim == x.lengths.ndim == y.ndim == 1 and x.lengths.shape == y.shape
    # Each length is checked first, because their sum could overflow.
    fits = vectors and len(y) and x.lengths.min() >= 0 and x.lengths.max() <= len(x.tokens)
    return bool(fits) and sum(x.lengths.tolist()) == len(x.tokens)


def read_lists(path: pathlib.Path, part: str, classes: int) -> tuple[Ragged, Any]:
    """Returns (word numbers, labels) of an .npz file of Keras's or of plain arrays, checked.

    Args:
        path: the file. Plain arrays are x (int32), all word numbers one after the other, and lengths (int64).
        part: the end of the arrays' names, such as "_train"; may be empty.
        classes: number of classes.

    Raises:
        Damaged: other contents.
    """
    with npz_members(path) as (_, members):
        plain = f"lengths{part}.npy" in members
    if plain:
        (tokens,) = read_npz(path, (f"x{part}",), ("int32",))
        lengths, y = read_npz(path, (f"lengths{part}", f"y{part}"), ("int64",))
        x = Ragged(tokens, lengths)
    else:
        x = read_pickled(path, f"x{part}")
        (y,) = read_npz(path, (f"y{part}",), ("int64",))
    if not matching(x, y):
        raise Damaged(f"{path}: expected lengths and labels that match the texts of x{part}.")
    if y.min() < 0 or y.max() >= classes:
        raise Damaged(f"{path}: expected labels 0 to {classes - 1} in y{part}, received {y.min()} to {y.max()}.")
    if len(x.tokens) and x.tokens.min() < 0:
        raise Damaged(f"{path}: expected non-negative word numbers in x{part}, received {x.tokens.min()}.")
    return x, y


def read_word_index(path: Any, file: RemoteFile) -> dict[str, int]:
    """Returns {word: number}.

    Args:
        path: path of the JSON file. A path that does not exist is a file name in the cache folder.
        file: what is downloaded if the file is not in the cache folder either.

    Raises:
        ValueError: a file with other contents.
        ConnectionError: the file is missing and cannot be downloaded.
        ImportError: the file is missing and pooch, which downloads it, is not installed.
    """
    found = pathlib.Path(path).expanduser()
    found = found if found.exists() else cache_folder() / found
    if not found.exists():
        found = downloaded(file, found)
    if found.stat().st_size > MAX_WORDS:
        raise Damaged(
            f"{found}: expected a word index of at most {MAX_WORDS:,} bytes, received {found.stat().st_size:,}."
        )
    try:
        words = json.loads(found.read_bytes())
    except (ValueError, RecursionError) as error:
        raise Damaged(f"{found}: expected JSON: {error}") from None
    if not isinstance(words, dict) or not all(type(number) is int for number in words.values()):
        raise Damaged(f"{found}: expected a JSON object of words and their numbers.")
    return words
