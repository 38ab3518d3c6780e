"""TextVectorization: texts to words, and words to numbers or vectors."""

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
    """Texts to the numbers of their words in a vocabulary, or to one vector each.

    Number 0 is padding, 1 stands for words that are not in the vocabulary; in vectors the first place is theirs.
    The layer runs in Python: call it on data, or put it at the front of a Sequential.

    Args:
        max_tokens: at most so many numbers, the special ones included.
        standardize: None, "lower" (the letters A to Z), "strip_punctuation" (ASCII's), "lower_and_strip_punctuation",
            or a function of an array of `str` that returns one of the same shape.
        split: None, "whitespace" (ASCII's), "character", or a function of an array of `str` (N,) that returns N lists.
        ngrams: up to so many neighbouring words as one token, joined by spaces; a tuple: just these numbers of words.
        output_mode: "int" (int64, (N, longest), the rest 0), or "multi_hot", "count", "tf_idf", "one_hot" as those of
            StringLookup.
        output_sequence_length: with "int", cut or fill up to this length.
        pad_to_max_tokens: vectors of length `max_tokens`.
        vocabulary: list or array of words, or the path of a text file with one a line; else `adapt` learns it.
        idf_weights: with "tf_idf", a weight a word of the vocabulary.
        sparse, ragged: only False.
        encoding: of `bytes` that are given.

    Raises:
        ValueError: arguments that do not fit each other; input that is no text, or has a last axis other than 1.
        RuntimeError: called before there is a vocabulary.

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
            raise NotImplementedError("TextVectorization: netlet has no ragged tensors; leave `ragged` False.")
        length = output_sequence_length
        if length is not None and mode != "int":
            raise ValueError(
                "TextVectorization: `output_sequence_length` must not be set if `output_mode` is not 'int'; given "
                f"{length!r} with {mode!r}."
            )
        if length is not None and (not isinstance(length, int) or length < 0):
            raise ValueError(f"TextVectorization: `output_sequence_length` is an integer; given {length!r}.")
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
        return self._lookup_layer.output_mode

    # ---- the vocabulary, which is the lookup layer's -----------------------------------------------------------------
    def adapt(self, data: Any, batch_size: int | None = None, steps: int | None = None) -> None:
        """Learns the vocabulary from texts: the most frequent words first, among equals the later in order.

        Args:
            data: list or array of texts, or an iterable of such batches.
            batch_size: accepted as in Keras; the result does not depend on it.
            steps: at most so many batches of an iterable.
        """
        self.reset_state()
        with self._named():
            for batch, whole in batches_of_tokens(data, steps):
                self._observe(batch, whole)
        self.finalize_state()

    def update_state(self, data: Any) -> None:
        """Counts the words of a batch of texts."""
        with self._named():
            self._observe(data, False)

    def _observe(self, data: Any, whole: bool) -> None:
        words, _ = self._words(data, in_column=whole)
        self._lookup_layer._observe(list(chain.from_iterable(words)), words)

    def finalize_state(self) -> None:
        """Makes the vocabulary of what was counted."""
        self._lookup_layer.finalize_state()

    def reset_state(self) -> None:
        """Forgets what was counted; the vocabulary stays."""
        self._lookup_layer.reset_state()

    def get_vocabulary(self, include_special_tokens: bool = True) -> list[str]:
        """The words, each at the place that is its number; without padding and unknown words if so asked."""
        return self._lookup_layer.get_vocabulary(include_special_tokens)

    def vocabulary_size(self) -> int:
        """How many numbers there are, special ones included."""
        return self._lookup_layer.vocabulary_size()

    def set_vocabulary(self, vocabulary: Any, idf_weights: Any = None) -> None:
        """Sets the vocabulary instead of learning it; see `StringLookup.set_vocabulary`."""
        self._lookup_layer.set_vocabulary(vocabulary, idf_weights)

    # ---- words to numbers --------------------------------------------------------------------------------------------
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
        """(rows, longest or `output_sequence_length`), filled up with 0, or what is no place in one-hot vectors."""
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
