"""Bases of the image preprocessing layers: Keras's interface, and random layers that draw for a whole batch.

A layer takes one image (H, W, C), a batch (N, H, W, C), or a dict with "images" and any of "labels", "bounding_boxes"
and "segmentation_masks". It draws its random numbers once for a batch (`get_random_transformation`), then transforms
each entry with them. Random numbers are ops of the recorded step: each step draws new ones, and they depend on the
seed only, not on the number of threads.
"""

from __future__ import annotations

from typing import Any

from netlet import ops, random
from netlet.ops.image.affine import batched
from netlet.ops.spatial.data_format import standardize

from ...base.layer import Layer
from .factors import interval


class _Backend:
    """What layers written for Keras call `self.backend`: `numpy`, `nn`, `image`, `random`, ... and all ops."""

    _backend = "netlet"
    numpy = nn = core = ops
    image, linalg, random = ops.image, ops, random

    @staticmethod
    def name() -> str:
        return "netlet"

    def __getattr__(self, name: str) -> Any:
        return getattr(ops, name)

    def set_backend(self, name: str) -> None:
        """Accepted for compatibility with Keras; there is one backend."""

    def reset(self) -> None:
        """Accepted for compatibility with Keras; there is one backend."""


class BaseImagePreprocessingLayer(Layer):
    """Base of image preprocessing layers, with the methods that subclasses override in Keras.

    A subclass overrides `get_random_transformation` (draws), `transform_images`, `transform_labels`,
    `transform_bounding_boxes` and `transform_segmentation_masks` (each applies what was drawn).

    Args:
        factor: interval within `_FACTOR_BOUNDS`: a pair, or f for (-f, f); None (the default) is 0. Classes with
            `_USE_BASE_FACTOR = False` take none.
        bounding_box_format: format of the boxes in dicts, e.g. "xyxy"; None (the default): dicts have no boxes.
        data_format: "channels_last" (the default) or "channels_first".
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Raises:
        ValueError: an invalid factor or data_format.

    >>> import numpy as np
    >>> class Halve(BaseImagePreprocessingLayer):
    ...     _USE_BASE_FACTOR = False
    ...     def transform_images(self, images, transformation, training=True):
    ...         return images * 0.5
    >>> Halve()(np.ones((1, 1, 1), "float32")).numpy().item()
    0.5
    """

    _USE_BASE_FACTOR = True
    _FACTOR_BOUNDS: tuple[float, float] = (-1, 1)
    backend: Any = _Backend()

    def __init__(
        self, factor: Any = None, bounding_box_format: str | None = None, data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.bounding_box_format = bounding_box_format
        self.data_format = standardize(data_format)
        if self._USE_BASE_FACTOR:
            self._set_factor(factor or 0.0)
        elif factor is not None:
            raise ValueError(f"{type(self).__name__}: this class does not take `factor`, received {factor!r}.")

    def _set_factor(self, factor: Any) -> None:
        self.factor = interval(self, "factor", factor, *self._FACTOR_BOUNDS, clipped=True, overlapping=True)

    @property
    def generator(self) -> Any:
        """The layer's SeedGenerator."""
        return self.seed_generator

    @generator.setter
    def generator(self, value: Any) -> None:
        self.seed_generator = value

    def _get_seed_generator(self, backend: Any = None) -> Any:
        return self.seed_generator

    # ---- what subclasses override ------------------------------------------------------------------------------------
    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """Draws the random numbers for the `transform_` methods; None unless a subclass overrides it.

        Args:
            data: image, batch of images, or a dict with "images"; only the shape is used.
            training: whether the layer is active; True by default.
            seed: seed or SeedGenerator; None (the default): the layer's seed generator.

        Returns:
            Whatever the `transform_` methods of the class take as `transformation`.
        """
        return None

    def transform_images(self, images: Any, transformation: Any, training: bool = True) -> Any:
        """Transforms images; subclasses override it.

        Args:
            images: (N, H, W, C), in the layer's data format.
            transformation: what `get_random_transformation` returned.
            training: whether the layer is active; True by default.

        Returns:
            The transformed images, in the same form.

        Raises:
            NotImplementedError: the class does not define it.
        """
        raise NotImplementedError(f"{type(self).__name__} does not define transform_images.")

    def transform_labels(self, labels: Any, transformation: Any, training: bool = True) -> Any:
        """Transforms labels; subclasses override it.

        Args:
            labels: (N, ...).
            transformation: what `get_random_transformation` returned.
            training: whether the layer is active; True by default.

        Returns:
            The transformed labels, in the same form.

        Raises:
            NotImplementedError: the class does not define it.
        """
        raise NotImplementedError(f"{type(self).__name__} cannot transform labels.")

    def transform_bounding_boxes(self, bounding_boxes: Any, transformation: Any, training: bool = True) -> Any:
        """Transforms bounding boxes; subclasses override it.

        Args:
            bounding_boxes: dict {"boxes": (N, boxes, 4), "labels": (N, boxes)}, in the layer's `bounding_box_format`.
            transformation: what `get_random_transformation` returned.
            training: whether the layer is active; True by default.

        Returns:
            The transformed bounding boxes, in the same form.

        Raises:
            NotImplementedError: the class does not define it.
        """
        raise NotImplementedError(f"{type(self).__name__} cannot transform bounding boxes.")

    def transform_segmentation_masks(self, segmentation_masks: Any, transformation: Any, training: bool = True) -> Any:
        """Transforms segmentation masks; subclasses override it.

        Args:
            segmentation_masks: (N, H, W, C), in the layer's data format.
            transformation: what `get_random_transformation` returned.
            training: whether the layer is active; True by default.

        Returns:
            The transformed segmentation masks, in the same form.

        Raises:
            NotImplementedError: the class does not define it.
        """
        raise NotImplementedError(f"{type(self).__name__} cannot transform segmentation masks.")

    # ---- one sample --------------------------------------------------------------------------------------------------
    def transform_single_image(self, image: Any, transformation: Any, training: bool = True) -> Any:
        """Transforms one image, by `transform_images` on a batch of one.

        Args:
            image: (H, W, C), in the layer's data format.
            transformation: what `get_random_transformation` returned.
            training: whether the layer is active; True by default.

        Returns:
            The transformed value, in the same form.
        """
        return self._single(self.transform_images, image, transformation, training)

    def transform_single_label(self, label: Any, transformation: Any, training: bool = True) -> Any:
        """Transforms one label, by `transform_labels` on a batch of one.

        Args:
            label: label of one image, of any shape.
            transformation: what `get_random_transformation` returned.
            training: whether the layer is active; True by default.

        Returns:
            The transformed value, in the same form.
        """
        return self._single(self.transform_labels, label, transformation, training)

    def transform_single_segmentation_mask(
        self, segmentation_mask: Any, transformation: Any, training: bool = True
    ) -> Any:
        """Transforms one segmentation mask, by `transform_segmentation_masks` on a batch of one.

        Args:
            segmentation_mask: (H, W, C), in the layer's data format.
            transformation: what `get_random_transformation` returned.
            training: whether the layer is active; True by default.

        Returns:
            The transformed value, in the same form.
        """
        return self._single(self.transform_segmentation_masks, segmentation_mask, transformation, training)

    def transform_single_bounding_box(self, bounding_box: Any, transformation: Any, training: bool = True) -> Any:
        """Transforms the bounding boxes of one image, by `transform_bounding_boxes` on a batch of one.

        Args:
            bounding_box: dict {"boxes": (boxes, 4), "labels": (boxes,)} of one image.
            transformation: what `get_random_transformation` returned.
            training: whether the layer is active; True by default.

        Returns:
            The transformed value, in the same form.
        """
        boxes = {k: ops.expand_dims(v, 0) if k in ("boxes", "labels") else v for k, v in bounding_box.items()}
        boxes = self.transform_bounding_boxes(boxes, transformation, training=training)
        return {k: ops.squeeze(v, 0) if k in ("boxes", "labels") else v for k, v in boxes.items()}

    @staticmethod
    def _single(transform: Any, sample: Any, transformation: Any, training: bool) -> Any:
        return ops.squeeze(transform(ops.expand_dims(sample, 0), transformation, training=training), 0)

    # ---- calling -----------------------------------------------------------------------------------------------------
    def _is_batched(self, images: Any) -> bool:
        batched(images, type(self).__name__)
        return len(images.shape) == 4

    def call(self, data: Any, training: bool = True) -> Any:
        images = data["images"] if isinstance(data, dict) and "images" in data else data
        if isinstance(images, dict) or not hasattr(images, "shape"):
            given = sorted(images) if isinstance(images, dict) else type(images).__name__
            raise ValueError(
                f'{type(self).__name__}: expected images, or a dict with "images" (and "labels", "bounding_boxes", '
                f'"segmentation_masks"), received {given}.'
            )
        whole = self._is_batched(images)
        transformation = self.get_random_transformation(data, training=training)

        arguments = {"transformation": transformation, "training": training}
        image = self.transform_images if whole else self.transform_single_image
        new = image(images, **arguments)
        if not isinstance(data, dict):
            return new
        result = {**data, "images": new}
        if "bounding_boxes" in data:
            box = self.transform_bounding_boxes if whole else self.transform_single_bounding_box
            result["bounding_boxes"] = box(self._checked_boxes(data["bounding_boxes"]), **arguments)
        if "labels" in data:
            label = self.transform_labels if whole else self.transform_single_label
            result["labels"] = label(data["labels"], **arguments)
        if "segmentation_masks" in data:
            mask = self.transform_segmentation_masks if whole else self.transform_single_segmentation_mask
            result["segmentation_masks"] = mask(data["segmentation_masks"], **arguments)
        return result

    def _checked_boxes(self, boxes: Any) -> Any:
        name = type(self).__name__
        if not self.bounding_box_format:
            raise ValueError(
                f'{name}: received a dict with "bounding_boxes", but no `bounding_box_format`. Pass it to the layer, '
                "e.g. bounding_box_format='xyxy'."
            )
        if not isinstance(boxes, dict) or not {"boxes", "labels"} <= set(boxes):
            raise ValueError(f'{name}: expected "bounding_boxes" to be a dict with "boxes" and "labels".')
        shape = boxes["boxes"].shape
        if len(shape) not in (2, 3) or shape[-1] != 4 or len(boxes["labels"].shape) not in (len(shape) - 1, len(shape)):
            raise ValueError(
                f"{name}: expected boxes (N, boxes, 4) or (boxes, 4) and labels of a shape without the last axis, "
                f"received {tuple(shape)} and {tuple(boxes['labels'].shape)}."
            )
        return dict(boxes)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        data = args[0] if args else kwargs.get("data")
        return self._spec_by_trial((data,), {}) if isinstance(data, dict) else super().compute_output_spec(data)

    def get_config(self) -> dict[str, Any]:
        boxes = {} if self.bounding_box_format is None else {"bounding_box_format": self.bounding_box_format}
        return {**super().get_config(), "data_format": self.data_format, **boxes}

    def _transform_value_range(
        self, images: Any, original_range: Any, target_range: Any, dtype: str | None = None
    ) -> Any:
        """Images whose values are mapped linearly from one range to another; the same images for equal ranges."""
        (a, b), (c, d) = original_range, target_range
        if (a, b) == (c, d):
            return images
        if dtype is not None:
            images = ops.cast_if_needed(images, dtype)
        y = ops.multiply(ops.subtract(images, a) if a else images, (d - c) / (b - a))
        return ops.add(y, c) if c else y
