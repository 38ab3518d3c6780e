"""Vocabularies: reads and checks given terms, and counts and ranks learned ones."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from typing import Any

import numpy as np


def terms_of(vocabulary: Any, kind: Any) -> list[Any]:
    """The tokens of a list or array, or of a text file (its path) with one token on each line.

    Raises:
        ValueError: the file does not exist; an element is not a token; there are no tokens.
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
    """Raises ValueError for an invalid vocabulary.

    Args:
        tokens: must be distinct.
        kind: `Texts` or `Integers`.
        reserved: special tokens by name ("mask", "OOV"), which must not be in `tokens`; None entries are ignored.
        special: number of indices of special tokens.
        limit: largest number of indices, special ones included; None: no limit.
    """
    repeated = [kind.plain(t) for t, n in Counter(tokens).items() if n > 1]
    if repeated:
        raise ValueError(f"The passed vocabulary has at least one repeated term: {repeated[:5]}.")
    for what, token in reserved.items():
        if token is not None and token in tokens:
            raise ValueError(
                f"Found reserved {what} token at unexpected location in `vocabulary`: {kind.plain(token)!r}. Leave out "
                "the special tokens, or put all of them first: the mask token, if it has an index, then the OOV tokens."
            )
    size = special + len(tokens)
    if limit is not None and size > limit:
        raise ValueError(
            f"Attempted to set a vocabulary larger than the maximum vocab size: expected at most `max_tokens`={limit}, "
            f"received {size} with special tokens."
        )


class TokenCounts:
    """Counts how often tokens occur, and in how many documents.

    Args:
        kind: `Texts` or `Integers`, the type of the tokens.
        with_documents: whether to count the documents of each token too.
    """

    def __init__(self, kind: Any, with_documents: bool) -> None:
        self._kind, self._with_documents = kind, with_documents
        self._tokens: Counter[Any] = Counter()
        self._documents_with: Counter[Any] = Counter()
        self._documents = 0

    def update(self, flat: Any, documents: Iterable[Any]) -> None:
        """Adds the tokens `flat` to the counts; `documents` are the same tokens, split into documents."""
        self._tokens.update(self._kind.counted(flat))
        if self._with_documents:
            for document in documents:
                self._documents += 1
                self._documents_with.update(set(document))

    def ranked(self, without: set[Any], limit: int | None) -> list[Any]:
        """At most `limit` tokens except `without`: most frequent first, ties in descending order, as in Keras."""
        found = [(count, token) for token, count in self._tokens.items() if token not in without]
        return [token for _, token in sorted(found, reverse=True)[:limit]]

    def idf(self, tokens: list[Any]) -> np.ndarray:
        """log(1 + documents / (1 + documents with the token)) for each token."""
        held = np.array([self._documents_with[token] for token in tokens], "float64")
        return np.asarray(np.log(1 + self._documents / (1 + held)))
