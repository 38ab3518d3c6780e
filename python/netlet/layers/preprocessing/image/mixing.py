"""Layers that replace parts of images: MixUp, CutMix, RandomErasing."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import ops, random
from netlet.config import numpy_dtype
from netlet.random import uniform

from .factors import interval
from .random_base import RandomColorLayer, RandomImageLayer, per_image


def _crop_bounds(count: int, length: int, ratio: Any, seed: Any) -> tuple[Any, Any]:
    """The start and end (N,) of random intervals of ratio * length pixels within [0, length]."""
    size = ops.multiply(ratio, float(length))
    start = ops.multiply(uniform((count,), dtype=size.dtype, seed=seed), ops.subtract(float(length), size))
    return start, ops.add(start, size)


def _inside(length: int, bounds: tuple[Any, Any], axis: int) -> Any:
    """Whether each pixel along an axis lies in [start, end): booleans (N, 1, ..., length, ..., 1) of rank 4."""
    shape = [1, 1, 1, 1]
    shape[axis] = length
    places = np.arange(length).reshape(shape).astype(numpy_dtype(bounds[0].dtype))
    start, end = per_image(bounds[0]), per_image(bounds[1])
    return ops.logical_and(ops.greater_equal(places, start), ops.less(places, end))


def _chosen(mask: Any, x: Any, y: Any) -> Any:
    """`where(mask, x, y)` with a mask (N, H, W, 1), which is repeated over the channels first: that is faster."""
    channels = y.shape[-1]
    return ops.where(ops.repeat(mask, channels, axis=-1) if mask.shape[-1] == 1 and channels > 1 else mask, x, y)


def _mixed(x: Any, transformation: Any) -> Any:
    """x (N, ...) mixed with x in another order, by one weight for each entry of the batch."""
    weight = transformation["mix_weight"]
    weight = ops.cast_if_needed(ops.reshape(weight, (-1, *[1] * (len(x.shape) - 1))), x.dtype)
    other = ops.take(x, transformation["permutation_order"], axis=0)
    return ops.add(other, ops.multiply(weight, ops.subtract(x, other)))


class MixUp(RandomImageLayer):
    """Mixes each image and its label with those of another image of the batch: w x + (1 - w) x[permutation].

    Input {"images": (N, H, W, C), "labels": (N, classes)} or images alone. Labels are numbers that can be mixed
    (e.g. one-hot). The boxes of both images are kept. Zhang et al., "mixup: Beyond Empirical Risk Minimization", 2018.

    Args:
        alpha: positive; w is drawn for each image from the distribution Beta(alpha, alpha); 0.2 by default.
        data_format: "channels_last" (the default) or "channels_first".
        seed: integer; None (the default): the next seed of netlet's global sequence.
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Raises:
        ValueError: `alpha` is not positive; when called: an input that is not an image or a batch of images.

    >>> mixed = MixUp(seed=1)({"images": np.ones((2, 4, 4, 3), "float32"), "labels": np.eye(2, dtype="float32")})
    >>> mixed["labels"].numpy().sum(axis=1)
    array([1., 1.], dtype=float32)
    """

    def __init__(
        self, alpha: float = 0.2, data_format: str | None = None, seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(data_format=data_format, seed=seed, **kwargs)
        if not alpha > 0:
            raise ValueError(f"Layer '{self.name}': expected a positive number for `alpha`, received {alpha!r}.")
        self.alpha = alpha

    def _draw(self, count: int, height: int, width: int, seed: Any) -> Any:
        order = random.shuffle(np.arange(count, dtype="int32"), seed=seed)
        return {"mix_weight": random.beta((count,), self.alpha, self.alpha, seed=seed), "permutation_order": order}

    def _transform(self, images: Any, transformation: Any) -> Any:
        return _mixed(images, transformation)

    def transform_labels(self, labels: Any, transformation: Any, training: bool = True) -> Any:
        return _mixed(_float_labels(labels, self), transformation) if training else labels

    def transform_segmentation_masks(self, segmentation_masks: Any, transformation: Any, training: bool = True) -> Any:
        if not training:
            return segmentation_masks
        return _mixed(ops.cast_if_needed(segmentation_masks, self.compute_dtype), transformation)

    def transform_bounding_boxes(self, bounding_boxes: Any, transformation: Any, training: bool = True) -> Any:
        if not training:
            return bounding_boxes
        order = transformation["permutation_order"]
        both = {k: [v, ops.take(v, order, axis=0)] for k, v in bounding_boxes.items() if k in ("boxes", "labels")}
        # Keras joins the labels along the batch; here they stay beside their boxes.
        return {k: ops.concatenate(pair, axis=1) for k, pair in both.items()}

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "alpha": self.alpha}


class CutMix(RandomImageLayer):
    """Pastes a random rectangle of another image of the batch into each image, and mixes the labels by area.

    Input {"images": (N, H, W, C), "labels": (N, classes)} or images alone; one image (H, W, C) is unchanged. Labels
    are numbers that can be mixed (e.g. one-hot). Yun et al., "CutMix", 2019.

    Args:
        factor: a pair, or f for (0, f), in [0, 1]; 1.0 by default. A number a is drawn uniformly from it for each
            batch, and for each image the part that is kept, before rounding to pixels, from Beta(a, a).
        seed: integer; None (the default): the next seed of netlet's global sequence.
        data_format: "channels_last" (the default) or "channels_first".
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Raises:
        ValueError: factor is invalid.

    >>> mixed = CutMix(seed=1)({"images": np.ones((2, 4, 4, 3), "float32"), "labels": np.eye(2, dtype="float32")})
    >>> mixed["labels"].numpy().sum(axis=1)
    array([1., 1.], dtype=float32)
    """

    _FACTOR_BOUNDS = (0, 1)

    def __init__(
        self, factor: Any = 1.0, seed: int | None = None, data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(data_format=data_format, seed=seed, **kwargs)
        self._set_factor(factor)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        images = data["images"] if isinstance(data, dict) else data
        return None if len(images.shape) == 3 else super().get_random_transformation(data, training, seed)

    def _draw(self, count: int, height: int, width: int, seed: Any) -> Any:
        alpha = ops.add(uniform((), *self.factor, seed=seed), 1e-6)
        cut = ops.sqrt(ops.subtract(1.0, random.beta((count,), alpha, alpha, seed=seed)))
        across, down = _crop_bounds(count, width, cut, seed), _crop_bounds(count, height, cut, seed)
        mask = ops.logical_and(_inside(width, across, 2), _inside(height, down, 1))
        area = ops.multiply(ops.subtract(across[1], across[0]), ops.subtract(down[1], down[0]))
        kept = ops.subtract(1.0, ops.divide(area, float(max(height * width, 1))))
        order = random.shuffle(np.arange(count, dtype="int32"), seed=seed)
        if self.data_format == "channels_first":
            mask = ops.transpose(mask, (0, 3, 1, 2))
        return {"permutation_order": order, "batch_masks": mask, "mix_weight": per_image(kept)}

    def transform_images(self, images: Any, transformation: Any = None, training: bool = True) -> Any:
        images = ops.cast_if_needed(images, self.compute_dtype)
        if not training or transformation is None:
            return images
        mask, other = transformation["batch_masks"], ops.take(images, transformation["permutation_order"], axis=0)
        return _chosen(mask, other, images) if self.data_format == "channels_last" else ops.where(mask, other, images)

    def transform_labels(self, labels: Any, transformation: Any, training: bool = True) -> Any:
        if not training or transformation is None:
            return labels
        return _mixed(_float_labels(labels, self), transformation)

    def transform_segmentation_masks(self, segmentation_masks: Any, transformation: Any, training: bool = True) -> Any:
        return self.transform_images(segmentation_masks, transformation, training)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "factor": self.factor}


class RandomErasing(RandomColorLayer):
    """Replaces a random rectangle of random images by noise or a constant while training.

    Input and output (N, H, W, C) or (H, W, C). Zhong et al., "Random Erasing Data Augmentation", 2017.

    Args:
        factor: probability of an image, itself uniform in this interval for each image: a pair, or f for (0, f), in
            [0, 1]; 1.0 by default.
        scale: height and width of the rectangle, as fractions of the image's, are square roots of two uniform random
            numbers in this interval: a pair, or s for (0, s), in [0, 1]; (0.02, 0.33) by default.
        fill_value: number, or three numbers for three channels; None (the default): normal random numbers times
            `value_range[1]`. Clipped to `value_range`.
        value_range: smallest and largest value of the images; (0, 255) by default.
        seed: integer; None (the default): the next seed of netlet's global sequence.
        data_format: "channels_last" (the default) or "channels_first".
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Raises:
        ValueError: an argument is invalid.

    >>> erased = RandomErasing((1.0, 1.0), (1.0, 1.0), fill_value=0.0)
    >>> float(erased(np.ones((1, 4, 4, 3), "float32")).numpy().sum())  # scale 1: the whole image
    0.0
    """

    _FACTOR_BOUNDS = (0, 1)
    _SORTS_RANGE = False

    def __init__(
        self,
        factor: Any = 1.0,
        scale: Any = (0.02, 0.33),
        fill_value: Any = None,
        value_range: Any = (0, 255),
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(factor=factor, value_range=value_range, seed=seed, data_format=data_format, **kwargs)
        self.scale = interval(self, "scale", scale, 0, 1, clipped=True, overlapping=True)
        numbers = fill_value if isinstance(fill_value, (tuple, list)) and len(fill_value) == 3 else [fill_value]
        if fill_value is not None and not all(isinstance(v, (int, float)) for v in numbers):
            raise ValueError(
                f"RandomErasing: expected `fill_value` to be a number, three numbers or None, received {fill_value!r}."
            )
        self.fill_value = fill_value

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        if not training:
            return None
        seed = self.seed_generator if seed is None else seed
        count, height, width, channels = self._sizes(data)
        ratio = ops.sqrt(self._uniform((2, count), self.scale, seed))
        across, down = _crop_bounds(count, width, ratio[0], seed), _crop_bounds(count, height, ratio[1], seed)
        mask = ops.logical_and(_inside(width, across, 2), _inside(height, down, 1))
        first = self.data_format == "channels_first"
        return {
            "apply_erasing": self._happens(count, seed),
            "batch_masks": ops.transpose(mask, (0, 3, 1, 2)) if first else mask,
            "fill_value": self._fill(
                (count, channels, height, width) if first else (count, height, width, channels), seed
            ),
        }

    def _fill(self, shape: tuple[int, ...], seed: Any) -> Any:
        low, high = self.value_range
        if self.fill_value is None:
            noise = random.normal(shape, dtype=self.compute_dtype, seed=seed)
            return ops.clip(ops.multiply(noise, high), low, high)
        values = np.clip(np.asarray(self.fill_value, "float32"), low, high)
        axes = (1, 1, shape[2], 1) if values.ndim else (1, 1, 1, 1)  # three numbers: repeated along a row
        return ops.cast(np.tile(values.reshape(1, 1, 1, -1), axes), self.compute_dtype)

    def transform_images(self, images: Any, transformation: Any = None, training: bool = True) -> Any:
        images = ops.cast_if_needed(images, self.compute_dtype)
        if not training:
            return images
        mask = ops.logical_and(transformation["batch_masks"], per_image(transformation["apply_erasing"]))
        choose = _chosen if self.data_format == "channels_last" else ops.where
        if len(images.shape) == 4:
            return choose(mask, transformation["fill_value"], images)
        return ops.squeeze(choose(mask, transformation["fill_value"], ops.expand_dims(images, 0)), 0)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "scale": self.scale, "fill_value": self.fill_value}


def _float_labels(labels: Any, layer: Any) -> Any:
    """Labels as floats, which can be mixed."""
    return ops.cast_if_needed(labels, labels.dtype if "float" in str(labels.dtype) else layer.compute_dtype)
