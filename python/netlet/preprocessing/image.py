"""`keras.preprocessing.image`."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet.base.missing import explain_missing
from netlet.ops.image.resizing import resize
from netlet.utils import array_to_img, img_to_array, load_img, save_img

__all__ = ["array_to_img", "img_to_array", "load_img", "save_img", "smart_resize"]


def smart_resize(
    x: Any, size: Any, interpolation: str = "bilinear", data_format: str = "channels_last", **kwargs: Any
) -> Any:
    """Cuts the largest part with the new aspect ratio out of the middle of images, and resizes it.

    Args:
        x: array or Tensor (height, width, channels) or (batch, height, width, channels).
        size: (height, width).
        interpolation: as in `ops.image.resize`; default "bilinear".
        data_format: "channels_last" (default) or "channels_first".
        **kwargs: `backend_module`, which is ignored.

    Returns:
        An array for an array, a Tensor for a Tensor.

    Raises:
        ValueError: another rank or size.
        TypeError: other arguments.

    >>> smart_resize(np.ones((4, 8, 3)), (2, 2)).shape
    (2, 2, 3)
    """
    kwargs.pop("backend_module", None)
    if kwargs:
        raise TypeError(f"smart_resize() got unexpected keyword arguments: {sorted(kwargs)}")
    if len(size) != 2:
        raise ValueError(f"smart_resize: expected (height, width) as `size`, received {size}.")
    y = resize(x, size, interpolation, crop_to_aspect_ratio=True, data_format=data_format)
    return y.numpy() if isinstance(x, np.ndarray) else y


explain_missing(__name__)
