"""Random image augmentation: base class, flips, brightness, contrast, crops.

The layers take one image (H, W, C) or a batch (N, H, W, C), inside a model or in a data pipeline, where they are active
unless `training=False`. Random numbers are drawn separately for each image of a batch (RandomCrop: once for each
batch); they depend on the seed only, not on the number of threads. The output has the layer's float type.
"""

from __future__ import annotations

import math
from typing import Any

from netlet import _core, ops
from netlet.ops.image.affine import batched
from netlet.ops.spatial.data_format import back, channels_last, standardize
from netlet.random import SeedGenerator, randint, uniform

from ...base.layer import Layer


class RandomImageLayer(Layer):
    """Base of random image layers. A subclass draws the random numbers in `_draw` and applies them in `_transform`.

    Args:
        seed: integer; None (the default): the next seed of netlet's global sequence.
        data_format: "channels_last" (the default) or "channels_first".
        **kwargs: the arguments of `Layer`, e.g. `name`.
    """

    def __init__(self, *, seed: int | None = None, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.seed = seed
        self.seed_generator = SeedGenerator(seed)
        self.data_format = standardize(data_format)

    def _draw(self, count: int, height: int, width: int, seed: Any) -> Any:
        raise NotImplementedError

    def _transform(self, images: Any, transformation: Any) -> Any:
        """Applies the transformation to images (N, H, W, C) of the layer's compute dtype."""
        raise NotImplementedError

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """Draws the random numbers for `transform_images`.

        Args:
            data: image or batch of images; only its shape is used.
            training: if False, nothing is drawn.
            seed: None (the default): the layer's seed generator.

        Returns:
            The random numbers, or None if not training.
        """
        if not training:
            return None
        n, *rest = data.shape if len(data.shape) == 4 else (1, *data.shape)
        height, width = rest[:2] if self.data_format == "channels_last" else rest[1:]
        return self._draw(n, height, width, self.seed_generator if seed is None else seed)

    def transform_images(self, images: Any, transformation: Any, training: bool = True) -> Any:
        """Applies given random numbers to images.

        Args:
            images: (N, H, W, C) or (H, W, C).
            transformation: from `get_random_transformation`.
            training: if False, the images are only cast to the layer's float type.
        """
        images = ops.cast_if_needed(images, self.compute_dtype)
        return self._in_batches(lambda x: self._transform(x, transformation), images) if training else images

    def _in_batches(self, fn: Any, images: Any) -> Any:
        x, single = batched(images, type(self).__name__)
        y = back(fn(channels_last(x, self.data_format)), self.data_format)
        return ops.reshape(y, y.shape[1:]) if single else y

    def call(self, inputs: Any, training: bool = True) -> Any:
        if isinstance(inputs, dict):
            raise ValueError(
                f"{type(self).__name__}: expected images, received a dict with {sorted(inputs)}. Labels, masks and "
                "bounding boxes cannot be transformed."
            )
        batched(inputs, type(self).__name__)
        return self.transform_images(inputs, self.get_random_transformation(inputs, training), training)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "seed": self.seed, "data_format": self.data_format}

    def _uniform(self, shape: Any, bounds: tuple[float, float], seed: Any) -> Any:
        return uniform(shape, *bounds, dtype=self.compute_dtype, seed=seed)


def interval(
    name: str,
    value: Any,
    low: float,
    high: float,
    *,
    low_is_open: bool = False,
    clipped: bool = False,
    overlapping: bool = False,
) -> tuple[float, float]:
    """The bounds (lower, upper) of a `factor` argument: a pair, in any order, or one number f for (-f, f).

    Args:
        name: of the argument, for errors.
        value: the argument.
        low, high: the allowed range of the numbers.
        low_is_open: whether `low` itself is not allowed.
        clipped: whether the lower bound -f is clipped to `low`.
        overlapping: whether a pair only has to overlap [low, high].

    Raises:
        ValueError: not a number or pair of numbers, or out of range.
    """
    bracket = "(" if low_is_open else "["
    message = f"expected `{name}` to be a number, or a pair of them, in {bracket}{low}, {high}], received {value!r}."
    pair = isinstance(value, (tuple, list))
    numbers = list(value) if pair else [value]
    if (pair and len(numbers) != 2) or any(isinstance(v, bool) or not isinstance(v, (int, float)) for v in numbers):
        raise ValueError(message)
    below, above = min(numbers), max(numbers)
    if pair and overlapping:
        inside = below <= high and above >= low
    else:
        inside = (low < below if low_is_open else low <= below) and above <= high
    if not inside or not all(map(math.isfinite, numbers)):
        raise ValueError(message)
    if pair:
        return below, above
    size = abs(value)
    return (max(-size, low) if clipped else -size), size


class RandomFlip(RandomImageLayer):
    """Mirrors each image with probability 1/2 while training.

    Input and output (N, H, W, C) or (H, W, C).

    Args:
        mode: "horizontal" (left to right), "vertical", or "horizontal_and_vertical": both at once (the
            default, as in Keras).
        seed: integer; None (the default): the next seed of netlet's global sequence.
        data_format: "channels_last" (the default) or "channels_first".
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Raises:
        ValueError: an unknown mode; an input that is not an image or batch of images.

    >>> import numpy as np
    >>> image = np.arange(3.0, dtype="float32").reshape(1, 3, 1)
    >>> RandomFlip("horizontal").transform_images(image, {"flips": np.array([True])})[0, :, 0].numpy()
    array([2., 1., 0.], dtype=float32)
    """

    MODES = ("horizontal", "vertical", "horizontal_and_vertical")

    def __init__(
        self,
        mode: str = "horizontal_and_vertical",
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed=seed, data_format=data_format, **kwargs)
        if mode not in self.MODES:
            raise ValueError(f"RandomFlip: expected `mode` to be one of {self.MODES}, received {mode!r}.")
        self.mode = mode

    def _draw(self, count: int, height: int, width: int, seed: Any) -> Any:
        return {"flips": ops.less_equal(uniform((count,), seed=seed), 0.5)}

    def _transform(self, images: Any, transformation: Any) -> Any:
        flips = ops.reshape(transformation["flips"], (images.shape[0],))
        return _core.flip_images(images, flips, self.mode != "vertical", self.mode != "horizontal")

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "mode": self.mode}


class RandomBrightness(RandomImageLayer):
    """Adds one random number to all values of each image while training, and clips them to `value_range`.

    Input and output (N, H, W, C) or (H, W, C).

    Args:
        factor: the number is uniform in this interval times the width of `value_range`: a pair, or f for (-f, f), in
            [-1, 1].
        value_range: smallest and largest value of the images; (0, 255) by default.
        seed: integer; None (the default): the next seed of netlet's global sequence.
        **kwargs: `data_format` ("channels_last" or "channels_first") and the arguments of `Layer`.

    Raises:
        ValueError: factor or value_range is invalid.

    >>> import numpy as np
    >>> image = np.array([[[0.5], [0.9]]], "float32")
    >>> RandomBrightness(0.2, (0, 1)).transform_images(image, {"rgb_delta": np.float32(0.25)})[0, :, 0].numpy()
    array([0.75, 1.  ], dtype=float32)
    """

    def __init__(self, factor: Any, value_range: Any = (0, 255), seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(seed=seed, **kwargs)
        self.factor = interval("factor", factor or 0.0, -1, 1, clipped=True, overlapping=True)
        self.value_range = sorted(_pair(value_range))

    def _draw(self, count: int, height: int, width: int, seed: Any) -> Any:
        extent = self.value_range[1] - self.value_range[0]
        bounds = self.factor[0] * extent, self.factor[1] * extent
        return {"rgb_delta": self._uniform((count, 1, 1, 1), bounds, seed)}

    def _transform(self, images: Any, transformation: Any) -> Any:
        return ops.clip(ops.add(images, transformation["rgb_delta"]), *self.value_range)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "factor": self.factor, "value_range": self.value_range}


class RandomContrast(RandomImageLayer):
    """Changes the contrast of each image while training: (x - mean) * f + mean for each channel, then clips.

    Input and output (N, H, W, C) or (H, W, C).

    Args:
        factor: f is uniform in [1 - lower, 1 + upper] for a pair (lower, upper); one number u is (-u, u), clipped
            to (0, u), as in Keras.
        value_range: smallest and largest value of the output; (0, 255) by default.
        seed: integer; None (the default): the next seed of netlet's global sequence.
        **kwargs: `data_format` ("channels_last" or "channels_first") and the arguments of `Layer`.

    Raises:
        ValueError: factor or value_range is invalid.

    >>> import numpy as np
    >>> image = np.array([[[0.4], [0.6]]], "float32")
    >>> contrast = RandomContrast(1.0, (0, 1))
    >>> contrast.transform_images(image, {"contrast_factor": np.float32(2)})[0, :, 0].round(3).numpy()
    array([0.3, 0.7], dtype=float32)
    """

    def __init__(self, factor: Any, value_range: Any = (0, 255), seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(seed=seed, **kwargs)
        self.factor = interval("factor", factor, 0, 1, clipped=True, overlapping=True)
        self.value_range = _pair(value_range)

    def _draw(self, count: int, height: int, width: int, seed: Any) -> Any:
        bounds = 1.0 - self.factor[0], 1.0 + self.factor[1]
        return {"contrast_factor": self._uniform((count, 1, 1, 1), bounds, seed)}

    def _transform(self, images: Any, transformation: Any) -> Any:
        mean = ops.mean(images, axis=(1, 2), keepdims=True)
        y = ops.add(ops.multiply(ops.subtract(images, mean), transformation["contrast_factor"]), mean)
        return ops.clip(y, *self.value_range)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "factor": self.factor, "value_range": self.value_range}


def _pair(value_range: Any) -> Any:
    if not isinstance(value_range, (tuple, list)) or len(value_range) != 2:
        raise ValueError(f"expected `value_range` to be a pair of numbers, received {value_range!r}.")
    return value_range


class RandomCrop(RandomImageLayer):
    """Crops a window at a random position while training, the same for all images of a batch.

    Input (N, H, W, C) or (H, W, C), output (N, height, width, C) or (height, width, C). At inference, and if the image
    is smaller than the window, the largest central part with the window's aspect ratio is resized to the window's size.

    Args:
        height, width: size of the window, integers of at least 1.
        seed: integer; None (the default): the next seed of netlet's global sequence.
        data_format: "channels_last" (the default) or "channels_first".
        name: name of the layer; None: "random_crop", numbered.
        **kwargs: the other arguments of `Layer`.

    Raises:
        ValueError: height or width below 1.

    >>> import numpy as np
    >>> RandomCrop(2, 3)(np.ones((5, 8, 8, 1), "float32")).shape
    (5, 2, 3, 1)
    """

    def __init__(
        self,
        height: int,
        width: int,
        seed: int | None = None,
        data_format: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed=seed, data_format=data_format, name=name, **kwargs)
        if min(height, width) < 1:
            raise ValueError(f"RandomCrop: expected `height` and `width` of at least 1, received {height} and {width}.")
        self.height, self.width = int(height), int(width)

    def _draw(self, count: int, height: int, width: int, seed: Any) -> Any:
        if height < self.height or width < self.width:
            return None
        return randint((1,), 0, height - self.height + 1, seed=seed), randint(
            (1,), 0, width - self.width + 1, seed=seed
        )

    def transform_images(self, images: Any, transformation: Any, training: bool = True) -> Any:
        images = ops.cast_if_needed(images, self.compute_dtype)
        if training and transformation is not None:
            return self._in_batches(lambda x: self._transform(x, transformation), images)
        size = self.height, self.width
        return ops.image.resize(images, size, crop_to_aspect_ratio=True, data_format=self.data_format)

    def _transform(self, images: Any, transformation: Any) -> Any:
        top, left = transformation
        rows = ops.take(images, ops.add(ops.arange(self.height, dtype="int32"), top), axis=1)
        return ops.take(rows, ops.add(ops.arange(self.width, dtype="int32"), left), axis=2)

    def compute_output_shape(self, input_shape: Any) -> Any:
        first = len(input_shape) - (3 if self.data_format == "channels_last" else 2)
        return (*input_shape[:first], self.height, self.width, *input_shape[first + 2 :])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "height": self.height, "width": self.width}
