"""Data sets of files with one folder per class: what those of images, sounds and texts share."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from netlet.data import AUTOTUNE, Dataset
from netlet.data.stages.selection import ShuffleAgain
from netlet.data.stages.stage import Counting
from netlet.random import make_seed


def labelled_files(
    read: Callable[[str], Any],
    file_paths: list[str],
    labels: np.ndarray | None,
    class_names: list[str] | None,
    label_mode: str | None,
    batch: Callable[[Dataset], Dataset],
    seed: int | None,
) -> Dataset:
    """A data set of files, which several threads read, with their labels if there are any.

    Args:
        read: function from a path to the contents of the file.
        file_paths: paths of all files, in order.
        labels: int32 array of their classes, or None.
        class_names: names of the classes, or None.
        label_mode: "int", "categorical", "binary" or None.
        batch: function from the data set of single files to the data set of batches.
        seed: seed of the orders after the first pass, which is in the order of the paths; None for that order always.

    Returns:
        The data set, with the attributes file_paths, labels and class_names.
    """

    def load(place: Any) -> Any:
        contents = read(file_paths[place])
        return contents if labels is None else (contents, encoded(labels[place]))

    def encoded(label: Any) -> Any:
        if label_mode == "binary":
            return np.array([label], "float32")
        if label_mode == "categorical":
            return (np.arange(len(class_names or ())) == label).astype("float32")
        return label

    places = Counting(0, len(file_paths), 1)
    data = Dataset(places if seed is None else ShuffleAgain(places, len(file_paths), seed, True))
    data = batch(data.map(load, num_parallel_calls=AUTOTUNE)).prefetch(AUTOTUNE)
    data.file_paths, data.labels, data.class_names = file_paths, labels, class_names  # type: ignore[attr-defined]
    return data


def batcher(batch_size: int | None) -> Callable[[Dataset], Dataset]:
    """The function that makes batches of a data set; None leaves single items."""
    return lambda data: data if batch_size is None else data.batch(batch_size)


def read_folder(
    caller: str,
    endings: tuple[str, ...],
    read: Callable[[str], Any],
    directory: Any,
    labels: Any,
    label_mode: str | None,
    class_names: Sequence[str] | None,
    batch_size: int | None,
    shuffle: bool,
    seed: int | None,
    validation_split: float | None,
    subset: str | None,
    follow_links: bool,
    format: str,
    verbose: bool,
    batch: Callable[[Dataset], Dataset] | None = None,
) -> Any:
    """Finds and splits the files of a folder, and makes data sets of them.

    Args:
        caller: name of the public function, for errors.
        endings: the endings of the files to use.
        read: see `labelled_files`.
        directory: and the others: as in `text_dataset_from_directory`.
        batch: see `labelled_files`; default batches of `batch_size`.

    Returns:
        The data set, or with `subset="both"` a tuple (training, validation).

    Raises:
        ValueError: as `text_dataset_from_directory`.
    """
    _check(caller, labels, label_mode, class_names, validation_split, subset, format, batch_size)
    if validation_split and shuffle and seed is None:
        raise ValueError(f"{caller}: expected a `seed`, because of `validation_split` and `shuffle`.")
    labels = None if label_mode is None else labels
    directory = os.fspath(directory)
    paths, found, names = _indexed(caller, directory, endings, labels, class_names, follow_links)
    if label_mode == "binary" and labels is not None and len(names or ()) != 2:
        raise ValueError(f"{caller}: label_mode='binary': expected 2 classes, received {names}.")
    if verbose:
        print(f"Found {len(paths)} files" + ("." if names is None else f" belonging to {len(names)} classes."))
    seed = make_seed() % 2**32 if seed is None else seed
    if shuffle:
        order = np.arange(len(paths))
        np.random.RandomState(seed).shuffle(order)
        paths, found = [paths[i] for i in order], None if found is None else found[order]
    held_out = int((validation_split or 0) * len(paths))
    if not paths or (validation_split and not 0 < held_out < len(paths)):
        raise ValueError(f"{caller}: {directory} has too few {'/'.join(endings)} files: {len(paths)}.")

    def part(places: slice) -> Dataset:
        classes = None if found is None else found[places]
        made = batch or batcher(batch_size)
        return labelled_files(read, paths[places], classes, names, label_mode, made, seed if shuffle else None)

    split = len(paths) - held_out
    if subset == "both":
        return part(slice(split)), part(slice(split, None))
    return part({None: slice(None), "training": slice(split), "validation": slice(split, None)}[subset])


def _check(
    caller: str, labels: Any, mode: Any, names: Any, split: Any, subset: Any, format: Any, batch_size: Any
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
    ):
        if wrong:
            raise ValueError(f"{caller}: {message}.")


def _indexed(
    caller: str,
    directory: str,
    endings: tuple[str, ...],
    labels: Any,
    class_names: Sequence[str] | None,
    follow_links: bool,
) -> tuple[list[str], np.ndarray | None, list[str] | None]:
    """Returns (paths, labels, names of the classes), sorted."""
    if labels != "inferred":
        paths = _files(directory, endings, follow_links)
        if labels is None:
            return paths, None, None
        if len(labels) != len(paths):
            raise ValueError(f"{caller}: expected {len(paths)} `labels` for {directory}, received {len(labels)}.")
        return paths, np.asarray(labels, "int32"), [str(label) for label in sorted(set(labels))]
    folders = [e.name for e in os.scandir(directory) if e.is_dir() and not e.name.startswith(".")]
    unknown = sorted(set(class_names or ()) - set(folders))
    if unknown:
        raise ValueError(
            f"{caller}: expected `class_names` among the folders {sorted(folders)} of {directory}, received {unknown}."
        )
    names = sorted(folders) if class_names is None else list(class_names)
    parts = [_files(os.path.join(directory, name), endings, follow_links) for name in names]
    found = np.repeat(np.arange(len(names), dtype="int32"), [len(part) for part in parts])
    return [path for part in parts for path in part], found, names


def _files(directory: str, endings: tuple[str, ...], follow_links: bool) -> list[str]:
    walk = sorted(os.walk(directory, followlinks=follow_links))
    return [
        os.path.join(root, name) for root, _, names in walk for name in sorted(names) if name.lower().endswith(endings)
    ]
