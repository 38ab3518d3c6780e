"""Networks of `applications` with weights that do not depend on the library, for comparing outputs with Keras's."""

from __future__ import annotations

from typing import Any

import numpy as np

# (name of the function, height of the images, further arguments).
CASES: list[tuple[str, int, dict[str, Any]]] = [
    ("MobileNetV2", 32, {"alpha": 0.35}),
    ("MobileNetV3Small", 32, {}),
    ("EfficientNetB0", 32, {}),
    ("NASNetMobile", 64, {}),
    ("ResNet50", 32, {}),
    ("VGG16", 32, {}),
    ("DenseNet121", 32, {}),
    ("Xception", 71, {}),
    ("InceptionV3", 75, {}),
    ("ConvNeXtTiny", 32, {}),
    ("EfficientNetV2B0", 32, {}),
    ("ResNet50V2", 32, {}),
    ("InceptionResNetV2", 75, {}),
    ("MobileNet", 32, {}),
    ("MobileNetV2", 45, {}),
    ("MobileNetV3Large", 45, {}),
    ("MobileNetV3Large", 32, {"minimalistic": True}),
    *((f"ResNet{depth}", 32, {}) for depth in ("101", "152", "101V2", "152V2")),
    ("VGG19", 32, {}),
    *((f"DenseNet{depth}", 32, {}) for depth in (169, 201)),
    *((f"EfficientNetV2{size}", 32, {}) for size in ("B1", "B2", "B3", "S", "M", "L")),
    *((f"EfficientNetB{i}", 32, {}) for i in range(1, 8)),
    ("NASNetLarge", 64, {}),
    *((f"ConvNeXt{size}", 32, {}) for size in ("Small", "Base")),
]


def case_name(case: tuple[str, int, dict[str, Any]]) -> str:
    name, height, arguments = case
    return f"{name} {height}" + "".join(f" {k}={v}" for k, v in arguments.items())


def weights_for(model: Any) -> list[np.ndarray]:
    """Random weights with which no layer's output grows or vanishes and each normalization does something."""
    rng = np.random.default_rng(0)
    found = []
    for weight in model.weights:
        name, shape = weight.path.rpartition("/")[2], tuple(weight.shape)
        if "variance" in name:
            value = rng.uniform(0.5, 1.5, shape)
        elif name == "gamma" and "layer_scale" not in weight.path:  # Keras gives the factors of LayerScale no name
            value = rng.uniform(0.5, 1.2, shape)
        elif name in ("beta", "bias", "moving_mean", "mean"):
            value = rng.normal(0.0, 0.1, shape)
        elif name == "count":
            value = np.zeros(shape)
        else:
            fan_in = np.prod(shape[:2]) if "depthwise" in weight.path else np.prod(shape[:-1])
            value = rng.normal(0.0, fan_in**-0.5, shape)
        found.append(value.astype("int32" if name == "count" else "float32"))
    return found


def model_and_images(applications: Any, case: tuple[str, int, dict[str, Any]]) -> tuple[Any, np.ndarray]:
    """The network of a case, which outputs ten logits, and two images, 3 pixels wider than high."""
    name, height, arguments = case
    shape = (height, height + 3, 3)
    options = {"weights": None, "input_shape": shape, "classes": 10, "classifier_activation": None, **arguments}
    model = getattr(applications, name)(**options)
    model.set_weights(weights_for(model))
    images = np.random.default_rng(1).uniform(0.0, 255.0, (2, *shape)).astype("float32")
    scales_itself = name.startswith(("EfficientNet", "ConvNeXt", "MobileNetV3"))
    return model, images if scales_itself else images / 127.5 - 1.0
