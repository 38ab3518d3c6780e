"""Policies: random sequences of augmentations. RandAugment, AugMix.

A recorded step holds all layers of a policy, and each run computes those that it has drawn (`ops.switch`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from netlet import ops, random
from netlet.engine.needs_values import values_if_known

from .augmentation_affine import RandomRotation, RandomShear, RandomTranslation
from .blur import RandomSharpness
from .color import RandomColorDegeneration
from .factors import whole_number
from .histogram import AutoContrast, Equalization
from .random_base import RandomColorLayer
from .tone import RandomBrightness, RandomContrast, RandomPosterization, Solarization

_GEOMETRIC = ("random_shear", "random_translation", "random_rotation")


class _Policy(RandomColorLayer):
    """Base of policies: makes the layers that they choose from.

    Args:
        names: attributes of the layers, in Keras's order.
        factor: strength: a pair, or f for (0, f), in [0, 1].
        interpolation: of the geometric layers: "bilinear" or "nearest".
        **kwargs: the arguments of `RandomColorLayer`.
    """

    _FACTOR_BOUNDS = (0, 1)
    _SORTS_RANGE = False
    random_brightness: Any
    _names: tuple[str, ...]

    def __init__(self, names: Sequence[str], *, factor: Any, interpolation: str, **kwargs: Any) -> None:
        super().__init__(factor=factor, **kwargs)
        self.interpolation = interpolation
        self._names = tuple(names)
        common: dict[str, Any] = {
            "seed": self.seed,
            "data_format": self.data_format,
            "bounding_box_format": self.bounding_box_format,
            "dtype": self.dtype_policy,
        }
        still = {k: v for k, v in common.items() if k != "seed"}
        moved, colored = {**common, "interpolation": interpolation}, {**common, "value_range": self.value_range}
        f = self.factor
        makers: dict[str, Callable[[], Any]] = {
            "random_shear": lambda: RandomShear(x_factor=f, y_factor=f, **moved),
            "random_translation": lambda: RandomTranslation(height_factor=f, width_factor=f, **moved),
            "random_rotation": lambda: RandomRotation(factor=f, **moved),
            "random_brightness": lambda: RandomBrightness(factor=f, **colored),
            "random_color_degeneration": lambda: RandomColorDegeneration(factor=f, **colored),
            "random_contrast": lambda: RandomContrast(factor=f, **colored),
            "random_sharpness": lambda: RandomSharpness(factor=f, **colored),
            "random_posterization": lambda: RandomPosterization(factor=max(1, int(8 * f[1])), **colored),
            "solarization": lambda: Solarization(addition_factor=f, threshold_factor=f, **colored),
            "auto_contrast": lambda: AutoContrast(value_range=self.value_range, **still),
            "equalization": lambda: Equalization(value_range=self.value_range, **still),
        }
        for name in self._names:
            setattr(self, name, makers[name]())

    def _draws(self, data: Any, seed: Any) -> dict[str, Any]:
        """The random numbers of each layer, by name."""
        return {name: getattr(self, name).get_random_transformation(data, seed=seed) for name in self._names}

    def _apply(self, method: str, index: Any, draws: Any, x: Any, names: Sequence[str] | None = None) -> Any:
        """x transformed by layer number `index`, or x itself if the number is that of no layer.

        Args:
            method: "transform_images", "transform_bounding_boxes" or "transform_segmentation_masks".
            index: integer scalar.
            draws: from `_draws`.
            x: the argument of the method.
            names: of the layers that change x; others leave it as it is. None: all.
        """

        def branch(name: str | None) -> Callable[[Any], Any]:
            if name is None or (names is not None and name not in names):
                return lambda x: x
            return lambda x: getattr(getattr(self, name), method)(x, draws[name])

        return ops.switch(index, [branch(name) for name in (*self._names, None)], x)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "interpolation": self.interpolation}


class RandAugment(_Policy):
    """Applies `num_ops` random augmentations one after another while training, the same to all images of a batch.

    It chooses from shear, translation, rotation, brightness, color degeneration, contrast, sharpness, posterization,
    solarization, auto contrast and equalization. Their strengths are drawn for each image. Cubuk et al.,
    "RandAugment: Practical automated data augmentation with a reduced search space", 2019.

    Input and output (N, H, W, 3) or (H, W, 3), or dicts of images, labels, boxes and masks.

    Args:
        value_range: smallest and largest value of the images; (0, 255) by default.
        num_ops: number of augmentations; 2 by default.
        factor: strength: a pair, or f for (0, f), in [0, 1]; 0.5 by default.
        interpolation: "bilinear" (the default) or "nearest", of the geometric augmentations.
        seed: integer; None (the default): the next seed of netlet's global sequence.
        data_format: "channels_last" (the default) or "channels_first".
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Raises:
        ValueError: an argument is invalid.

    >>> import numpy as np
    >>> RandAugment(value_range=(0, 1))(np.ones((2, 8, 8, 3), "float32")).shape
    (2, 8, 8, 3)
    """

    _AUGMENT_LAYERS = (
        *_GEOMETRIC,
        "random_brightness",
        "random_color_degeneration",
        "random_contrast",
        "random_sharpness",
        "random_posterization",
        "solarization",
        "auto_contrast",
        "equalization",
    )

    def __init__(
        self,
        value_range: Any = (0, 255),
        num_ops: int = 2,
        factor: Any = 0.5,
        interpolation: str = "bilinear",
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            self._AUGMENT_LAYERS,
            factor=factor,
            interpolation=interpolation,
            value_range=value_range,
            seed=seed,
            data_format=data_format,
            **kwargs,
        )
        self.num_ops = whole_number(self, "num_ops", num_ops, 0)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        if not training:
            return None
        seed = self.seed_generator if seed is None else seed
        chosen = random.randint((self.num_ops,), 0, len(self._names), seed=seed)
        return {"transforms": self._draws(data, seed), "layer_idxes": chosen}

    def _in_turn(self, method: str, x: Any, transformation: Any, names: Sequence[str] | None = None) -> Any:
        for i in range(self.num_ops):
            index = transformation["layer_idxes"][i]
            x = self._apply(method, index, transformation["transforms"], x, names)
        return x

    def transform_images(self, images: Any, transformation: Any, training: bool = True) -> Any:
        images = ops.cast_if_needed(images, self.compute_dtype)
        return self._in_turn("transform_images", images, transformation) if training else images

    def transform_bounding_boxes(self, bounding_boxes: Any, transformation: Any, training: bool = True) -> Any:
        if not training:
            return bounding_boxes
        return self._in_turn("transform_bounding_boxes", bounding_boxes, transformation, _GEOMETRIC)

    def transform_segmentation_masks(self, segmentation_masks: Any, transformation: Any, training: bool = True) -> Any:
        if not training:
            return segmentation_masks
        masks = ops.cast_if_needed(segmentation_masks, self.compute_dtype)
        return self._in_turn("transform_segmentation_masks", masks, transformation, _GEOMETRIC)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "num_ops": self.num_ops}


class AugMix(_Policy):
    """Mixes each image with `num_chains` augmented versions of it while training.

    A chain applies `chain_depth` times a random augmentation of those of RandAugment, or none. The chains' results are
    averaged with weights from the Dirichlet distribution, and mixed with the image by a weight from Beta(alpha, alpha).
    Chains and weights are the same for all images of a batch; the strengths are drawn for each image. Hendrycks et al.,
    "AugMix", 2020.

    Input and output (N, H, W, 3) or (H, W, 3), or dicts of images, labels, boxes (unchanged) and masks.

    Args:
        value_range: smallest and largest value of the images; (0, 255) by default.
        num_chains: number of chains; 3 by default.
        chain_depth: largest number of augmentations in a chain; 3 by default.
        factor: strength: a pair, or f for (0, f), in [0, 1]; 0.3 by default.
        alpha: parameter of the Dirichlet and beta distributions; 1.0 by default.
        all_ops: whether brightness, color degeneration, contrast and sharpness are among the augmentations; True by
            default.
        interpolation: "bilinear" (the default) or "nearest", of the geometric augmentations.
        seed: integer; None (the default): the next seed of netlet's global sequence.
        data_format: "channels_last" (the default) or "channels_first".
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Raises:
        ValueError: an argument is invalid.

    >>> import numpy as np
    >>> AugMix(value_range=(0, 1))(np.ones((2, 8, 8, 3), "float32")).shape
    (2, 8, 8, 3)
    """

    _ALWAYS = (*_GEOMETRIC, "random_posterization", "solarization", "auto_contrast", "equalization")
    _MORE = ("random_brightness", "random_color_degeneration", "random_contrast", "random_sharpness")

    def __init__(
        self,
        value_range: Any = (0, 255),
        num_chains: int = 3,
        chain_depth: int = 3,
        factor: Any = 0.3,
        alpha: float = 1.0,
        all_ops: bool = True,
        interpolation: str = "bilinear",
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            (*self._ALWAYS, *(self._MORE if all_ops else ())),
            factor=factor,
            interpolation=interpolation,
            value_range=value_range,
            seed=seed,
            data_format=data_format,
            **kwargs,
        )
        self.num_chains = whole_number(self, "num_chains", num_chains, 1)
        self.chain_depth = whole_number(self, "chain_depth", chain_depth, 0)
        self.alpha, self.all_ops = alpha, all_ops

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """Draws the random numbers for the `transform_` methods.

        Args:
            data: image, batch of images, or a dict with "images"; only the shape is used.
            training: if False, nothing is drawn.
            seed: None (the default): the layer's seed generator.

        Returns:
            None if not training, else a dict. Its "chain_transforms" are Keras's, {"layer_name", "transformation"} for
            each augmentation; in a recorded step {"layer_index", "transformations"}, with the numbers of all layers.
        """
        if not training:
            return None
        seed = self.seed_generator if seed is None else seed
        weights = random.gamma((self.num_chains,), self.alpha, seed=seed)
        weight = random.beta((), self.alpha, self.alpha, seed=seed)
        indices = random.randint((self.num_chains, self.chain_depth), 0, len(self._names) + 1, seed=seed)
        chains = []
        for i in range(self.num_chains):
            steps = [self._step(indices[i, j], data, seed) for j in range(self.chain_depth)]
            chains.append([step for step in steps if step is not None])
        return {
            "chain_mixing_weights": ops.divide(weights, ops.sum(weights)),
            "weight_sample": weight,
            "chain_transforms": chains,
        }

    def _step(self, index: Any, data: Any, seed: Any) -> Any:
        known = values_if_known(index)
        if known is None:
            return {"layer_index": index, "transformations": self._draws(data, seed)}
        if known == len(self._names):
            return None
        name = self._names[int(known)]
        return {"layer_name": name, "transformation": getattr(self, name).get_random_transformation(data, seed=seed)}

    def _mixed(self, method: str, x: Any, transformation: Any, names: Sequence[str] | None = None) -> Any:
        weight = ops.cast_if_needed(transformation["weight_sample"], x.dtype)
        weights = ops.cast_if_needed(transformation["chain_mixing_weights"], x.dtype)
        weights = ops.multiply(weights, ops.subtract(1.0, weight))
        mixed = ops.multiply(x, weight)
        for i, chain in enumerate(transformation["chain_transforms"]):
            y = x
            for step in chain:
                if "layer_index" in step:
                    y = self._apply(method, step["layer_index"], step["transformations"], y, names)
                elif names is None or step["layer_name"] in names:
                    y = getattr(getattr(self, step["layer_name"]), method)(y, step["transformation"])
            mixed = ops.add(mixed, ops.multiply(y, weights[i]))
        return mixed

    def transform_images(self, images: Any, transformation: Any, training: bool = True) -> Any:
        images = ops.cast_if_needed(images, self.compute_dtype)
        return (
            ops.clip(self._mixed("transform_images", images, transformation), *self.value_range) if training else images
        )

    def transform_segmentation_masks(self, segmentation_masks: Any, transformation: Any, training: bool = True) -> Any:
        if not training:
            return segmentation_masks
        masks = ops.cast_if_needed(segmentation_masks, self.compute_dtype)
        return self._mixed("transform_segmentation_masks", masks, transformation, _GEOMETRIC)

    def get_config(self) -> dict[str, Any]:
        own = {
            "num_chains": self.num_chains,
            "chain_depth": self.chain_depth,
            "alpha": self.alpha,
            "all_ops": self.all_ops,
        }
        return {**super().get_config(), **own}
