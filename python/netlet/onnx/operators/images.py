"""Images: Col2Im adds overlapping blocks up, ImageDecoder reads files."""

from __future__ import annotations

import io
import math
from typing import Any

import numpy as np

from netlet import ops
from netlet.base.image_opening import open_image

from ..node import Node
from .registry import operator
from .values import constant

_FORMATS = ("BMP", "JPEG", "JPEG2000", "PNG", "PPM", "TIFF", "WEBP")  # those of the operator's definition


@operator("Col2Im")
def col2im(node: Node, x: Any, image_shape: Any, block_shape: Any) -> Any:
    """The sum of blocks (N, C block, blocks) at their places in images (N, C, spatial...)."""
    image = constant(node, image_shape, "image_shape").tolist()
    block = constant(node, block_shape, "block_shape").tolist()
    node.check_size(image)
    rank = len(image)
    strides = node.attribute("strides", None) or [1] * rank
    dilations = node.attribute("dilations", None) or [1] * rank
    pads = node.attribute("pads", None) or [0] * (2 * rank)
    whole = [n + a + b for n, a, b in zip(image, pads[:rank], pads[rank:], strict=True)]
    counts = [(n - d * (k - 1) - 1) // s + 1 for n, d, k, s in zip(whole, dilations, block, strides, strict=True)]
    node.check_size(whole)
    node.check_size((rank, math.prod(block), max(1, math.prod(max(0, n) for n in counts))))
    within = np.indices(block).reshape(rank, -1, 1) * np.reshape(dilations, (rank, 1, 1))
    starts = np.indices(counts).reshape(rank, 1, -1) * np.reshape(strides, (rank, 1, 1))
    places = np.ravel_multi_index(tuple(within + starts), tuple(whole)).reshape(-1, 1)
    n, channels = x.shape[0], x.shape[1] // math.prod(block)
    rows = ops.reshape(ops.transpose(ops.reshape(x, (n * channels, -1))), (-1, n * channels))
    node.check_stated((math.prod(whole), n, channels))
    zeros = ops.zeros((math.prod(whole), n * channels), dtype=str(x.dtype))
    total = ops.transpose(ops.scatter_update(zeros, places, rows, reduction="add"))
    inside = tuple(slice(a, a + size) for a, size in zip(pads[:rank], image, strict=True))
    y = ops.reshape(total, (n, channels, *whole))
    return ops.getitem(y, (slice(None), slice(None), *inside))


@operator("ImageDecoder")
def image_decoder(node: Node, encoded: Any) -> Any:
    """The pixels (rows, columns, channels) of an image file, read by Pillow."""
    order = node.attribute("pixel_format", "RGB")
    if order not in ("RGB", "BGR", "Grayscale"):
        raise node.error(f"expected pixel_format to be RGB, BGR or Grayscale, received {order!r}.")
    mode = "L" if order == "Grayscale" else "RGB"
    content = io.BytesIO(constant(node, encoded, "encoded_stream").tobytes())
    try:
        with open_image(content, "ImageDecoder", _FORMATS) as image:
            node.check_size((image.height, image.width, len(mode)))
            pixels = np.array(image.convert(mode))
    except OSError as error:
        raise node.error(f"expected an image file: {error}") from error
    if order == "Grayscale":
        return pixels[..., None]
    return np.ascontiguousarray(pixels[..., ::-1]) if order == "BGR" else pixels
