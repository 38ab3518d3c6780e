"""Data sets of sound files, with one folder per class."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np

from netlet.data import Dataset

from .audio_files import read_wav, resample
from .labelled_files import read_folder


def audio_dataset_from_directory(
    directory: Any,
    labels: Any = "inferred",
    label_mode: str | None = "int",
    class_names: Sequence[str] | None = None,
    batch_size: int | None = 32,
    sampling_rate: int | None = None,
    output_sequence_length: int | None = None,
    ragged: bool = False,
    shuffle: bool = True,
    seed: int | None = None,
    validation_split: float | None = None,
    subset: str | None = None,
    follow_links: bool = False,
    verbose: bool = True,
) -> Any:
    """Makes a data set of .wav files. Files of a class are in one folder: `directory/<class>/`.

    The files hold PCM samples of 8, 16, 24 or 32 bits, or floats. Samples are float32 in [-1, 1).

    Args:
        directory: path of the folder.
        labels: "inferred" (default) for labels from the names of the subfolders; a list of integers, one per file in
            the order of the sorted paths; None for no labels.
        label_mode: form of the labels: "int" (default) for int32 (batch,), "categorical" for one-hot vectors, "binary"
            for float32 (batch, 1), None for no labels.
        class_names: names of the subfolders to use, in the order of their labels; default all, sorted.
        batch_size: number of files per batch, default 32; None for single files without the batch axis.
        sampling_rate: samples per second to convert to; default those of each file.
        output_sequence_length: number of samples of each file, which is cut or padded with zeros; default that of the
            longest file in the batch.
        ragged: False, the default; ragged arrays are not supported.
        shuffle: whether to shuffle the files, with `seed`, and again at each pass; default True. Otherwise they are
            sorted by path.
        seed: integer; default None, from the global sequence. Required with `validation_split` and `shuffle`.
        validation_split: fraction of the files, at the end, for validation; default None.
        subset: the part to return, with `validation_split`: "training", "validation" or "both"; default None.
        follow_links: whether to enter folders that are symbolic links; default False.
        verbose: whether to print the number of files; default True.

    Returns:
        A `netlet.data.Dataset` of (sound (batch, length, channels), labels), or of sound without labels, with the
        attributes `class_names` and `file_paths`; with `subset="both"` a tuple (training, validation).

    Raises:
        ValueError: an argument outside of its values; arguments that contradict each other or the folder; too few
            files; or, in a pass, a file of another format, or files of different numbers of channels that make batches.
        NotImplementedError: ragged=True.

    Source: Keras 3 `audio_dataset_from_directory`.

    >>> import os, tempfile, wave
    >>> folder = tempfile.mkdtemp()
    >>> for i, name in enumerate(("high", "low")):
    ...     os.makedirs(f"{folder}/{name}")
    ...     with wave.open(f"{folder}/{name}/1.wav", "wb") as file:
    ...         file.setparams((1, 2, 8000, 0, "NONE", ""))
    ...         file.writeframes(np.full(100 + i, 2**14, "<i2").tobytes())
    >>> sound, labels = next(iter(audio_dataset_from_directory(folder, shuffle=False, verbose=False)))
    >>> sound.shape, sound[0, 0], labels.tolist()
    ((2, 101, 1), array([0.5], dtype=float32), [0, 1])
    """
    caller = "audio_dataset_from_directory"
    if ragged:
        raise NotImplementedError(
            f"{caller}: netlet has no ragged tensors, expected ragged=False: batches are padded with zeros. With "
            "batch_size=None the files come one by one in their own lengths."
        )
    for name, value in (("sampling_rate", sampling_rate), ("output_sequence_length", output_sequence_length)):
        if value is not None and (isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1):
            raise ValueError(f"{caller}: expected a positive integer or None as `{name}`, received {value!r}.")
    return read_folder(
        caller,
        (".wav",),
        functools.partial(_read, rate=sampling_rate, length=output_sequence_length),
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
        "tf",
        verbose,
        None if output_sequence_length else functools.partial(_padded, batch_size),
    )


def _read(path: str, rate: int | None, length: int | None) -> np.ndarray:
    """The samples of a file, at a rate and of a length if they are given."""
    samples, own = read_wav(path)
    if rate is not None:
        samples = resample(samples, own, int(rate))
    if length is None or len(samples) == length:
        return samples
    out = np.zeros((length, samples.shape[1]), np.float32)
    out[: len(samples)] = samples[:length]
    return out


def _padded(batch_size: int | None, data: Dataset) -> Dataset:
    """Batches of files, padded to the longest; files of different numbers of channels are an error."""
    if batch_size is None:
        return data
    channels: Any = [None]

    def checked(*item: Any) -> Any:
        if channels[0] is None:
            channels[0] = item[0].shape[1]
        if item[0].shape[1] != channels[0]:
            raise ValueError(
                f"audio_dataset_from_directory: expected files of one number of channels, received {channels[0]} and "
                f"{item[0].shape[1]}. Read them with batch_size=None and `map` them to one."
            )
        return item if len(item) > 1 else item[0]

    return data.map(checked).padded_batch(batch_size)
