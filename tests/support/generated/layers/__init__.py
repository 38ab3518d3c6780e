"""Generated calls of every layer, and why some layers have none."""

from __future__ import annotations

from typing import Any

from support.generated.layers.basic import BASIC
from support.generated.layers.case import Case, Nested, called, outputs
from support.generated.layers.sequences import SEQUENCES, dropping
from support.generated.layers.spatial import SPATIAL

LAYERS = {**BASIC, **SPATIAL, **SEQUENCES}

_ABSTRACT = "a base class, or a description of inputs"
_HOST = "maps text or numbers to integers or counts before the step; tests of its own in tests/layers"
_IMAGES = "draws or counts on the images of a batch: tests/layers/test_augmentation*.py"
_FOREIGN = "a module of another library: tests/layers/foreign"
NOT_GENERATED = {
    **dict.fromkeys("InputLayer InputSpec Layer Merge Wrapper".split(), _ABSTRACT),
    "Lambda": "a function of the user's: tests/saving, and tests/ops for what it calls",
    **dict.fromkeys(
        "CategoryEncoding Discretization HashedCrossing Hashing IntegerLookup StringLookup TextVectorization".split(),
        _HOST,
    ),
    **dict.fromkeys("FlaxLayer JaxLayer TorchModuleWrapper".split(), _FOREIGN),
    **dict.fromkeys(
        "AugMix AutoContrast ContrastLimitedAdaptiveHistogramEqualization CutMix Equalization MaxNumBoundingBoxes "
        "MixUp Pipeline RandAugment RandomBrightness RandomColorDegeneration RandomColorJitter RandomContrast "
        "RandomCrop RandomElasticTransform RandomErasing RandomFlip RandomGaussianBlur RandomGrayscale RandomHue "
        "RandomInvert RandomPerspective RandomPosterization RandomRotation RandomSaturation RandomSharpness "
        "RandomShear RandomTranslation RandomZoom Solarization".split(),
        _IMAGES,
    ),
}


def public(module: Any) -> dict[str, type]:
    """The layer classes of netlet.layers by their own names: aliases count once."""
    names = [n for n in module.__all__ if isinstance(getattr(module, n), type)]
    return {getattr(module, n).__name__: getattr(module, n) for n in names}


__all__ = ["LAYERS", "NOT_GENERATED", "Case", "Nested", "called", "dropping", "outputs", "public"]
