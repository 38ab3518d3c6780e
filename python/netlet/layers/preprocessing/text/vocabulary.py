"""Vocabularies: terms that are given, checked; terms that are learned, counted and ranked."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from typing import Any

import numpy as np


def terms_of(vocabulary: Any, kind: Any) -> list[Any]:
    """The tokens of a list or array, or of a text file with one a line, which is named by its path.

    Raises:
        ValueError: no such file, something that is no token, or no token at all.
    """
    if isinstance(vocabulary, (str, os.PathLike)):
        if not os.path.isfile(vocabulary):
            raise ValueError(f"Vocabulary file {vocabulary} does not exist.")
        with open(vocabulary, "rb") as file:
            tokens = kind.lines(file.read())
    else:
        tokens = list(kind.read(vocabulary)[0])
    if not tokens:
        raise ValueError("Cannot set an empty vocabulary.")
    return list(tokens)


def check_terms(tokens: list[Any], kind: Any, reserved: dict[str, Any], special: int, limit: int | None) -> None:
    """Each token once, no reserved one among them, and with the special ones not more than `limit`."""
    repeated = [kind.plain(t) for t, n in Counter(tokens).items() if n > 1]
    if repeated:
        raise ValueError(f"The passed vocabulary has at least one repeated term: {repeated[:5]}.")
    for what, token in reserved.items():
        if token is not None and token in tokens:
            raise ValueError(
                f"Found reserved {what} token at unexpected location in `vocabulary`: {kind.plain(token)!r}. Special "
                "tokens are left out, or all of them stand in front: the mask's, if it has a number, then the OOV ones."
            )
    size = special + len(tokens)
    if limit is not None and size > limit:
        raise ValueError(
            f"Attempted to set a vocabulary larger than the maximum vocab size: with special tokens it has {size}; "
            f"`max_tokens` is {limit}."
        )


class TokenCounts:
    """How often tokens occur, and in how many documents.

    Args:
        kind: of the tokens.
        with_documents: whether documents are counted too.
    """

    def __init__(self, kind: Any, with_documents: bool) -> None:
        self._kind, self._with_documents = kind, with_documents
        self._tokens: Counter[Any] = Counter()
        self._documents_with: Counter[Any] = Counter()
        self._documents = 0

    def update(self, flat: Any, documents: Iterable[Any]) -> None:
        """Counts tokens; `documents` are the same ones, piece by piece."""
        self._tokens.update(self._kind.counted(flat))
        if self._with_documents:
            for document in documents:
                self._documents += 1
                self._documents_with.update(set(document))

    def ranked(self, without: set[Any], limit: int | None) -> list[Any]:
        """The most frequent first, among equals the later in order, as in Keras; at most `limit`."""
        found = [(count, token) for token, count in self._tokens.items() if token not in without]
        return [token for _, token in sorted(found, reverse=True)[:limit]]

    def idf(self, tokens: list[Any]) -> np.ndarray:
        """log(1 + documents / (1 + documents with the token)), a number a token."""
        held = np.array([self._documents_with[token] for token in tokens], "float64")
        return np.asarray(np.log(1 + self._documents / (1 + held)))
