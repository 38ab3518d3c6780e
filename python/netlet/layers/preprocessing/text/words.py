"""Splits texts into words: standardization, splitting, n-grams."""

from __future__ import annotations

import string
from collections.abc import Iterable
from typing import Any

import numpy as np

from .tokens import Texts, flattened

_LOWER = bytes.maketrans(string.ascii_uppercase.encode(), string.ascii_lowercase.encode())
_PUNCTUATION = string.punctuation.encode()
_STANDARDIZE: dict[str, tuple[bytes | None, bytes]] = {  # arguments of bytes.translate, safe in UTF-8
    "lower": (_LOWER, b""),
    "strip_punctuation": (None, _PUNCTUATION),
    "lower_and_strip_punctuation": (_LOWER, _PUNCTUATION),
}
_PIECE = 1024  # texts per call of a user's function; an array of texts is as wide as its longest text

Words = list[list[bytes]]


class WordSplitter:
    """Standardizes and splits texts for TextVectorization.

    Args:
        standardize, split, ngrams, encoding: see `TextVectorization`.

    Raises:
        ValueError: an unknown name, or `ngrams` is not None or positive integers.
    """

    def __init__(self, standardize: Any, split: Any, ngrams: Any, encoding: str) -> None:
        _check_choice("standardize", standardize, tuple(_STANDARDIZE))
        _check_choice("split", split, ("whitespace", "character"))
        widths = tuple(range(1, ngrams + 1)) if isinstance(ngrams, int) else ngrams
        if widths is not None and not (isinstance(widths, tuple) and all(isinstance(n, int) and n > 0 for n in widths)):
            raise ValueError(
                f"TextVectorization: expected `ngrams` to be None or positive integers, received {ngrams!r}."
            )
        self.standardize, self.split, self.widths, self.kind = standardize, split, widths, Texts(encoding)

    def __call__(self, inputs: Any, in_column: bool = False) -> tuple[Words, tuple[int, ...]]:
        """Returns the words of each text and the shape of the texts; without `split`, of each row along the last axis.

        Args:
            inputs: texts, as a list or an array.
            in_column: whether texts (N,) are treated as (N, 1).
        """
        flat, shape = self._texts(inputs)
        if in_column and len(shape) == 1:
            shape = (*shape, 1)
        if self.split is None:
            width = shape[-1] if shape else 1
            rows = [flat[i : i + width] for i in range(0, len(flat), width or 1)]
            words, lead = (rows or [flat] if len(shape) < 2 else rows), shape[:-1]
        else:
            if len(shape) > 1 and shape[-1] != 1:
                raise ValueError(
                    "expected texts of shape (N,) or with a last axis of size 1, received shape "
                    f"{shape}. For words that are already split, use StringLookup or `split=None`."
                )
            words, lead = self._split(flat), shape[:-1] if len(shape) > 1 else shape
        if self.widths is not None:
            words = [_ngrams(row, self.widths) for row in words]
        return words, lead

    def _texts(self, inputs: Any) -> tuple[list[bytes], tuple[int, ...]]:
        kind = self.kind
        if not callable(self.standardize):
            flat, shape = kind.read(inputs)
            if self.standardize is not None:
                table, delete = _STANDARDIZE[self.standardize]
                flat = [text.translate(table, delete) for text in flat]
            return flat, shape
        texts, shape = flattened(inputs)
        done: list[bytes] = []
        for piece in _pieces([kind.plain(kind.token(text, i)) for i, text in enumerate(texts)]):
            result = np.asarray(self.standardize(piece))
            if result.shape != piece.shape:
                raise ValueError(f"expected shape {piece.shape} from `standardize`, received {result.shape}.")
            done += kind.read(result)[0]
        return done, shape

    def _split(self, texts: list[bytes]) -> Words:
        if self.split == "whitespace":
            return [text.split() for text in texts]
        if self.split == "character":
            return [list(map(str.encode, text.decode("utf-8", "replace"))) for text in texts]
        kind = self.kind
        words: Words = []
        for piece in _pieces([kind.plain(text) for text in texts]):
            rows = list(self.split(piece))
            if len(rows) != len(piece):
                raise ValueError(f"expected {len(piece)} lists of words from `split`, received {len(rows)}.")
            words += [kind.read(list(row))[0] for row in rows]
        return words


def _check_choice(argument: str, value: Any, names: tuple[str, ...]) -> None:
    if value is not None and value not in names and not callable(value):
        raise ValueError(
            f"TextVectorization: expected `{argument}` to be None, a function, or one of {names}, received {value!r}."
        )


def _pieces(texts: list[str]) -> Iterable[np.ndarray]:
    return (np.array(texts[i : i + _PIECE], np.str_) for i in range(0, len(texts), _PIECE))


def _ngrams(row: list[bytes], widths: tuple[int, ...]) -> list[bytes]:
    """All n-grams of the words for each n in `widths`, in the order of TensorFlow's `strings.ngrams`."""
    return [b" ".join(row[i : i + n]) for n in widths for i in range(len(row) - n + 1)]
