"""Data sets of text files, with one folder per class."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from netlet.random import make_seed

from .sequence import PyDataset


class TextFiles(PyDataset):
    """Batches of texts, which are read from their files on access, with their labels if there are any.

    Args:
        file_paths: paths of all texts, in order.
        labels: int32 array of their classes, or None.
        class_names: names of the classes, or None.
        label_mode, batch_size, max_length: as in `text_dataset_from_directory`.

    Attributes:
        file_paths, labels, class_names: the arguments.
    """

    _shuffled_by_fit = False

    def __init__(
        self,
        file_paths: list[str],
        labels: np.ndarray | None,
        class_names: list[str] | None,
        label_mode: str | None,
        batch_size: int | None,
        max_length: int | None,
    ) -> None:
        super().__init__()
        self.file_paths, self.labels, self.class_names = file_paths, labels, class_names
        self.label_mode, self.batch_size, self.max_length = label_mode, batch_size, max_length

    def __len__(self) -> int:
        return -(-len(self.file_paths) // (self.batch_size or 1))

    def __getitem__(self, index: int) -> Any:
        if not -len(self) <= index < len(self):
            raise IndexError(f"Batch index: expected one of {len(self)} batches, received {index}.")
        index %= len(self)
        size = self.batch_size or 1
        paths = self.file_paths[index * size : (index + 1) * size]
        texts = np.empty(len(paths), object)
        texts[:] = [self._text(path) for path in paths]
        if self.labels is None:
            return texts if self.batch_size else texts[0]
        labels = self._encoded(self.labels[index * size : (index + 1) * size])
        return (texts, labels) if self.batch_size else (texts[0], labels[0])

    def _text(self, path: str) -> str:
        with open(path, "rb") as file:
            return file.read(-1 if self.max_length is None else self.max_length).decode("utf-8", "surrogateescape")

    def _encoded(self, labels: np.ndarray) -> np.ndarray:
        if self.label_mode == "binary":
            return labels.astype("float32")[:, None]
        if self.label_mode == "categorical":
            return np.eye(len(self.class_names or ()), dtype="float32")[labels]
        return labels

    def _part(self, places: slice) -> TextFiles:
        labels = None if self.labels is None else self.labels[places]
        paths = self.file_paths[places]
        return TextFiles(paths, labels, self.class_names, self.label_mode, self.batch_size, self.max_length)


def text_dataset_from_directory(
    directory: Any,
    labels: Any = "inferred",
    label_mode: str | None = "int",
    class_names: Sequence[str] | None = None,
    batch_size: int | None = 32,
    max_length: int | None = None,
    shuffle: bool = True,
    seed: int | None = None,
    validation_split: float | None = None,
    subset: str | None = None,
    follow_links: bool = False,
    format: str = "tf",
    verbose: bool = True,
) -> Any:
    """Makes a data set of .txt files, for `adapt` and `fit`. Files of a class are in one folder: `directory/<class>/`.

    Args:
        directory: path of the folder.
        labels: "inferred" (default) for labels from the names of the subfolders; a list of integers, one per file in
            the order of the sorted paths; None for no labels.
        label_mode: form of the labels: "int" (default) for int32 (batch,), "categorical" for one-hot vectors, "binary"
            for float32 (batch, 1), None for no labels.
        class_names: names of the subfolders to use, in the order of their labels; default all, sorted.
        batch_size: number of texts per batch, default 32; None for single texts without the batch axis.
        max_length: number of bytes of each file to read; default all.
        shuffle: whether to shuffle the files once, with `seed`; default True. Otherwise they are sorted by path.
        seed: integer; default None, from the global sequence. Required with `validation_split` and `shuffle`.
        validation_split: fraction of the files, at the end, for validation; default None.
        subset: the part to return, with `validation_split`: "training", "validation" or "both".
        follow_links: whether to enter folders that are symbolic links; default False.
        format: accepted for compatibility with Keras ("tf" or "grain"); the result is always a `PyDataset`.
        verbose: whether to print the number of files; default True.

    Returns:
        A `PyDataset` of (texts, labels), or of texts without labels; with `subset="both"` a tuple (training,
        validation).

    Raises:
        ValueError: an argument outside of its values; arguments that contradict each other or the folder; too few
            files.

    Source: Keras 3 `text_dataset_from_directory`.

    >>> import os, tempfile
    >>> folder = tempfile.mkdtemp()
    >>> for name in ("bad", "good"):
    ...     os.makedirs(f"{folder}/{name}")
    ...     _ = open(f"{folder}/{name}/1.txt", "w").write(f"a {name} film")
    >>> texts, labels = text_dataset_from_directory(folder, shuffle=False, verbose=False)[0]
    >>> texts.tolist(), labels.tolist()
    (['a bad film', 'a good film'], [0, 1])
    """
    _check(labels, label_mode, class_names, validation_split, subset, format, batch_size, max_length)
    if validation_split and shuffle and seed is None:
        raise ValueError("text_dataset_from_directory: expected a `seed`, because of `validation_split` and `shuffle`.")
    labels = None if label_mode is None else labels
    directory = os.fspath(directory)
    paths, found, names = _indexed(directory, labels, class_names, follow_links)
    if label_mode == "binary" and labels is not None and len(names or ()) != 2:
        raise ValueError(f"text_dataset_from_directory: label_mode='binary': expected 2 classes, received {names}.")
    if verbose:
        print(f"Found {len(paths)} files" + ("." if names is None else f" belonging to {len(names)} classes."))
    if shuffle:
        order = np.arange(len(paths))
        np.random.RandomState(make_seed() % 2**32 if seed is None else seed).shuffle(order)
        paths, found = [paths[i] for i in order], None if found is None else found[order]
    whole = TextFiles(paths, found, names, label_mode, batch_size, max_length)
    held_out = int((validation_split or 0) * len(paths))
    if not paths or (validation_split and not 0 < held_out < len(paths)):
        raise ValueError(f"text_dataset_from_directory: {directory} has too few .txt files: {len(paths)}.")
    parts = {"training": slice(None, len(paths) - held_out), "validation": slice(len(paths) - held_out, None)}
    if subset == "both":
        return whole._part(parts["training"]), whole._part(parts["validation"])
    return whole if subset is None else whole._part(parts[subset])


def _check(
    labels: Any, mode: Any, names: Any, split: Any, subset: Any, format: Any, batch_size: Any, max_length: Any
) -> None:
    for wrong, message in (
        (
            labels is not None and not isinstance(labels, (list, tuple)) and labels != "inferred",
            f"expected 'inferred', None or a list of integers as `labels`, received {labels!r}",
        ),
        (
            names is not None and labels != "inferred",
            "expected `labels='inferred'` with `class_names`",
        ),
        (
            mode not in ("int", "categorical", "binary", None),
            f"expected 'int', 'categorical', 'binary' or None as `label_mode`, received {mode!r}",
        ),
        (bool(split) and not 0 < split < 1, f"expected `validation_split` between 0 and 1, received {split!r}"),
        (bool(split) != bool(subset), "expected both `subset` and `validation_split`, or neither"),
        (
            subset not in ("training", "validation", "both", None),
            f"expected 'training', 'validation' or 'both' as `subset`, received {subset!r}",
        ),
        (format not in ("tf", "grain"), f"expected 'tf' or 'grain' as `format`, received {format!r}"),
        (batch_size is not None and batch_size < 1, f"expected `batch_size` of at least 1, received {batch_size!r}"),
        (max_length is not None and max_length < 0, f"expected `max_length` of at least 0, received {max_length!r}"),
    ):
        if wrong:
            raise ValueError(f"text_dataset_from_directory: {message}.")


def _indexed(
    directory: str, labels: Any, class_names: Sequence[str] | None, follow_links: bool
) -> tuple[list[str], np.ndarray | None, list[str] | None]:
    """Returns (paths, labels, names of the classes), sorted."""
    if labels != "inferred":
        paths = _files(directory, follow_links)
        if labels is None:
            return paths, None, None
        if len(labels) != len(paths):
            raise ValueError(
                f"text_dataset_from_directory: expected {len(paths)} `labels` for {directory}, received {len(labels)}."
            )
        return paths, np.asarray(labels, "int32"), [str(label) for label in sorted(set(labels))]
    folders = [e.name for e in os.scandir(directory) if e.is_dir() and not e.name.startswith(".")]
    unknown = sorted(set(class_names or ()) - set(folders))
    if unknown:
        raise ValueError(
            f"text_dataset_from_directory: expected `class_names` among the folders {sorted(folders)} of {directory}, "
            f"received {unknown}."
        )
    names = sorted(folders) if class_names is None else list(class_names)
    parts = [_files(os.path.join(directory, name), follow_links) for name in names]
    found = np.repeat(np.arange(len(names), dtype="int32"), [len(part) for part in parts])
    return [path for part in parts for path in part], found, names


def _files(directory: str, follow_links: bool) -> list[str]:
    walk = sorted(os.walk(directory, followlinks=follow_links))
    return [
        os.path.join(root, name) for root, _, names in walk for name in sorted(names) if name.lower().endswith(".txt")
    ]
