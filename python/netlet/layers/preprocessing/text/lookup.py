"""StringLookup and IntegerLookup: map strings and integers to their indices in a vocabulary, and back."""

from __future__ import annotations

from typing import Any

from .index_lookup import IndexLookup
from .tokens import Integers, Texts


class StringLookup(IndexLookup):
    """Maps strings to their indices in a vocabulary, or to vectors.

    With `output_mode="int"`, the mask token (if there is one) has index 0, followed by the indices of strings that are
    not in the vocabulary (OOV), then those of the vocabulary. Vectors have no element for the mask token. Input of any
    shape; output of the same shape with "int". With "one_hot" each string is a vector (size,), which replaces a last
    axis of size 1; with the other modes the last axis is replaced by one vector. The layer runs in Python: call it on
    data, or put it first in a Sequential.

    Args:
        max_tokens: largest number of indices, special ones included; None (the default): no limit.
        num_oov_indices: number of indices for unknown strings, chosen by hash if above 1; 1 by default. With 0, unknown
            strings raise an error.
        mask_token: the string that is masked; None (the default): no such string.
        oov_token: the string for unknown ones in the vocabulary and with `invert`; "[UNK]" by default.
        vocabulary: list or array of strings, or the path of a text file with one string on each line; None (the
            default): learned by `adapt`.
        idf_weights: with "tf_idf", one weight for each string of the vocabulary; None by default.
        invert: whether to map indices back to strings (an array of `str`); False by default.
        output_mode: "int" (int64, the default), or vectors of the vocabulary's size: "one_hot", one for each string;
            and one for each sample (the last axis): "multi_hot", 1 for each string that occurs; "count", how often it
            occurs; "tf_idf", that count times the weight.
        pad_to_max_tokens: whether vectors have length `max_tokens`; False by default.
        sparse: only False, the default, is supported.
        encoding: of `bytes` inputs; "utf-8" by default.
        name: name of the layer; None (the default): "string_lookup", numbered.
        salt: key of SipHash (two integers, or one for both); None (the default): FarmHash.
        **kwargs: the other arguments of `Layer`.

    Raises:
        ValueError: invalid or conflicting arguments; an input that is not text; an unknown string if num_oov_indices
            is 0.
        RuntimeError: called without a vocabulary.

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
    """Maps integers to their indices in a vocabulary, or to vectors.

    The order of indices is that of `StringLookup`. Input of any shape; output of the same shape with "int". With
    "one_hot" each integer is a vector (size,), which replaces a last axis of size 1; with the other modes the last axis
    is replaced by one vector. The layer runs in Python: call it on data, or put it first in a Sequential.

    Args:
        max_tokens: largest number of indices, special ones included; None (the default): no limit.
        num_oov_indices: number of indices for unknown integers, chosen by `oov_method` if above 1; 1 by default. With
            0, unknown integers raise an error.
        mask_token: the integer that is masked; None (the default): no such integer.
        oov_token: the integer for unknown ones in the vocabulary and with `invert`; -1 by default.
        vocabulary: list or array of integers, or the path of a text file with one integer on each line; None (the
            default): learned by `adapt`.
        vocabulary_dtype: only "int64", the default, is supported.
        idf_weights: with "tf_idf", one weight for each integer of the vocabulary; None by default.
        invert: whether to map indices back to integers; False by default.
        output_mode: "int" (int64, the default), or vectors of the vocabulary's size: "one_hot", one for each integer;
            and one for each sample (the last axis): "multi_hot", 1 for each integer that occurs; "count", how often it
            occurs; "tf_idf", that count times the weight.
        pad_to_max_tokens: whether vectors have length `max_tokens`; False by default.
        sparse: only False, the default, is supported.
        oov_method: how an unknown integer's index is chosen: "floormod" (its remainder, the default) or "farmhash".
        salt: with "farmhash", key of SipHash (two integers, or one for both); None (the default): FarmHash.
        name: name of the layer; None (the default): "integer_lookup", numbered.
        **kwargs: the other arguments of `Layer`.

    Raises:
        ValueError: invalid or conflicting arguments; an input that is not integers; an unknown integer if
            num_oov_indices is 0.
        RuntimeError: called without a vocabulary.

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
            raise ValueError(f"IntegerLookup: expected `vocabulary_dtype='int64'`, received {vocabulary_dtype!r}.")
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
