"""Reading of the texts of IMDB's reviews from Stanford's archive, as word numbers."""

from __future__ import annotations

import pathlib
import re
import string
import tarfile
from collections import Counter

import numpy as np
from numpy.typing import NDArray

from netlet.base.untrusted import Damaged

from .ragged import Ragged
from .reading import at_most, bounded, opened, take

MAX_REVIEW = 1 << 20  # maximum size in bytes; the longest review has 14 KB
_MEMBER = re.compile(r"(?:^|/)(train|test)/(pos|neg)/[^/]+\.txt$")
_TABLE = bytes.maketrans(string.ascii_uppercase.encode(), string.ascii_lowercase.encode())


def words_of(text: bytes) -> list[bytes]:
    """Converts to lower case, removes HTML line breaks and ASCII punctuation, and splits at white space.

    >>> words_of(b"It's <br />GOOD, isn't it?")
    [b'its', b'good', b'isnt', b'it']
    """
    return text.replace(b"<br />", b" ").translate(_TABLE, string.punctuation.encode()).split()


def read(path: pathlib.Path) -> list[tuple[Ragged, NDArray[np.int64]]]:
    """Reads training and test data.

    Words are numbered from 1 by decreasing frequency in the training data, alphabetically if equal. Words that occur
    only in the test data are removed.

    Returns:
        [(words, labels) of the training data, (words, labels) of the test data].

    Raises:
        Damaged: not an archive, a damaged one, one with other contents, or a review larger than `MAX_REVIEW`.
    """
    found: dict[str, list[tuple[str, int, list[bytes]]]] = {"train": [], "test": []}
    limit = at_most(path)
    with opened(path) as stream, tarfile.open(fileobj=bounded(stream, limit, path), mode="r|") as archive:
        for member in archive:
            kind = _MEMBER.search(member.name)
            if kind is None or not member.isreg():
                continue
            what = f"{path}: {member.name}"
            contents = archive.extractfile(member)
            if contents is None or not 0 <= member.size <= min(limit, MAX_REVIEW):
                raise Damaged(f"{what}: expected a review of at most {MAX_REVIEW:,} bytes, received {member.size:,}.")
            text = take(contents, member.size, what).tobytes()
            found[kind[1]].append((member.name, int(kind[2] == "pos"), words_of(text)))
    if not found["train"] or not found["test"]:
        raise Damaged(f"{path}: expected reviews in train/pos, train/neg, test/pos and test/neg, received none.")
    counts = Counter(word for _, _, words in found["train"] for word in words)
    ranked = sorted(counts, key=lambda word: (-counts[word], word))
    numbers = {word: i for i, word in enumerate(ranked, 1)}
    return [_as_numbers(sorted(part), numbers) for part in found.values()]


def _as_numbers(
    reviews: list[tuple[str, int, list[bytes]]], numbers: dict[bytes, int]
) -> tuple[Ragged, NDArray[np.int64]]:
    rows = [[numbers[word] for word in words if word in numbers] for _, _, words in reviews]
    lengths = np.array([len(row) for row in rows], np.int64)
    tokens = np.fromiter((n for row in rows for n in row), np.int32, int(lengths.sum()))
    return Ragged(tokens, lengths), np.array([label for _, label, _ in reviews], np.int64)
