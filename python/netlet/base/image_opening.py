"""Opening image files with Pillow, without the formats for which it runs other programs."""

from __future__ import annotations

import importlib
import os
from collections.abc import Sequence
from typing import Any

from .extras import needs

# Pillow gives EPS files to the program Ghostscript, and an IPTC file may have an image of any format inside.
_REFUSED = ("EPS", "IPTC")
# Pillow's modules for formats that callers ask for. If one is missing, Pillow imports all its modules.
_MODULES = {
    "BMP": "BmpImagePlugin",
    "JPEG": "JpegImagePlugin",
    "JPEG2000": "Jpeg2KImagePlugin",
    "PNG": "PngImagePlugin",
    "PPM": "PpmImagePlugin",
    "TIFF": "TiffImagePlugin",
    "WEBP": "WebPImagePlugin",
}


def open_image(source: Any, user: str, formats: Sequence[str] | None = None) -> Any:
    """Opens an image file. Its pixels are decoded when they are asked for.

    Args:
        source: a path, or a file opened for reading bytes.
        user: what needs the image, as the user calls it, such as "load_img".
        formats: Pillow's names of the formats to read, among BMP, JPEG, JPEG2000, PNG, PPM, TIFF and WEBP; None (the
            default): all that Pillow decodes itself.

    Returns:
        PIL.Image.Image.

    Raises:
        PIL.UnidentifiedImageError: an OSError; the file has none of these formats.
        OSError: the file cannot be read.
        ImportError: Pillow is not installed.
    """
    image = needs("PIL.Image", "images", user)
    if formats is None:
        image.init()
        formats = [name for name in image.ID if name not in _REFUSED]
        expected = "EPS files are refused, because Pillow runs the program Ghostscript on them"
    else:
        for name in formats:
            importlib.import_module(f"PIL.{_MODULES[name]}")
        expected = f"expected one of the formats {', '.join(formats)}"
    try:
        return image.open(source, formats=tuple(formats))
    except image.UnidentifiedImageError as error:
        file = f"image file {source!r}" if isinstance(source, (str, bytes, os.PathLike)) else "image"
        raise type(error)(f"{user}: cannot identify the {file}; {expected}.") from error
