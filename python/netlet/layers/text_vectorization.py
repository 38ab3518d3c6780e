"""TextVectorization: texts to words, and words to numbers or vectors."""

from __future__ import annotations

import string
from collections.abc import Iterable
from itertools import chain
from typing import Any

import numpy as np

from .. import _core
from .host import HostLayer, bags, check_mode
from .index_lookup import refuse_path
from .lookup import StringLookup
from .tokens import batches_of_tokens, flattened

_LOWER = bytes.maketrans(string.ascii_uppercase.encode(), string.ascii_lowercase.encode())
_PUNCTUATION = string.punctuation.encode()
_STANDARDIZE: dict[str, tuple[bytes | None, bytes]] = {  # arguments of bytes.translate; UTF-8 keeps ASCII to itself
    "lower": (_LOWER, b""),
    "strip_punctuation": (None, _PUNCTUATION),
    "lower_and_strip_punctuation": (_LOWER, _PUNCTUATION),
}
_PIECE = 1024  # texts at once before a function of the user's: an array of them is as wide as its longest

Words = list[list[bytes]]


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
        _check_choice("standardize", standardize, tuple(_STANDARDIZE))
        _check_choice("split", split, ("whitespace", "character"))
        widths = tuple(range(1, ngrams + 1)) if isinstance(ngrams, int) else ngrams
        if widths is not None and not (isinstance(widths, tuple) and all(isinstance(n, int) and n > 0 for n in widths)):
            raise ValueError(f"TextVectorization: `ngrams` is None, or positive integers; given {ngrams!r}.")
        length = output_sequence_length
        if length is not None and mode != "int":
            raise ValueError(
                "TextVectorization: `output_sequence_length` must not be set if `output_mode` is not 'int'; given "
                f"{length!r} with {mode!r}."
            )
        if length is not None and (not isinstance(length, int) or length < 0):
            raise ValueError(f"TextVectorization: `output_sequence_length` is an integer; given {length!r}.")
        self.standardize, self.split, self.ngrams, self.widths = standardize, split, ngrams, widths
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
            batch_size: accepted as in Keras.
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

    # ---- texts to words ----------------------------------------------------------------------------------------------
    def _words(self, inputs: Any, in_column: bool = False) -> tuple[Words, tuple[int, ...]]:
        """The words of each text, and the shape of the texts; without `split`, of each row along the last axis.

        Args:
            in_column: texts in a list are (N, 1).
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
                    "to split texts, the input is (N,), or its last axis has extent 1; given a shape of "
                    f"{shape}. Words that are split already are for StringLookup, or `split=None`."
                )
            words, lead = self._split(flat), shape[:-1] if len(shape) > 1 else shape
        if self.widths is not None:
            words = [_ngrams(row, self.widths) for row in words]
        return words, lead

    def _texts(self, inputs: Any) -> tuple[list[bytes], tuple[int, ...]]:
        kind = self._lookup_layer._kind
        if not callable(self.standardize):
            flat, shape = kind.read(inputs)
            if self.standardize is not None:
                table, delete = _STANDARDIZE[self.standardize]
                flat = [text.translate(table, delete) for text in flat]
            return flat, shape
        flat, shape = flattened(inputs)
        done: list[bytes] = []
        for piece in _pieces([kind.plain(kind.token(text, i)) for i, text in enumerate(flat)]):
            result = np.asarray(self.standardize(piece))
            if result.shape != piece.shape:
                raise ValueError(f"`standardize` was given a shape of {piece.shape} and returned {result.shape}.")
            done += kind.read(result)[0]
        return done, shape

    def _split(self, texts: list[bytes]) -> Words:
        if self.split == "whitespace":
            return [text.split() for text in texts]
        if self.split == "character":
            return [list(map(str.encode, text.decode("utf-8", "replace"))) for text in texts]
        kind = self._lookup_layer._kind
        words: Words = []
        for piece in _pieces([kind.plain(text) for text in texts]):
            rows = list(self.split(piece))
            if len(rows) != len(piece):
                raise ValueError(f"`split` was given {len(piece)} texts and returned {len(rows)} lists of words.")
            words += [kind.read(list(row))[0] for row in rows]
        return words

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
            kept = self.split is None and self.widths is None and bool(shape)
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
        from ..saving.serialization import deserialize_object

        refuse_path(cls.__name__, config)
        arguments = dict(config)
        for key in ("standardize", "split"):
            if key in config:
                arguments[key] = deserialize_object(config[key])
        if isinstance(config.get("ngrams"), list):
            arguments["ngrams"] = tuple(config["ngrams"])
        return cls(**arguments)


def _check_choice(argument: str, value: Any, names: tuple[str, ...]) -> None:
    if value is not None and value not in names and not callable(value):
        raise ValueError(f"TextVectorization: `{argument}` is None, a function, or one of {names}; given {value!r}.")


def _pieces(texts: list[str]) -> Iterable[np.ndarray]:
    return (np.array(texts[i : i + _PIECE], np.str_) for i in range(0, len(texts), _PIECE))


def _ngrams(row: list[bytes], widths: tuple[int, ...]) -> list[bytes]:
    """All runs of so many neighbours, width by width: those of TensorFlow's `strings.ngrams`."""
    return [b" ".join(row[i : i + n]) for n in widths for i in range(len(row) - n + 1)]
