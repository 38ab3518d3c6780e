"""Arguments of the architectures that do not go together, and inputs of one's own."""

from __future__ import annotations

import numpy as np
import pytest

import netlet
from netlet import applications
from support.child import run_child


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("ResNet50", {"weights": "imagnet"}, "expected None, 'imagenet' or the path of an existing file as `weights`"),
        ("ResNet50", {"weights": 3.5}, "as `weights`, received 3.5"),
        ("VGG16", {"classes": 10}, "expected classes=1000 with weights='imagenet' and include_top=True"),
        ("VGG16", {"input_shape": (100, 100, 3)}, r"expected input_shape=\(224, 224, 3\) with weights='imagenet'"),
        ("VGG16", {"weights": None, "input_shape": (31, 40, 3)}, "at least 32x32 pixels"),
        ("Xception", {"weights": None, "input_shape": (70, 90, 3), "include_top": False}, "at least 71x71 pixels"),
        ("InceptionV3", {"weights": None, "input_shape": (74, 90, 3)}, "at least 75x75 pixels"),
        ("VGG16", {"weights": None, "input_shape": (None, None, 3)}, "expected a fixed `input_shape`"),
        ("VGG16", {"weights": None, "input_shape": (64, 64)}, r"expected \(height, width, channels\)"),
        ("VGG16", {"include_top": False, "input_shape": (64, 64, 1)}, "expected images of 3 channels"),
        ("VGG16", {"weights": None, "include_top": False, "pooling": "mean"}, "expected None, 'avg' or 'max'"),
        ("DenseNet121", {"classifier_activation": "relu"}, "expected 'softmax' or None as `classifier_activation`"),
        ("DenseNet121", {"weights": None, "input_tensor": np.ones((1, 32, 32, 3))}, "as `input_tensor`"),
        ("MobileNet", {"alpha": 0.3}, "as `alpha` with weights='imagenet', received 0.3"),
        ("MobileNet", {"depth_multiplier": 2}, "expected depth_multiplier=1"),
        ("MobileNetV2", {"alpha": 0.3}, "as `alpha` with weights='imagenet', received 0.3"),
        ("MobileNetV3Small", {"alpha": 0.5}, "expected alpha=1.0, or 0.75"),
        ("MobileNetV3Large", {"alpha": 0.75, "minimalistic": True}, "expected alpha=1.0"),
        ("MobileNetV3Large", {"weights": None, "input_shape": (31, 64, 3)}, "at least 32x32 pixels"),
        ("NASNetMobile", {"input_shape": (None, None, 3)}, "expected a fixed `input_shape`"),
    ],
)
def test_errors(name, arguments, message):
    with pytest.raises(ValueError, match=message) as caught:
        getattr(applications, name)(**arguments)
    assert str(caught.value).startswith(f"{name}: ")


@pytest.mark.parametrize("name", ["MobileNetV2", "MobileNetV3Small"])
def test_input_tensor_of_another_width(name):
    with pytest.raises(ValueError, match="of the same width"):
        getattr(applications, name)(weights=None, input_tensor=netlet.Input((64, 64, 3)), input_shape=(64, 48, 3))


def test_unusual_channels_warn_where_the_caller_is():
    with pytest.warns(UserWarning, match="1 or 3 channels") as caught:
        model = applications.MobileNetV3Small(weights=None, input_shape=(32, 32, 4), alpha=0.35)
    assert model.input_shape == (None, 32, 32, 4)
    assert len(caught) == 1


def test_input_tensor_that_other_layers_made():
    image = netlet.Input((40, 40, 1), name="grey")
    model = applications.MobileNetV2(
        weights=None,
        alpha=0.35,
        include_top=False,
        pooling="avg",
        input_tensor=netlet.layers.Concatenate(name="rgb")([image] * 3),
    )
    assert [layer.name for layer in model.layers[:2]] == ["grey", "rgb"]
    assert model.predict(np.ones((2, 40, 40, 1), "float32"), verbose=0).shape == (2, 1280)


def test_source_inputs_of_a_deep_graph():
    a, b = netlet.Input((4,)), netlet.Input((4,))
    x = netlet.layers.add([a, b])
    for _ in range(40):
        x = x + x  # without remembering what was seen, 2**40 paths
    assert {id(t) for t in netlet.utils.get_source_inputs(x)} == {id(a), id(b)}


def test_any_size_without_the_classifier():
    model = applications.MobileNetV2(weights=None, alpha=0.35, include_top=False)
    assert model.input_shape == (None, None, None, 3)
    for size in (32, 50):
        assert model.predict(np.zeros((1, size, size + 5, 3), "float32"), verbose=0).shape[-1] == 1280


def test_missing_names():
    with pytest.raises(AttributeError, match=r"Nearest: netlet\.applications\.EfficientNetB0"):
        applications.EfficientNetB00  # noqa: B018


def test_importing_netlet_does_not_import_applications():
    code = "import sys, netlet; print([m for m in sys.modules if m.startswith('netlet.applications')])"
    assert run_child(code).stdout.strip() == "[]"
