"""Strings and integers to numbers and back by a vocabulary that is given or learned: StringLookup, IntegerLookup."""

from __future__ import annotations

from typing import Any

from .index_lookup import IndexLookup
from .tokens import Integers, Texts


class StringLookup(IndexLookup):
    """Strings to their numbers in a vocabulary, or to vectors; unknown ones share numbers of their own.

    Numbers begin, with `output_mode="int"`, with that of the mask token (0, if there is one), then come those for
    strings that are not in the vocabulary (OOV), then the vocabulary's. Vectors have no place for the mask token.
    The layer runs in Python: call it on data, or put it at the front of a Sequential.

    Args:
        max_tokens: at most so many numbers, special ones included.
        num_oov_indices: how many numbers unknown strings share (by their hash, if more than 1); 0: they are errors.
        mask_token: what counts as a mask.
        oov_token: what stands for unknown ones in the vocabulary, and when `invert` is on.
        vocabulary: list or array of strings, or the path of a text file with one a line; else `adapt` learns it.
        idf_weights: with "tf_idf", a weight a string of the vocabulary.
        invert: numbers to strings instead (an array of `str`).
        output_mode: "int" (int64); vectors of the vocabulary's length: "one_hot", one a string; one a sample (the last
            axis): "multi_hot", 1 for what occurs; "count", how often; "tf_idf", how often times the weight.
        pad_to_max_tokens: vectors of length `max_tokens`.
        sparse: only False.
        encoding: of `bytes` that are given.
        salt: hash with SipHash under this key (two integers) instead of FarmHash.

    Raises:
        ValueError: arguments that do not fit each other, input that is no text, an unknown string without a number.
        RuntimeError: called before there is a vocabulary.

    Source: Keras 3 `StringLookup`.

    >>> layer = StringLookup(vocabulary=["a", "b", "c", "d"])
    >>> layer([["a", "c", "d"], ["d", "z", "b"]]).numpy()
    array([[1, 3, 4],
           [4, 0, 2]])
    >>> StringLookup(vocabulary=layer.get_vocabulary(), invert=True)([[1, 0]])
    array([['a', '[UNK]']], dtype=object)
    """

    def __init__(
        self,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        mask_token: Any = None,
        oov_token: Any = "[UNK]",
        vocabulary: Any = None,
        idf_weights: Any = None,
        invert: bool = False,
        output_mode: str = "int",
        pad_to_max_tokens: bool = False,
        sparse: bool = False,
        encoding: str = "utf-8",
        name: str | None = None,
        salt: Any = None,
        **kwargs: Any,
    ) -> None:
        self.encoding = encoding
        super().__init__(
            Texts(encoding),
            max_tokens=max_tokens,
            num_oov_indices=num_oov_indices,
            mask_token=mask_token,
            oov_token=oov_token,
            vocabulary=vocabulary,
            idf_weights=idf_weights,
            invert=invert,
            output_mode=output_mode,
            pad_to_max_tokens=pad_to_max_tokens,
            sparse=sparse,
            name=name,
            salt=salt,
            **kwargs,
        )

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "encoding": self.encoding}


class IntegerLookup(IndexLookup):
    """Integers to their numbers in a vocabulary, or to vectors; unknown ones share numbers of their own.

    Args:
        vocabulary_dtype: only "int64".
        oov_method: how unknown integers share several numbers: "floormod", the remainder, or "farmhash".
        salt: with "farmhash", hash with SipHash under this key (two integers).
        max_tokens, num_oov_indices, mask_token, oov_token, vocabulary, idf_weights, invert, output_mode, sparse,
            pad_to_max_tokens: as those of StringLookup, which also says what is raised.

    Source: Keras 3 `IntegerLookup`.

    >>> import numpy as np
    >>> IntegerLookup(vocabulary=[12, 36, 1138, 42])(np.array([[12, 1138, 42], [37, 1000, 36]])).numpy()
    array([[1, 3, 4],
           [0, 0, 2]])
    """

    def __init__(
        self,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        mask_token: Any = None,
        oov_token: Any = -1,
        vocabulary: Any = None,
        vocabulary_dtype: str = "int64",
        idf_weights: Any = None,
        invert: bool = False,
        output_mode: str = "int",
        sparse: bool = False,
        pad_to_max_tokens: bool = False,
        oov_method: str = "floormod",
        salt: Any = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        if vocabulary_dtype != "int64":
            raise ValueError(
                f"IntegerLookup: only `vocabulary_dtype='int64'` is supported; given {vocabulary_dtype!r}."
            )
        super().__init__(
            Integers(),
            max_tokens=max_tokens,
            num_oov_indices=num_oov_indices,
            mask_token=mask_token,
            oov_token=oov_token,
            vocabulary=vocabulary,
            idf_weights=idf_weights,
            invert=invert,
            output_mode=output_mode,
            sparse=sparse,
            pad_to_max_tokens=pad_to_max_tokens,
            oov_method=oov_method,
            salt=salt,
            name=name,
            **kwargs,
        )
