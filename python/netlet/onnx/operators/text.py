"""Texts: NumPy arrays of Python strings. These operators run in Python: netlet has no kernels for texts."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Any

import numpy as np

from ..node import Node
from .registry import operator
from .values import constant


def _strings(values: list[str], shape: tuple[int, ...]) -> np.ndarray:
    array = np.empty(len(values), object)
    array[:] = values
    return array.reshape(shape)


@operator("StringConcat")
def string_concat(node: Node, a: Any, b: Any) -> Any:
    """Texts joined, element by element."""
    a, b = np.broadcast_arrays(a, b)
    return _strings([x + y for x, y in zip(a.ravel(), b.ravel(), strict=True)], a.shape)


@operator("StringSplit")
def string_split(node: Node, x: Any) -> Any:
    """The parts of each text along a new last axis, filled up with empty ones, and their numbers."""
    delimiter = node.attribute("delimiter", None) or None
    parts = [text.split(delimiter, node.attribute("maxsplit", -1)) for text in x.ravel()]
    counts = np.array([len(p) for p in parts], np.int64)
    longest = int(counts.max(initial=0))
    filled = [part for p in parts for part in p + [""] * (longest - len(p))]
    return _strings(filled, (*x.shape, longest)), counts.reshape(x.shape)


@operator("RegexFullMatch")
def regex_full_match(node: Node, x: Any) -> Any:
    """Whether each text matches a pattern from its start to its end."""
    pattern = node.attribute("pattern")
    try:
        matcher = re.compile(pattern)
    except re.error as error:
        raise node.error(f"expected a regular expression, received {pattern!r}: {error}.") from None
    return np.array([matcher.fullmatch(t) is not None for t in x.ravel()], bool).reshape(x.shape)


def _without_accents(text: str) -> str:
    return (
        text
        if text.isascii()
        else "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    )


@operator("StringNormalizer")
def string_normalizer(node: Node, x: Any) -> Any:
    """Texts without stop words, in one case. If none is left, one empty text."""
    changes: dict[str, Callable[[str], str]] = {"LOWER": str.lower, "UPPER": str.upper, "NONE": str}
    change = changes[node.attribute("case_change_action", "NONE")]
    exact = node.attribute("is_case_sensitive", 0)
    stops = node.attribute("stopwords", None) or []
    stops = set(stops) if exact else {s.lower() for s in stops}
    left = [change(t) for t in x.ravel() if (t if exact else t.lower()) not in stops]
    left = left or [""]
    return _strings(left, (*x.shape[:-1], len(left)))


@operator("TfIdfVectorizer")
def tf_idf_vectorizer(node: Node, x: Any) -> Any:
    """How often n-grams occur in each row, whose elements may be some steps apart; weighted."""
    pool = node.attribute("pool_strings", None) or node.attribute("pool_int64s")
    starts = node.attribute("ngram_counts")
    indexes = node.attribute("ngram_indexes")
    columns: dict[tuple[Any, ...], tuple[int, int]] = {}  # n-gram -> (its number, its column)
    for n, (start, end) in enumerate(zip(starts, [*starts[1:], len(pool)], strict=True), start=1):
        for at in range(start, end, n):
            columns[tuple(pool[at : at + n])] = (len(columns), indexes[len(columns)])
    values = constant(node, x, "X")
    rows = values.reshape(-1, values.shape[-1]) if values.size else values.reshape(max(1, values.ndim), -1)
    node.check_size((len(rows), max(indexes) + 1))
    counts = np.zeros((len(rows), max(indexes) + 1), np.float32)
    weights = np.ones(counts.shape[1], np.float32)
    for number, column in columns.values():
        weights[column] = (node.attribute("weights", None) or [1.0] * len(columns))[number]
    for row, elements in enumerate(rows.tolist()):
        for gram in _grams(node, elements):
            if gram in columns:
                counts[row, columns[gram][1]] += 1
    mode = node.attribute("mode")
    result = {"TF": counts, "IDF": (counts > 0) * weights, "TFIDF": counts * weights}[mode].astype(np.float32)
    return result.reshape(*values.shape[:-1], -1)


def _grams(node: Node, elements: list[Any]) -> list[tuple[Any, ...]]:
    """The n-grams of a row, of all sizes and distances that count."""
    found = []
    most = len(elements)  # longer ones, and those further apart, do not fit
    for n in range(max(1, node.attribute("min_gram_length")), min(most, node.attribute("max_gram_length")) + 1):
        for step in range(1, 2 if n == 1 else min(most, node.attribute("max_skip_count") + 1) + 1):
            last = len(elements) - (n - 1) * step
            found += [tuple(elements[at : at + n * step : step]) for at in range(last)]
    return found
