"""Data sets of image files, with one folder per class."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np

from netlet.ops.image.resizing import resize

from .image_files import img_to_array, load_img
from .labelled_files import read_folder

_ENDINGS = (".bmp", ".gif", ".jpeg", ".jpg", ".png")
_INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5")


def image_dataset_from_directory(
    directory: Any,
    labels: Any = "inferred",
    label_mode: str | None = "int",
    class_names: Sequence[str] | None = None,
    color_mode: str = "rgb",
    batch_size: int | None = 32,
    image_size: Any = (256, 256),
    shuffle: bool = True,
    seed: int | None = None,
    validation_split: float | None = None,
    subset: str | None = None,
    interpolation: str = "bilinear",
    follow_links: bool = False,
    crop_to_aspect_ratio: bool = False,
    pad_to_aspect_ratio: bool = False,
    data_format: str | None = None,
    format: str = "tf",
    verbose: bool = True,
) -> Any:
    """Makes a data set of image files. Files of a class are in one folder: `directory/<class>/`.

    The files end with .png, .jpg, .jpeg, .bmp or .gif (its first picture). Images are float32 from 0 to 255.

    Args:
        directory: path of the folder.
        labels: "inferred" (default) for labels from the names of the subfolders; a list of integers, one per file in
            the order of the sorted paths; None for no labels.
        label_mode: form of the labels: "int" (default) for int32 (batch,), "categorical" for one-hot vectors, "binary"
            for float32 (batch, 1), None for no labels.
        class_names: names of the subfolders to use, in the order of their labels; default all, sorted.
        color_mode: "rgb" (default, 3 channels), "rgba" (4) or "grayscale" (1).
        batch_size: number of images per batch, default 32; None for single images without the batch axis.
        image_size: (height, width) of the result, or one integer; default (256, 256).
        shuffle: whether to shuffle the files, with `seed`, and again after each epoch; default True. Otherwise they are
            sorted by path.
        seed: integer; default None, from the global sequence. Required with `validation_split` and `shuffle`.
        validation_split: fraction of the files, at the end, for validation; default None.
        subset: the part to return, with `validation_split`: "training", "validation" or "both"; default None.
        interpolation: "bilinear" (default), "nearest", "bicubic", "lanczos3" or "lanczos5".
        follow_links: whether to enter folders that are symbolic links; default False.
        crop_to_aspect_ratio: whether to cut the largest part of the new aspect ratio out of the middle; default False.
        pad_to_aspect_ratio: whether to pad with zeros to the new aspect ratio; default False.
        data_format: "channels_last" (None, the default).
        format: accepted for compatibility with Keras ("tf" or "grain"); the result is always a `data.Dataset`.
        verbose: whether to print the number of files; default True.

    Returns:
        A `netlet.data.Dataset` of (images, labels), or of images without labels, with the attributes `class_names` and
        `file_paths`; with `subset="both"` a tuple (training, validation). One thread per core decodes the files.

    Raises:
        ValueError: an argument outside of its values; arguments that contradict each other or the folder; too few
            files.
        ImportError: Pillow is not installed.

    Source: Keras 3 `image_dataset_from_directory`.

    >>> import os, tempfile
    >>> from netlet.utils import save_img
    >>> folder = tempfile.mkdtemp()
    >>> for name in ("dark", "light"):
    ...     os.makedirs(f"{folder}/{name}")
    ...     save_img(f"{folder}/{name}/1.png", np.full((9, 9, 3), 255 * (name == "light")), scale=False)
    >>> data = image_dataset_from_directory(folder, image_size=(4, 4), shuffle=False, verbose=False)
    >>> images, labels = next(iter(data))
    >>> images.shape, images.max(axis=(1, 2, 3)).tolist(), labels.tolist()
    ((2, 4, 4, 3), [0.0, 255.0], [0, 1])
    """
    caller = "image_dataset_from_directory"
    size = (image_size, image_size) if isinstance(image_size, int) else image_size
    for name, value, allowed in (
        ("color_mode", color_mode, ("rgb", "rgba", "grayscale")),
        ("interpolation", interpolation, _INTERPOLATIONS),
        ("data_format", data_format, (None, "channels_last")),
    ):
        if value not in allowed:
            raise ValueError(f"{caller}: expected one of {allowed} as `{name}`, received {value!r}.")
    if not isinstance(size, (tuple, list)) or len(size) != 2:
        raise ValueError(f"{caller}: expected (height, width) as `image_size`, received {image_size!r}.")
    resizing = {
        "size": size,
        "interpolation": interpolation,
        "crop_to_aspect_ratio": crop_to_aspect_ratio,
        "pad_to_aspect_ratio": pad_to_aspect_ratio,
    }

    return read_folder(
        caller,
        _ENDINGS,
        functools.partial(_read, color_mode=color_mode, resizing=resizing),
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


def _read(path: str, color_mode: str, resizing: dict[str, Any]) -> np.ndarray:
    """The image of a file, resized.

    Args:
        path: the file.
        color_mode: "rgb", "rgba" or "grayscale".
        resizing: arguments of `ops.image.resize`.
    """
    image = img_to_array(load_img(path, color_mode), dtype="float32")
    return resize(image, **resizing).numpy()
