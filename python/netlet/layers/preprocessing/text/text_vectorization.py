"""TextVectorization: splits texts into words and maps the words to indices or vectors."""

from __future__ import annotations

from itertools import chain
from typing import Any

import numpy as np

from netlet import _core
from netlet.saving.serialization import deserialize_object

from .host import HostLayer, bags, check_mode
from .index_lookup import refuse_path
from .lookup import StringLookup
from .tokens import batches_of_tokens
from .words import WordSplitter


class TextVectorization(HostLayer):
    """Maps texts to the vocabulary indices of their words, or to one vector for each text.

    Index 0 is padding and 1 is for words that are not in the vocabulary (OOV); in vectors, element 0 is for OOV words.
    Input (N,) or (N, 1) texts; output (N, words) with "int", (N, words, size) with "one_hot", else (N, size). The layer
    runs in Python: call it on data, or put it first in a Sequential.

    Args:
        max_tokens: largest number of indices, special ones included; None (the default): no limit.
        standardize: None, "lower" (ASCII letters), "strip_punctuation" (ASCII punctuation),
            "lower_and_strip_punctuation" (the default), or a function of an array of `str` that returns one of the same
            shape.
        split: None, "whitespace" (ASCII whitespace, the default), "character", or a function of an array of `str` (N,)
            that returns N lists of words.
        ngrams: None (the default): single words; an integer n: also sequences of up to n words, joined by spaces, as
            tokens; a tuple: sequences of these numbers of words.
        output_mode: "int" (int64, padded with 0 to the longest text, the default), or "multi_hot", "count", "tf_idf" or
            "one_hot", as in `StringLookup`.
        output_sequence_length: with "int", the length to cut or pad to; None (the default): the longest text.
        pad_to_max_tokens: whether vectors have length `max_tokens`; False by default.
        vocabulary: list or array of words, or the path of a text file with one word on each line; None (the default):
            learned by `adapt`.
        idf_weights: with "tf_idf", one weight for each word of the vocabulary; None by default.
        sparse, ragged: only False, the default, is supported.
        encoding: of `bytes` inputs; "utf-8" by default.
        name: name of the layer; None (the default): "text_vectorization", numbered.
        **kwargs: the other arguments of `Layer`.

    Raises:
        ValueError: invalid or conflicting arguments; an input that is not text, or has a last axis other than 1.
        NotImplementedError: sparse=True or ragged=True.
        RuntimeError: called without a vocabulary.

    Source: Keras 3 `TextVectorization`.

    >>> layer = TextVectorization(output_sequence_length=4)
    >>> layer.adapt(["foo bar", "bar baz", "baz bada boom"])
    >>> layer(["foo qux bar", "qux, BAZ!"]).numpy()
    array([[4, 1, 3, 0],
           [1, 2, 0, 0]])
    """

    def __init__(
        self,
        max_tokens: int | None = None,
        standardize: Any = "lower_and_strip_punctuation",
        split: Any = "whitespace",
        ngrams: int | tuple[int, ...] | None = None,
        output_mode: str = "int",
        output_sequence_length: int | None = None,
        pad_to_max_tokens: bool = False,
        vocabulary: Any = None,
        idf_weights: Any = None,
        sparse: bool = False,
        ragged: bool = False,
        encoding: str = "utf-8",
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        hidden = {key: kwargs.pop(key) for key in ("has_input_vocabulary", "vocabulary_size") if key in kwargs}
        super().__init__(name=name, **kwargs)
        mode = check_mode("TextVectorization", output_mode)
        if ragged:
            raise NotImplementedError("TextVectorization: ragged tensors are not supported; expected ragged=False.")
        length = output_sequence_length
        if length is not None and mode != "int":
            raise ValueError(
                "TextVectorization: `output_sequence_length` must not be set if `output_mode` is not 'int'; received "
                f"{length!r} with {mode!r}."
            )
        if length is not None and (not isinstance(length, int) or length < 0):
            raise ValueError(
                f"TextVectorization: expected a non-negative integer for `output_sequence_length`, received {length!r}."
            )
        self._words = WordSplitter(standardize, split, ngrams, encoding)
        self.standardize, self.split, self.ngrams = standardize, split, ngrams
        self.output_sequence_length, self.ragged = output_sequence_length, ragged
        self._lookup_layer = StringLookup(
            max_tokens=max_tokens,
            vocabulary=vocabulary,
            idf_weights=idf_weights,
            pad_to_max_tokens=pad_to_max_tokens,
            mask_token="",
            output_mode=mode,
            sparse=sparse,
            encoding=encoding,
            dtype=self.dtype_policy,
            **hidden,
        )

    @property
    def output_mode(self) -> str:
        """The layer's `output_mode`."""
        return self._lookup_layer.output_mode

    # ---- the vocabulary, stored in the lookup layer ------------------------------------------------------------------
    def adapt(self, data: Any, batch_size: int | None = None, steps: int | None = None) -> None:
        """Learns the vocabulary from texts: most frequent words first, ties in descending order.

        Args:
            data: list or array of texts, or an iterable of such batches.
            batch_size: accepted as in Keras; the result does not depend on it.
            steps: the largest number of batches to use; None (the default): all.

        Raises:
            ValueError: the vocabulary was passed to the constructor; `data` has other values than texts.
        """
        self.reset_state()
        with self._named():
            for batch, whole in batches_of_tokens(data, steps):
                self._observe(batch, whole)
        self.finalize_state()

    def update_state(self, data: Any) -> None:
        """Counts the words of a batch of texts; `finalize_state` makes them the vocabulary.

        Args:
            data: list or array of texts (N,) or (N, 1).

        Raises:
            ValueError: the vocabulary was passed to the constructor; `data` has other values than texts.
        """
        with self._named():
            self._observe(data, False)

    def _observe(self, data: Any, whole: bool) -> None:
        words, _ = self._words(data, in_column=whole)
        self._lookup_layer._observe(list(chain.from_iterable(words)), words)

    def finalize_state(self) -> None:
        """Sets the vocabulary from the counted words."""
        self._lookup_layer.finalize_state()

    def reset_state(self) -> None:
        """Resets the counts; the vocabulary does not change."""
        self._lookup_layer.reset_state()

    def get_vocabulary(self, include_special_tokens: bool = True) -> list[str]:
        """The words; the position of a word is its index.

        Args:
            include_special_tokens: whether to include "" (padding) and "[UNK]" (OOV); True by default.

        Returns:
            List of str.
        """
        return self._lookup_layer.get_vocabulary(include_special_tokens)

    def vocabulary_size(self) -> int:
        """The number of indices, special ones included.

        Returns:
            int.
        """
        return self._lookup_layer.vocabulary_size()

    def set_vocabulary(self, vocabulary: Any, idf_weights: Any = None) -> None:
        """Sets the vocabulary instead of learning it.

        Args:
            vocabulary: list or array of words, with or without the special tokens first; or the path of a text file
                with one word on each line.
            idf_weights: with `output_mode="tf_idf"`, one number for each word; None (the default) otherwise.

        Raises:
            ValueError: no words; a repeated word; more than `max_tokens`; the file does not exist; missing or
                unexpected idf_weights.
            RuntimeError: the layer was called with vectors of another size.
        """
        self._lookup_layer.set_vocabulary(vocabulary, idf_weights)

    # ---- words to indices --------------------------------------------------------------------------------------------
    def load_own_variables(self, store: Any) -> None:
        """Reads the inverse document frequencies that Keras stores beside the weights; `load_assets` uses them.

        Args:
            store: mapping from names to arrays, with "idf_weights" if there are any.
        """
        self._lookup_layer.load_own_variables(store)

    def load_assets(self, directory: str) -> None:
        """Reads the vocabulary that Keras stores as `vocabulary.txt`, special tokens first.

        Args:
            directory: has the file; nothing happens if the config had the vocabulary.
        """
        self._lookup_layer.load_assets(directory)

    def call(self, inputs: Any) -> Any:
        lookup = self._lookup_layer
        words, lead = self._words(inputs)
        if self.output_sequence_length is not None:
            words = [row[: self.output_sequence_length] for row in words]
        ids = lookup._numbers(list(chain.from_iterable(words)))
        lengths = np.fromiter(map(len, words), np.int64, len(words))
        rows, mode = np.repeat(np.arange(len(words)), lengths), lookup.output_mode
        if mode in ("int", "one_hot"):
            padded = self._padded(ids, rows, lengths)
            lead, ids, rows = (*lead, padded.shape[1]), padded.reshape(-1), np.arange(padded.size)
        if mode == "int":
            return _core.as_tensor(ids.reshape(lead))
        mode = "count" if mode == "tf_idf" else mode
        return lookup._weighted(bags(ids, rows, mode, lookup._depth(), lookup.compute_dtype, lead))

    def _padded(self, ids: np.ndarray, rows: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        """Indices (rows, longest or `output_sequence_length`), padded with 0, or with -1 (no element) for "one_hot"."""
        longest = int(lengths.max()) if len(lengths) else 0
        width = longest if self.output_sequence_length is None else self.output_sequence_length
        out = np.full((len(lengths), width), 0 if self.output_mode == "int" else -1, np.int64)
        out[rows, np.arange(len(ids)) - np.repeat(np.cumsum(lengths) - lengths, lengths)] = ids
        return out

    # ---- shapes and config -------------------------------------------------------------------------------------------
    def compute_output_shape(self, input_shape: Any) -> Any:
        shape = tuple(input_shape)
        lead = shape[:-1] if len(shape) > 1 or self.split is None else shape
        if self.output_mode in ("int", "one_hot"):
            kept = self.split is None and self.ngrams is None and bool(shape)
            length = shape[-1] if kept and self.output_sequence_length is None else self.output_sequence_length
            return (*lead, length) if self.output_mode == "int" else (*lead, length, self._lookup_layer._depth())
        return (*lead, self._lookup_layer._depth())

    def _output_dtype(self) -> str:
        return self._lookup_layer._output_dtype()

    def get_config(self) -> dict[str, Any]:
        lookup = self._lookup_layer.get_config()
        same = "max_tokens output_mode pad_to_max_tokens sparse vocabulary idf_weights encoding".split()
        return {
            **super().get_config(),
            "standardize": self.standardize,
            "split": self.split,
            "ngrams": self.ngrams,
            "output_sequence_length": self.output_sequence_length,
            "ragged": self.ragged,
            **{key: lookup[key] for key in (*same, "has_input_vocabulary")},
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        refuse_path(cls.__name__, config)
        arguments = dict(config)
        for key in ("standardize", "split"):
            if key in config:
                arguments[key] = deserialize_object(config[key])
        if isinstance(config.get("ngrams"), list):
            arguments["ngrams"] = tuple(config["ngrams"])
        return cls(**arguments)
