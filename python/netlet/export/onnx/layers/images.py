"""UpSampling, and the layers that change images before training, which mostly do nothing at inference."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet.layers.preprocessing.image.base import BaseImagePreprocessingLayer
from netlet.layers.reshaping.cropping import Cropping1D, Cropping2D, Cropping3D
from netlet.layers.reshaping.up_sampling import UpSampling1D, UpSampling2D, UpSampling3D
from netlet.ops.image.resizing import resize
from netlet.ops.spatial.data_format import standardize

from ..exporter import Exporter
from ..ops.convolution import image_in, image_out, spatial
from ..registry import Unsupported, layer
from ..values import Value


@layer(UpSampling1D, UpSampling2D, UpSampling3D)
def _up_sampling(e: Exporter, layer: Any, out: Any, inputs: Any) -> Value:
    """A Resize by whole factors: of nearest pixels, or bilinear or bicubic ones."""
    g, method = e.graph, getattr(layer, "interpolation", "nearest")
    data_format = getattr(layer, "data_format", None)
    modes: dict[str, dict[str, Any]] = {
        "nearest": {"mode": "nearest", "nearest_mode": "floor", "coordinate_transformation_mode": "asymmetric"},
        "bilinear": {"mode": "linear", "coordinate_transformation_mode": "half_pixel"},
        "bicubic": {
            "mode": "cubic",
            "cubic_coeff_a": -0.5,
            "exclude_outside": 1,
            "coordinate_transformation_mode": "half_pixel",
        },
    }
    if method not in modes:
        if None in spatial(inputs, data_format):
            raise Unsupported(f"interpolation={method!r} of images of unknown size")
        size = spatial(out, data_format)
        call = lambda x: resize(x, size, method, data_format=data_format)  # noqa: E731
        made: Value = e.run_traced(layer.name, call, (inputs,), {}, [])
        return made
    factors = g.constant(np.array([1, 1, *layer.size], np.float32))
    return image_out(out, g.op("Resize", image_in(e, inputs, data_format), None, factors, **modes[method]), data_format)


@layer(Cropping1D, Cropping2D, Cropping3D)
def _cropping(e: Exporter, layer: Any, out: Any, inputs: Any) -> Value:
    g, rank = e.graph, layer.rank
    low = [a for a, _ in layer._border]
    high = [-b if b else 2**62 for _, b in layer._border]
    first = inputs.only_first or standardize(layer.data_format) == "channels_first"
    axes = range(2, rank + 2) if first else range(1, rank + 1)
    name = image_in(e, inputs, layer.data_format) if first else e.name(inputs)
    name = g.op("Slice", name, g.ints(*low), g.ints(*high), g.ints(*axes))
    return image_out(out, name, layer.data_format) if first else Value(out, name)


@layer(BaseImagePreprocessingLayer)
def _image_layer(e: Exporter, layer: Any, out: Any, data: Any, **_: Any) -> Any:
    """What the layer does to images at inference; random layers return them."""
    if not isinstance(data, Value):
        raise Unsupported("its input is a dict of images and labels or boxes")
    call = lambda images: layer.transform_images(images, None, training=False)  # noqa: E731
    return e.run_traced(layer.name, call, (data,), {}, layer._flatten_layers())
