"""IndexLookup: base of StringLookup and IntegerLookup."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from netlet import _core

from .fingerprint import hasher
from .host import check_mode, check_salt, check_sparse, vectors
from .tokens import ABSENT, Integers, as_array
from .vocabulary_layer import VocabularyLayer


class IndexLookup(VocabularyLayer):
    """Base of StringLookup and IntegerLookup: maps tokens to indices and back.

    Args:
        kind: `Texts` or `Integers`, the type of the tokens.
        max_tokens, num_oov_indices, ...: see `StringLookup` and `IntegerLookup`.
    """

    def __init__(
        self,
        kind: Any,
        max_tokens: int | None,
        num_oov_indices: int,
        mask_token: Any,
        oov_token: Any,
        vocabulary: Any = None,
        idf_weights: Any = None,
        invert: bool = False,
        output_mode: str = "int",
        sparse: bool = False,
        pad_to_max_tokens: bool = False,
        oov_method: str = "floormod",
        name: str | None = None,
        salt: Any = None,
        **kwargs: Any,
    ) -> None:
        own = type(self).__name__
        kwargs.pop("vocabulary_dtype", None)  # in Keras's configs; known from the class
        size = kwargs.pop("vocabulary_size", None)
        given = kwargs.pop("has_input_vocabulary", vocabulary is not None)
        super().__init__(name=name, **kwargs)
        self._kind = kind
        mode = check_mode(own, output_mode)
        integers = kind.dtype == "int64"
        for wrong, message in (
            (max_tokens is not None and max_tokens <= 1, f"If set, `max_tokens` must be greater than 1: {max_tokens}"),
            (pad_to_max_tokens and max_tokens is None, "If pad_to_max_tokens is True, must set `max_tokens`"),
            (num_oov_indices < 0, f"`num_oov_indices` must be greater than or equal to 0: {num_oov_indices}"),
            (
                oov_method not in ("floormod", "farmhash"),
                f"`oov_method` must be 'floormod' or 'farmhash': {oov_method!r}",
            ),
            (
                salt is not None and integers and oov_method != "farmhash",
                f"`salt` can only be used when `oov_method='farmhash'`: {oov_method!r}",
            ),
            (invert and mode != "int", f"`output_mode` must be `'int'` when `invert` is true: {mode!r}"),
            (
                idf_weights is not None and mode != "tf_idf",
                f"`idf_weights` should only be set if `output_mode` is `'tf_idf'`: {mode!r}",
            ),
            (
                mode == "tf_idf" and vocabulary is not None and idf_weights is None,
                "with `vocabulary`, output_mode 'tf_idf' needs `idf_weights` too",
            ),
        ):
            if wrong:
                raise ValueError(f"{own}: {message}.")
        check_sparse(own, sparse, mode)
        self.max_tokens, self.num_oov_indices, self.pad_to_max_tokens = max_tokens, num_oov_indices, pad_to_max_tokens
        self.invert, self.output_mode = invert, mode
        self.sparse, self.oov_method, self.salt = sparse, oov_method, check_salt(own, salt)
        self._mask, self._oov = (None if t is None else kind.token(t) for t in (mask_token, oov_token))
        self.mask_token, self.oov_token = (None if t is None else kind.plain(t) for t in (self._mask, self._oov))
        self._has_input_vocabulary = bool(given)
        self._promised_size = size if isinstance(size, int) and size > self._token_start else None
        self.reset_state()
        if vocabulary is not None:
            self.set_vocabulary(vocabulary, idf_weights)

    # ---- looking up ------------------------------------------------------------------------------------------------
    def call(self, inputs: Any) -> Any:
        if self.invert:
            return self._tokens_of(inputs)
        flat, shape = self._kind.read(inputs)
        return self._as_output(self._numbers(flat), shape)

    def _as_output(self, ids: np.ndarray, shape: tuple[int, ...]) -> Any:
        if self.output_mode == "int":
            return _core.as_tensor(ids.reshape(shape))
        mode = "count" if self.output_mode == "tf_idf" else self.output_mode
        return self._weighted(vectors(ids, shape, mode, self._depth(), self.compute_dtype))

    def _weighted(self, found: np.ndarray) -> Any:
        if self.output_mode == "tf_idf":
            if self._idf is None:
                raise RuntimeError(f"Layer '{self.name}' has no `idf_weights`: call `adapt` on data with tokens first.")
            found[..., : self._token_start] *= self._special_idf
            found[..., self._token_start : self.vocabulary_size()] *= self._idf
        return _core.as_tensor(found)

    def _numbers(self, flat: Any) -> np.ndarray:
        """The index of each token."""
        self._require_vocabulary()
        ids = self._find(flat)
        unknown = np.flatnonzero(ids == ABSENT)
        if not len(unknown):
            return ids
        if self.num_oov_indices == 0:
            some = [self._kind.plain(flat[i]) for i in unknown[:5]]
            raise ValueError(
                "When `num_oov_indices=0` all inputs should be in vocabulary, found OOV values "
                f"{some} (the first at position {unknown[0]}), consider setting `num_oov_indices=1`."
            )
        ids[unknown] = self._oov_start
        if self.num_oov_indices > 1:
            ids[unknown] += self._buckets([flat[i] for i in unknown])
        return ids

    def _buckets(self, tokens: list[Any]) -> np.ndarray:
        if self._kind.dtype == "int64" and self.oov_method == "floormod":
            return np.asarray(tokens, np.int64) % self.num_oov_indices
        hashed, key = hasher(self.salt), self._kind.key
        numbers = {token: hashed(key(token)) % self.num_oov_indices for token in set(tokens)}
        return np.array([numbers[token] for token in tokens], np.int64)

    def _tokens_of(self, inputs: Any) -> Any:
        self._require_vocabulary()
        ids, shape = Integers().read(as_array(inputs))
        known = np.array(self.get_vocabulary(), object)
        found: np.ndarray = np.full(len(ids), self.oov_token, object)
        there = (ids >= self._token_start) & (ids < len(known))
        found[there] = known[ids[there]]
        if self.mask_token is not None:
            found[ids == 0] = self.mask_token
        found = found.reshape(shape)
        return found if self._kind.dtype == "string" else _core.as_tensor(found.astype(np.int64))

    def _require_vocabulary(self) -> None:
        if self._tokens is None:
            raise RuntimeError(
                f"Layer '{self.name}': When using `output_mode={self.output_mode}` and `pad_to_max_tokens="
                f"{self.pad_to_max_tokens}`, you must set the layer's vocabulary before calling it. Either pass a "
                "`vocabulary` argument to the layer, or call `adapt` with some sample data."
            )

    def _depth(self) -> int:
        if self.pad_to_max_tokens:
            assert self.max_tokens is not None
            return self.max_tokens
        if self._tokens is None and self._promised_size is not None:
            self._called_with = self._promised_size
        else:
            self._require_vocabulary()
            self._called_with = self.vocabulary_size()
        return self._called_with

    # ---- shapes and config -------------------------------------------------------------------------------------------
    def compute_output_shape(self, input_shape: Any) -> Any:
        shape = tuple(input_shape)
        if self.output_mode == "int":
            return shape
        if self.output_mode == "one_hot" and not (len(shape) > 1 and shape[-1] == 1):
            return (*shape, self._depth())
        return (*shape[:-1], self._depth())

    def _output_dtype(self) -> str:
        if self.invert:
            return str(self._kind.dtype)
        return "int64" if self.output_mode == "int" else self.compute_dtype

    def get_config(self) -> dict[str, Any]:
        # Weights of special tokens are only saved if those tokens are not None.
        whole = self._idf is not None and None not in self._special_tokens()
        idf = self.idf_weights if whole else self._idf
        return {
            **super().get_config(),
            "invert": self.invert,
            "max_tokens": self.max_tokens,
            "num_oov_indices": self.num_oov_indices,
            "oov_token": self.oov_token,
            "mask_token": self.mask_token,
            "output_mode": self.output_mode,
            "sparse": self.sparse,
            "pad_to_max_tokens": self.pad_to_max_tokens,
            "vocabulary": self.get_vocabulary(whole) if self._tokens else None,
            "idf_weights": None if idf is None else [float(w) for w in idf],
            "oov_method": self.oov_method,
            "salt": None if self.salt is None else list(self.salt),
            "has_input_vocabulary": self._has_input_vocabulary,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        refuse_path(cls.__name__, config)
        return cls(**config)


def refuse_path(name: str, config: dict[str, Any]) -> None:
    """Raises ValueError for a config with a path: loading a model file must not read other files."""
    if isinstance(config.get("vocabulary"), (str, os.PathLike)):
        raise ValueError(
            f"The config of {name} names a vocabulary file, {config['vocabulary']!r}; expected a list of terms."
        )
