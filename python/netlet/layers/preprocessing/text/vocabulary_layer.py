"""VocabularyLayer: base of layers with a vocabulary, which is passed or learned by `adapt`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from .host import HostLayer
from .tokens import batches_of_tokens
from .vocabulary import TokenCounts, check_terms, terms_of

DROPPED = -2  # marks the mask token if it has no index: vectors do not count it


class VocabularyLayer(HostLayer):
    """Base of layers that map tokens to indices.

    The mask token (if it has an index) comes first, then the unknown tokens, then the vocabulary.
    """

    _untracked_attributes = HostLayer._untracked_attributes | {"_tokens", "_find", "_kind"}
    # Set by IndexLookup.
    max_tokens: int | None
    num_oov_indices: int
    mask_token: Any
    oov_token: Any
    output_mode: str
    invert: bool
    _kind: Any
    _mask: Any
    _oov: Any
    _has_input_vocabulary: bool

    _tokens: list[Any] | None = None  # without mask and OOV tokens
    _find: Callable[[Any], np.ndarray]
    _idf: np.ndarray | None = None  # one weight for each token
    _special_idf: Any = None  # weights of the special tokens: one for each, or one for all
    _loaded_idf: Any = None  # read by `load_own_variables`, until `load_assets` sets the vocabulary
    _promised_size: int | None  # of the vocabulary that `load_assets` will set: a number in Keras's configs
    _called_with: int | None = None  # length of the vectors when the layer was first called; later layers depend on it

    # ---- the vocabulary --------------------------------------------------------------------------------------------
    @property
    def _oov_start(self) -> int:
        return int(self.mask_token is not None and self.output_mode == "int")

    @property
    def _token_start(self) -> int:
        return self._oov_start + self.num_oov_indices

    def _special_tokens(self) -> list[Any]:
        return [self.mask_token] * self._oov_start + [self.oov_token] * self.num_oov_indices

    def get_vocabulary(self, include_special_tokens: bool = True) -> list[Any]:
        """The tokens; the position of a token is its index.

        Args:
            include_special_tokens: whether to include mask and OOV tokens; True by default.

        Returns:
            List of str or int.
        """
        special = self._special_tokens() if include_special_tokens else []
        return special + [self._kind.plain(token) for token in self._tokens or ()]

    def vocabulary_size(self) -> int:
        """The number of indices, including those of mask and OOV tokens.

        Returns:
            int.
        """
        return self._token_start + len(self._tokens or ())

    @property
    def idf_weights(self) -> np.ndarray | None:
        """The inverse document frequency of each index, with `output_mode="tf_idf"`; else None."""
        if self._idf is None or self._special_idf is None:
            return None
        return np.concatenate([np.broadcast_to(self._special_idf, self._token_start), self._idf])

    def set_vocabulary(self, vocabulary: Any, idf_weights: Any = None) -> None:
        """Sets the vocabulary instead of learning it.

        Args:
            vocabulary: list or array of tokens, with or without the special tokens first; or the path of a text file
                with one token on each line.
            idf_weights: with `output_mode="tf_idf"`, one number for each token; None otherwise; default None.

        Raises:
            ValueError: no tokens; a repeated token; the mask token among them; more than `max_tokens`; the file does
                not exist; missing or unexpected idf_weights.
            RuntimeError: the layer was called with vectors of another size.
        """
        with self._named():
            self._set_vocabulary(vocabulary, idf_weights)

    def _set_vocabulary(self, vocabulary: Any, idf_weights: Any) -> None:
        if (self.output_mode == "tf_idf") != (idf_weights is not None):
            raise ValueError(
                f"`idf_weights` must be set if and only if output_mode is 'tf_idf'; received {self.output_mode!r}."
            )
        given, start = terms_of(vocabulary, self._kind), self._token_start
        # A config may claim a huge number of special tokens, so the list is only made if the vocabulary is long enough.
        begins = start <= len(given) and [self._kind.plain(t) for t in given[:start]] == self._special_tokens()
        tokens = given[start:] if begins else given
        reserved = {"mask": self._mask, "OOV": self._oov if self.invert else None}
        check_terms(tokens, self._kind, reserved, start, self.max_tokens)
        if idf_weights is not None:
            weights = np.asarray(idf_weights, self.compute_dtype)
            if weights.shape != (len(given),):
                raise ValueError(
                    f"`idf_weights` must be the same length as vocabulary, {len(given)}; received an array of "
                    f"shape {weights.shape}."
                )
        self._use(tokens)
        if idf_weights is not None:
            self._set_idf(weights[start if begins else 0 :], weights[:start] if begins else None)

    def _set_idf(self, weights: np.ndarray, special: np.ndarray | None = None) -> None:
        """Sets the weights. Special tokens get the weights `special`, or the mean of the others if it is None."""
        self._idf = weights
        self._special_idf = weights.mean(keepdims=True) if special is None else special

    def _use(self, tokens: list[Any]) -> None:
        size = self._token_start + len(tokens)
        if self._called_with is not None and size != self._called_with:
            raise RuntimeError(
                f"Layer '{self.name}': when using `output_mode={self.output_mode}` and `pad_to_max_tokens=False`, the "
                "vocabulary size cannot be changed after the layer is called. Old vocab size is "
                f"{self._called_with}, new vocab size is {size}."
            )
        table = {token: i for i, token in enumerate(tokens, self._token_start)}
        if self._mask is not None:
            table[self._mask] = 0 if self.output_mode == "int" else DROPPED
        self._tokens, self._find = tokens, self._kind.finder(table)

    # ---- Keras's files -----------------------------------------------------------------------------------------------
    def load_own_variables(self, store: Any) -> None:
        """Reads the inverse document frequencies that Keras stores beside the weights; `load_assets` uses them.

        Args:
            store: mapping from names to arrays, with "idf_weights" if there are any.
        """
        self._loaded_idf = store.get("idf_weights")

    def load_assets(self, directory: str) -> None:
        """Reads the vocabulary that Keras stores as `vocabulary.txt`, special tokens first.

        Args:
            directory: has the file; nothing happens if the config had the vocabulary.
        """
        if not self._has_input_vocabulary and self._tokens is None:
            self.set_vocabulary(os.path.join(directory, "vocabulary.txt"), self._loaded_idf)

    # ---- learning the vocabulary -----------------------------------------------------------------------------------
    def adapt(self, data: Any, steps: int | None = None) -> None:
        """Learns the vocabulary: most frequent tokens first, ties in descending order, as in Keras.

        Args:
            data: list or array of tokens, or an iterable of such batches.
            steps: the largest number of batches to use; None (the default): all.

        Raises:
            ValueError: the vocabulary was passed to the constructor; `data` has other values than tokens.
        """
        self.reset_state()
        with self._named():
            for batch, whole in batches_of_tokens(data, steps):
                flat, shape = self._kind.read(batch)
                self._observe_array(flat, (*shape, 1) if whole and len(shape) == 1 else shape)
        self.finalize_state()

    def update_state(self, data: Any) -> None:
        """Counts the tokens of a batch; `finalize_state` makes them the vocabulary.

        Args:
            data: list or array of tokens; each row is a document.

        Raises:
            ValueError: the vocabulary was passed to the constructor; `data` has other values than tokens.
        """
        with self._named():
            self._observe_array(*self._kind.read(data))

    def _observe_array(self, flat: Any, shape: tuple[int, ...]) -> None:
        width = len(flat) // shape[0] if len(shape) > 1 and shape[0] else len(flat)
        self._observe(flat, (flat[i : i + width] for i in range(0, len(flat), width or 1)))

    def _observe(self, flat: Any, documents: Iterable[Any]) -> None:
        if self._has_input_vocabulary:
            raise ValueError(
                f"Cannot adapt layer '{self.name}' after setting a static vocabulary via `vocabulary` argument."
            )
        self._counts.update(flat, documents)

    def finalize_state(self) -> None:
        """Sets the vocabulary from the counted tokens."""
        if self._has_input_vocabulary:
            return
        limit = None if self.max_tokens is None else max(self.max_tokens - self._token_start, 0)
        tokens = self._counts.ranked({self._mask, self._oov}, limit)
        self._use(tokens)
        self._idf = None
        if self.output_mode == "tf_idf" and tokens:
            self._set_idf(self._counts.idf(tokens).astype(self.compute_dtype))
        self.reset_state()

    def reset_state(self) -> None:
        """Resets the counts; the vocabulary does not change."""
        self._counts = TokenCounts(self._kind, self.output_mode == "tf_idf")
