"""Writes two files about Keras's architectures in tests/applications: layers as hashes, and outputs.

    KERAS_BACKEND=torch python tools/application_fingerprints.py [structure] [outputs]

then again with "jax" for NASNet, which Keras does not have for PyTorch. JAX compiles each layer, which takes long.

The tests compare netlet's architectures with these files, since building and running Keras's takes minutes.
"""

from __future__ import annotations

import hashlib
import json
import pathlib
import sys
from typing import Any

TESTS = pathlib.Path(__file__).resolve().parents[1] / "tests"
STRUCTURE, OUTPUTS = (TESTS / "applications" / f"{name}.json" for name in ("fingerprints", "outputs"))
PLAIN = (
    "ConvNeXtBase ConvNeXtLarge ConvNeXtSmall ConvNeXtTiny ConvNeXtXLarge DenseNet121 DenseNet169 DenseNet201 "
    "EfficientNetB0 EfficientNetB1 EfficientNetB2 EfficientNetB3 EfficientNetB4 EfficientNetB5 EfficientNetB6 "
    "EfficientNetB7 EfficientNetV2B0 EfficientNetV2B1 EfficientNetV2B2 EfficientNetV2B3 EfficientNetV2L "
    "EfficientNetV2M EfficientNetV2S InceptionResNetV2 InceptionV3 MobileNet MobileNetV2 MobileNetV3Large "
    "MobileNetV3Small NASNetLarge NASNetMobile ResNet50 ResNet101 ResNet152 ResNet50V2 ResNet101V2 ResNet152V2 VGG16 "
    "VGG19 Xception"
).split()
SMALL = (64, 96, 3)
VARIANTS: list[tuple[str, dict[str, Any]]] = [
    *((name, {}) for name in PLAIN),
    *((name, {"include_top": False, "pooling": "avg"}) for name in PLAIN if not name.endswith(("Large", "V2L"))),
    ("MobileNet", {"alpha": 0.25, "depth_multiplier": 2, "input_shape": (130, 97, 1), "classes": 7}),
    ("MobileNetV2", {"alpha": 0.35, "input_shape": (96, 96, 3), "classes": 10}),
    ("MobileNetV2", {"alpha": 1.4, "input_shape": (33, 64, 3), "include_top": False, "pooling": "max"}),
    *(
        (name, {"minimalistic": True, "alpha": alpha, "include_preprocessing": False, "dropout_rate": 0.0})
        for name, alpha in (("MobileNetV3Small", 1.5), ("MobileNetV3Large", 0.75))
    ),
    ("MobileNetV3Small", {"include_top": False, "pooling": "max", "input_shape": SMALL}),
    ("EfficientNetB0", {"include_top": False, "input_shape": (47, 64, 3)}),
    ("EfficientNetV2B0", {"include_top": False, "input_shape": (64, 64, 1)}),
    ("EfficientNetV2S", {"include_preprocessing": False, "classes": 5}),
    ("ConvNeXtTiny", {"include_preprocessing": False, "include_top": False, "name": "mine"}),
    ("NASNetMobile", {"include_top": False, "input_shape": (75, 50, 3)}),
    ("ResNet50", {"include_top": False, "input_shape": SMALL, "pooling": "max"}),
    ("VGG16", {"include_top": False, "pooling": "max"}),
    ("Xception", {"include_top": False, "input_shape": (71, 80, 3)}),
]
"""(name of the function, arguments)."""


def key(name: str, arguments: dict[str, Any]) -> str:
    """The key of a variant in the file."""
    return name + "".join(f" {k}={v}" for k, v in arguments.items())


def fingerprint(applications: Any, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Counts, and a hash of names, classes, shapes of weights and inputs of all layers.

    Args:
        applications: `keras.applications` or `netlet.applications`.
        name: of the function.
        arguments: its arguments, besides weights=None.
    """
    model = getattr(applications, name)(weights=None, **arguments)
    rows = [
        [
            layer.name,
            type(layer).__name__,
            [list(weight.shape) for weight in layer.weights],
            [tensor._keras_history.operation.name for tensor in layer._inbound_nodes[0].input_tensors],
        ]
        for layer in model.layers
    ]
    text = json.dumps([model.name, list(model.output_shape), rows])
    return {
        "layers": len(rows),
        "weights": len(model.weights),
        "parameters": model.count_params(),
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
    }


def write_structure() -> None:
    import keras

    found = {}
    for name, arguments in VARIANTS:
        keras.utils.clear_session()
        found[key(name, arguments)] = fingerprint(keras.applications, name, arguments)
    STRUCTURE.write_text(json.dumps({"keras": keras.__version__, "models": found}, indent=1) + "\n", encoding="utf-8")


def write_outputs() -> None:
    import keras

    sys.path.insert(0, str(TESTS))
    from support.applications import CASES, case_name, model_and_images

    found = json.loads(OUTPUTS.read_text(encoding="utf-8")) if OUTPUTS.exists() else {}
    for case in CASES:
        if case_name(case) in found:  # of a run that was stopped; delete the file to make all again
            continue
        if case[0].startswith("NASNet") and keras.backend.backend() == "torch":
            continue  # Keras has it for the other backends
        keras.utils.clear_session()
        model, images = model_and_images(keras.applications, case)
        logits = keras.ops.convert_to_numpy(model(images, training=False))
        found[case_name(case)] = [[float(f"{v:.6g}") for v in row] for row in logits]
        lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(rows)}" for name, rows in found.items())
        OUTPUTS.write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")


if __name__ == "__main__":
    chosen = sys.argv[1:] or ["structure", "outputs"]
    if "structure" in chosen:
        write_structure()
    if "outputs" in chosen:
        write_outputs()
