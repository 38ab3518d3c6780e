"""Data sets of text files, with one folder per class."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

from .labelled_files import read_folder


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
        shuffle: whether to shuffle the files, with `seed`, and again after each epoch; default True. Otherwise they are
            sorted by path.
        seed: integer; default None, from the global sequence. Required with `validation_split` and `shuffle`.
        validation_split: fraction of the files, at the end, for validation; default None.
        subset: the part to return, with `validation_split`: "training", "validation" or "both"; default None.
        follow_links: whether to enter folders that are symbolic links; default False.
        format: accepted for compatibility with Keras ("tf" or "grain"); the result is always a `data.Dataset`.
        verbose: whether to print the number of files; default True.

    Returns:
        A `netlet.data.Dataset` of (texts, labels), or of texts without labels, with the attributes `class_names` and
        `file_paths`; with `subset="both"` a tuple (training, validation).

    Raises:
        ValueError: an argument outside of its values; arguments that contradict each other or the folder; too few
            files.

    Source: Keras 3 `text_dataset_from_directory`.

    >>> import os, tempfile
    >>> folder = tempfile.mkdtemp()
    >>> for name in ("bad", "good"):
    ...     os.makedirs(f"{folder}/{name}")
    ...     _ = open(f"{folder}/{name}/1.txt", "w").write(f"a {name} film")
    >>> texts, labels = next(iter(text_dataset_from_directory(folder, shuffle=False, verbose=False)))
    >>> texts.tolist(), labels.tolist()
    (['a bad film', 'a good film'], [0, 1])
    """
    caller = "text_dataset_from_directory"
    if max_length is not None and max_length < 0:
        raise ValueError(f"{caller}: expected `max_length` of at least 0, received {max_length!r}.")

    return read_folder(
        caller,
        (".txt",),
        functools.partial(_read, max_length=max_length),
        directory,
        labels,
        label_mode,
        class_names,
        batch_size,
        shuffle,
        seed,
        validation_split,
        subset,
        follow_links,
        format,
        verbose,
    )


def _read(path: str, max_length: int | None) -> str:
    """The text of a file."""
    with open(path, "rb") as file:
        return file.read(-1 if max_length is None else max_length).decode("utf-8", "surrogateescape")
