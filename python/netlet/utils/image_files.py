"""Images as arrays and as files, through Pillow: `pip install 'netlet[images]'`."""

from __future__ import annotations

import io
import os
import pathlib
import warnings
from typing import Any

import numpy as np

from netlet.base.arrays import as_ndarray
from netlet.base.extras import needs
from netlet.base.image_opening import open_image
from netlet.config import numpy_dtype
from netlet.saving.atomic import write_file

_MODES = {"grayscale": ("L", "I;16", "I"), "rgb": ("RGB",), "rgba": ("RGBA",)}  # Pillow's modes that stay as they are
_FILTERS = ("nearest", "bilinear", "bicubic", "hamming", "box", "lanczos")


def array_to_img(x: Any, data_format: str | None = None, scale: bool = True, dtype: Any = None) -> Any:
    """Makes a Pillow image of an array.

    Args:
        x: array (height, width, channels) with 1, 3 or 4 channels.
        data_format: "channels_last" (default) or "channels_first" (channels, height, width).
        scale: whether to map the smallest value to 0 and the largest to 255; default True.
        dtype: float dtype of the computation; default `config.floatx()`.

    Returns:
        A `PIL.Image.Image`: grey, RGB or RGBA; 32-bit grey if a grey value is larger than 255.

    Raises:
        ValueError: another shape or `data_format`.
        TypeError: x holds no real numbers.
        ImportError: Pillow is not installed.

    >>> array_to_img(np.zeros((2, 3, 1))).size
    (3, 2)
    """
    image = _pillow("array_to_img")
    x = _numbers("array_to_img", "x", x, dtype)
    if x.ndim != 3:
        raise ValueError(f"array_to_img: expected an array of rank 3 (one image), received shape {x.shape}.")
    if _first("array_to_img", data_format):
        x = x.transpose(1, 2, 0)
    if scale:
        x = x - x.min()
        x = x / (x.max() or 1) * 255
    channels = x.shape[2]
    if channels not in (1, 3, 4):
        raise ValueError(f"array_to_img: expected 1, 3 or 4 channels, received shape {x.shape}.")
    if channels == 1:
        return image.fromarray(x[:, :, 0].astype("int32" if x.max() > 255 else "uint8"))
    return image.fromarray(x.astype("uint8"))


def img_to_array(img: Any, data_format: str | None = None, dtype: Any = None) -> np.ndarray:
    """Returns the values of an image.

    Args:
        img: a Pillow image, or an array (height, width) or (height, width, channels).
        data_format: "channels_last" (default) or "channels_first", the order of the result.
        dtype: dtype of the result; default `config.floatx()`.

    Returns:
        array (height, width, channels), or (channels, height, width).

    Raises:
        ValueError: another rank or `data_format`.
        TypeError: img holds no real numbers.

    >>> img_to_array(np.ones((2, 3))).shape
    (2, 3, 1)
    """
    x = _numbers("img_to_array", "img", img, dtype)
    if x.ndim not in (2, 3):
        raise ValueError(f"img_to_array: expected an image of rank 2 or 3, received shape {x.shape}.")
    x = x[..., None] if x.ndim == 2 else x
    return x.transpose(2, 0, 1) if _first("img_to_array", data_format) else x


def save_img(
    path: Any, x: Any, data_format: str | None = None, file_format: str | None = None, scale: bool = True, **kwargs: Any
) -> None:
    """Saves an array as an image file.

    Args:
        path: a path, or a file opened for writing bytes.
        x: array (height, width, channels).
        data_format: "channels_last" (default) or "channels_first".
        file_format: Pillow's name of the format, such as "png"; default the ending of the path.
        scale: whether to map the values to 0 .. 255; default True.
        **kwargs: arguments of Pillow's `Image.save`.

    Raises:
        ValueError: as `array_to_img`, or an unknown format.
        TypeError: x holds no real numbers.
        OSError: the file cannot be written. An existing file is unchanged then.
        ImportError: Pillow is not installed.

    Warns:
        UserWarning: JPEG has no transparency, so an RGBA image becomes RGB.

    >>> file = io.BytesIO()
    >>> save_img(file, np.ones((2, 3, 3)), file_format="png")
    >>> load_img(io.BytesIO(file.getvalue())).size
    (3, 2)
    """
    if file_format is None and isinstance(path, (str, os.PathLike)):
        file_format = pathlib.Path(path).suffix[1:].lower()
    if file_format and file_format.lower() == "jpg":
        file_format = "jpeg"
    img = array_to_img(x, data_format, scale)
    if img.mode == "RGBA" and file_format == "jpeg":
        warnings.warn("save_img: JPEG has no transparency; the RGBA image is saved as RGB.", stacklevel=2)
        img = img.convert("RGB")
    if not isinstance(path, (str, os.PathLike)):
        img.save(path, format=file_format, **kwargs)
        return
    encoded = io.BytesIO()
    img.save(encoded, format=file_format or None, **kwargs)
    write_file(path, encoded.getvalue())


def load_img(
    path: Any,
    color_mode: str = "rgb",
    target_size: Any = None,
    interpolation: str = "nearest",
    keep_aspect_ratio: bool = False,
) -> Any:
    """Loads an image file of any format that Pillow decodes itself: all but EPS and IPTC.

    Args:
        path: a path, or an `io.BytesIO`.
        color_mode: "rgb" (default), "rgba" or "grayscale".
        target_size: (height, width) to resize to; default as in the file.
        interpolation: "nearest" (default), "bilinear", "bicubic", "lanczos", "box" or "hamming".
        keep_aspect_ratio: whether to cut the largest part of the new aspect ratio out of the middle first; default
            False.

    Returns:
        A `PIL.Image.Image`; `img_to_array` gives its values.

    Raises:
        ValueError: an unknown `color_mode` or `interpolation`.
        TypeError: `path` is of another type.
        OSError: the file cannot be read, or has no such format.
        ImportError: Pillow is not installed.

    >>> import tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "grey.png")
    >>> array_to_img(np.zeros((4, 6, 1))).save(path)
    >>> load_img(path, target_size=(2, 3)).size, load_img(path).mode
    ((3, 2), 'RGB')
    """
    image = _pillow("load_img")
    if not isinstance(path, (str, bytes, os.PathLike, io.BytesIO)):
        raise TypeError(f"load_img: expected a path or io.BytesIO as `path`, received {type(path).__name__}.")
    if color_mode not in _MODES:
        raise ValueError(f"load_img: expected {_listed(_MODES)} as `color_mode`, received {color_mode!r}.")
    if interpolation not in _FILTERS:
        raise ValueError(f"load_img: expected {_listed(_FILTERS)} as `interpolation`, received {interpolation!r}.")
    with open_image(path, "load_img") as img:
        img.load()
        if img.mode not in _MODES[color_mode]:
            img = img.convert(_MODES[color_mode][0])
    if target_size is None or img.size == (target_size[1], target_size[0]):
        return img
    height, width = target_size
    box = _middle(img.size, width, height) if keep_aspect_ratio else None
    return img.resize((width, height), getattr(image.Resampling, interpolation.upper()), box=box)


def _middle(size: tuple[int, int], width: int, height: int) -> tuple[int, int, int, int]:
    """(left, top, right, bottom) of the largest part in the middle with the aspect ratio width : height."""
    w, h = min(size[0], size[1] * width // height), min(size[1], size[0] * height // width)
    left, top = (size[0] - w) // 2, (size[1] - h) // 2
    return left, top, left + w, top + h


def _numbers(caller: str, label: str, x: Any, dtype: Any) -> np.ndarray:
    """An image as an array of the dtype."""
    array = as_ndarray(x)
    if array.dtype.kind not in "iufbO":  # NumPy would drop imaginary parts, and count the days of dates
        raise TypeError(f"{caller}: expected real numbers as `{label}`, received an array of {array.dtype}.")
    return array.astype(numpy_dtype(dtype), copy=False)


def _first(caller: str, data_format: str | None) -> bool:
    if data_format not in (None, "channels_last", "channels_first"):
        raise ValueError(
            f"{caller}: expected 'channels_last' or 'channels_first' as `data_format`, received {data_format!r}."
        )
    return data_format == "channels_first"


def _listed(names: Any) -> str:
    return ", ".join(map(repr, names))


def _pillow(caller: str) -> Any:
    return needs("PIL.Image", "images", caller)
