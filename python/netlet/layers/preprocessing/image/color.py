"""Colour of images: degeneration, grayscale, saturation, hue, jitter."""

from __future__ import annotations

from typing import Any

from netlet import ops
from netlet.config import epsilon
from netlet.random import uniform

from .random_base import RandomColorLayer, RandomImageLayer, per_image
from .tone import RandomBrightness, RandomContrast


def _above_zero(x: Any) -> Any:
    """x, or a tiny number where x is smaller: a divisor for gray pixels, whose saturation is 0."""
    return ops.maximum(x, 2.0**-14 if x.dtype == "float16" else 2.0**-100)


def _planes(images: Any) -> list[Any]:
    """The channels, each (N, H, W, 1). Ops of whole planes are much faster than ops that broadcast over channels."""
    return list(ops.split(images, images.shape[-1], axis=-1))


def _joined(planes: Any) -> Any:
    return ops.concatenate(planes, axis=-1)


def _value_and_width(planes: Any) -> tuple[Any, Any]:
    """The largest of the three channels, and its distance from the smallest."""
    red, green, blue = planes
    value = ops.maximum(ops.maximum(red, green), blue)
    return value, ops.subtract(value, ops.minimum(ops.minimum(red, green), blue))


class RandomColorDegeneration(RandomColorLayer):
    """Mixes each image with its grayscale version while training: x + f (gray - x), then clips.

    Input and output (N, H, W, 3) or (H, W, 3).

    Args:
        factor: f is uniform in this interval: a pair, or u for (-u, u) (as in Keras's code), in [-1, 1].
        value_range: smallest and largest value of the images; (0, 255) by default.
        data_format: "channels_last" (the default) or "channels_first".
        seed: integer; None (the default): the next seed of netlet's global sequence.
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Raises:
        ValueError: factor or value_range is invalid; images without 3 channels.

    >>> import numpy as np
    >>> RandomColorDegeneration((1.0, 1.0), (0, 1))(np.array([[[1.0, 0.0, 0.0]]])).numpy()
    array([[[0.2989, 0.2989, 0.2989]]], dtype=float32)
    """

    def __init__(
        self,
        factor: Any,
        value_range: Any = (0, 255),
        data_format: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(factor=factor, value_range=value_range, data_format=data_format, seed=seed, **kwargs)

    def _draw(self, count: int, height: int, width: int, seed: Any) -> Any:
        return {"factor": self._uniform((count, 1, 1, 1), self.factor, seed)}

    def _transform(self, images: Any, transformation: Any) -> Any:
        if images.shape[-1] == 1:
            return ops.clip(images, *self.value_range)
        gray, factor = ops.image.rgb_to_grayscale(images), per_image(transformation["factor"])
        planes = [ops.add(x, ops.multiply(factor, ops.subtract(gray, x))) for x in _planes(images)]
        return ops.clip(_joined(planes), *self.value_range)


class RandomGrayscale(RandomImageLayer):
    """Makes random images gray while training; they keep their three channels.

    Input and output (N, H, W, 3) or (H, W, 3).

    Args:
        factor: probability of an image, in [0, 1]; 0.5 by default.
        data_format: "channels_last" (the default) or "channels_first".
        seed: integer; None (the default): the next seed of netlet's global sequence.
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Raises:
        ValueError: factor is outside of [0, 1].

    >>> import numpy as np
    >>> RandomGrayscale(1.0)(np.array([[[1.0, 0.0, 0.0]]])).numpy()
    array([[[0.2989, 0.2989, 0.2989]]], dtype=float32)
    """

    def __init__(
        self, factor: float = 0.5, data_format: str | None = None, seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(data_format=data_format, seed=seed, **kwargs)
        if not 0 <= factor <= 1:
            raise ValueError(f"RandomGrayscale: expected `factor` in [0, 1], received {factor!r}.")
        self.factor: Any = factor

    def _draw(self, count: int, height: int, width: int, seed: Any) -> Any:
        return ops.less(uniform((count, 1, 1, 1), seed=seed), self.factor)

    def _transform(self, images: Any, transformation: Any) -> Any:
        gray, chosen = ops.image.rgb_to_grayscale(images), per_image(transformation)
        return _joined([ops.where(chosen, gray, x) for x in _planes(images)])

    def transform_bounding_boxes(self, bounding_boxes: Any, transformation: Any, training: bool = True) -> Any:
        return bounding_boxes

    def transform_segmentation_masks(self, segmentation_masks: Any, transformation: Any, training: bool = True) -> Any:
        return segmentation_masks

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "factor": self.factor}


class RandomSaturation(RandomColorLayer):
    """Multiplies the saturation of each image while training by f / (1 - f), and clips it to `value_range`.

    Input and output (N, H, W, 3) or (H, W, 3). f = 0.5 leaves the image as it is, f = 0 makes it gray.

    Args:
        factor: f is uniform in this interval: a pair, or u for (-u, u) (as in Keras's code), in [-1, 1].
        value_range: smallest and largest saturation, as in Keras; (0, 255) by default.
        data_format: "channels_last" (the default) or "channels_first".
        seed: integer; None (the default): the next seed of netlet's global sequence.
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Raises:
        ValueError: factor or value_range is invalid; images without 3 channels.

    >>> import numpy as np
    >>> RandomSaturation((0.0, 0.0), (0, 1))(np.array([[[1.0, 0.5, 0.0]]])).numpy()
    array([[[1., 1., 1.]]], dtype=float32)
    """

    def __init__(
        self,
        factor: Any,
        value_range: Any = (0, 255),
        data_format: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(factor=factor, value_range=value_range, data_format=data_format, seed=seed, **kwargs)

    def _draw(self, count: int, height: int, width: int, seed: Any) -> Any:
        factor = uniform((count,), *self.factor, seed=seed)
        return {"factor": ops.divide(factor, ops.subtract(1 + epsilon(), factor))}

    def _transform(self, images: Any, transformation: Any) -> Any:
        factor = ops.cast_if_needed(per_image(transformation["factor"]), self.compute_dtype)
        if not self.value_range[0] <= 0 <= self.value_range[1]:  # then gray pixels become red
            hue, saturation, value = _planes(ops.image.rgb_to_hsv(images))
            saturation = ops.clip(ops.multiply(saturation, factor), *self.value_range)
            return ops.image.hsv_to_rgb(_joined([hue, saturation, value]))
        # In HSV each channel is value - saturation * (a number of the hue). So a new saturation scales its distance
        # from the value, and the hue is not needed.
        planes = _planes(images)
        value, width = _value_and_width(planes)
        width, positive = _above_zero(width), _above_zero(value)
        saturation = ops.clip(ops.multiply(ops.divide(width, positive), factor), *self.value_range)
        scale = ops.divide(ops.multiply(saturation, ops.maximum(value, 0.0)), width)
        return _joined([ops.subtract(value, ops.multiply(ops.subtract(value, x), scale)) for x in planes])


class RandomHue(RandomColorLayer):
    """Shifts the hue of each image while training by f / 2 of the circle of colours, in a random direction.

    Input and output (N, H, W, 3) or (H, W, 3).

    Args:
        factor: f is uniform in this interval: a pair, or u for (0, u), in [0, 1].
        value_range: smallest and largest value of the images; (0, 255) by default.
        data_format: "channels_last" (the default) or "channels_first".
        seed: integer; None (the default): the next seed of netlet's global sequence.
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Raises:
        ValueError: factor or value_range is invalid; images without 3 channels.

    >>> import numpy as np
    >>> RandomHue((1.0, 1.0), (0, 1))(np.array([[[1.0, 0.0, 0.0]]])).numpy()  # red becomes cyan
    array([[[0., 1., 1.]]], dtype=float32)
    """

    _FACTOR_BOUNDS = (0, 1)
    _SORTS_RANGE = False

    def __init__(
        self,
        factor: Any,
        value_range: Any = (0, 255),
        data_format: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(factor=factor, value_range=value_range, data_format=data_format, seed=seed, **kwargs)

    def _draw(self, count: int, height: int, width: int, seed: Any) -> Any:
        direction = ops.where(ops.greater(uniform((count,), seed=seed), 0.5), -0.5, 0.5)
        return {"factor": ops.multiply(uniform((count,), *self.factor, seed=seed), direction)}

    def _transform(self, images: Any, transformation: Any) -> Any:
        low, high = self.value_range
        images = ops.subtract(images, low) if low else images  # a hue does not depend on the scale
        shift = ops.multiply(ops.cast_if_needed(per_image(transformation["factor"]), self.compute_dtype), 6.0)
        planes = red, green, blue = _planes(images)
        value, width = _value_and_width(planes)
        inverse = ops.reciprocal(_above_zero(width))
        from_red = ops.multiply(ops.subtract(green, blue), inverse)
        from_green = ops.add(ops.multiply(ops.subtract(blue, red), inverse), 2.0)
        from_blue = ops.add(ops.multiply(ops.subtract(red, green), inverse), 4.0)
        angle = ops.where(ops.equal(value, green), from_green, from_blue)
        angle = ops.add(ops.where(ops.equal(value, red), from_red, angle), shift)  # in sixths of the circle
        angle = ops.subtract(angle, ops.multiply(ops.floor(ops.multiply(angle, 1 / 6)), 6.0))
        parts = (
            ops.subtract(ops.abs(ops.subtract(angle, 3.0)), 1.0),
            ops.subtract(2.0, ops.abs(ops.subtract(angle, 2.0))),
            ops.subtract(2.0, ops.abs(ops.subtract(angle, 4.0))),
        )
        rest = ops.subtract(value, width)
        y = _joined([ops.add(rest, ops.multiply(width, ops.clip(part, 0.0, 1.0))) for part in parts])
        y = ops.clip(y, 0.0, high - low)
        return ops.add(y, low) if low else y


class RandomColorJitter(RandomColorLayer):
    """Changes brightness, contrast, saturation and hue of each image at random while training, in this order.

    Input and output (N, H, W, 3) or (H, W, 3).

    Args:
        value_range: smallest and largest value of the images; (0, 255) by default.
        brightness_factor: as `factor` of RandomBrightness; None (the default): brightness is unchanged.
        contrast_factor: as `factor` of RandomContrast; None (the default): unchanged.
        saturation_factor: as `factor` of RandomSaturation; None (the default): unchanged.
        hue_factor: as `factor` of RandomHue; None (the default): unchanged.
        seed: integer; None (the default): the next seed of netlet's global sequence.
        data_format: "channels_last" (the default) or "channels_first".
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Raises:
        ValueError: a factor or value_range is invalid.

    >>> import numpy as np
    >>> RandomColorJitter(brightness_factor=(0.1, 0.1))(np.zeros((1, 1, 3), "float32")).numpy()
    array([[[25.5, 25.5, 25.5]]], dtype=float32)
    """

    _SORTS_RANGE = False
    _KINDS = (
        ("brightness", RandomBrightness),
        ("contrast", RandomContrast),
        ("saturation", RandomSaturation),
        ("hue", RandomHue),
    )

    def __init__(
        self,
        value_range: Any = (0, 255),
        brightness_factor: Any = None,
        contrast_factor: Any = None,
        saturation_factor: Any = None,
        hue_factor: Any = None,
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(value_range=value_range, seed=seed, data_format=data_format, **kwargs)
        self.brightness_factor, self.contrast_factor = brightness_factor, contrast_factor
        self.saturation_factor, self.hue_factor = saturation_factor, hue_factor
        for kind, cls in self._KINDS:
            factor = getattr(self, f"{kind}_factor")
            layer = None
            if factor is not None:
                layer = cls(factor, value_range=value_range, seed=seed, dtype=self.dtype_policy)
            setattr(self, f"random_{kind}", layer)

    def _parts(self) -> list[tuple[str, Any]]:
        """(key of its transformation, layer) of the layers that are in use."""
        names = [f"random_{kind}" for kind, _ in self._KINDS]
        return [(name, getattr(self, name)) for name in names if getattr(self, name) is not None]

    def _draw(self, count: int, height: int, width: int, seed: Any) -> Any:
        return {name: layer._draw(count, height, width, seed) for name, layer in self._parts()}

    def transform_images(self, images: Any, transformation: Any, training: bool = True) -> Any:
        if training and transformation is None:  # in Keras this layer draws here
            transformation = self.get_random_transformation(images)
        return super().transform_images(images, transformation, training)

    def _transform(self, images: Any, transformation: Any) -> Any:
        for name, layer in self._parts():
            images = layer._transform(images, transformation[name])
        return images

    def get_config(self) -> dict[str, Any]:
        own = {f"{kind}_factor": getattr(self, f"{kind}_factor") for kind, _ in self._KINDS}
        return {**super().get_config(), **own}
