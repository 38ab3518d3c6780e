"""Layers, weights and connections of each architecture equal Keras's."""

from __future__ import annotations

import json

import pytest

import netlet
from support.repo import ROOT

FILE = ROOT / "tests" / "applications" / "fingerprints.json"  # tools/application_fingerprints.py writes it
# One network of each family, of those that are made in a moment.
FAST = (
    "ConvNeXtTiny DenseNet121 EfficientNetB0 EfficientNetV2B0 InceptionV3 MobileNet MobileNetV2 MobileNetV3Small "
    "NASNetMobile ResNet50 ResNet50V2 Xception"
).split()


@pytest.fixture
def tool(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    import application_fingerprints

    return application_fingerprints


@pytest.fixture(scope="module")
def expected():
    return json.loads(FILE.read_text(encoding="utf-8"))


def compare(tool, expected, variants):
    wrong = []
    for name, arguments in variants:
        netlet.utils.clear_session()
        got = tool.fingerprint(netlet.applications, name, arguments)
        if got != expected["models"][tool.key(name, arguments)]:
            wrong.append((name, arguments, got))
    assert wrong == []


def test_default_form_of_one_of_each_family(tool, expected):
    compare(tool, expected, [(name, {}) for name in FAST])


def test_other_forms(tool, expected):
    compare(tool, expected, [row for row in tool.VARIANTS[len(tool.PLAIN) :] if "pooling" not in row[1]])


@pytest.mark.slow
def test_all(tool, expected):
    compare(tool, expected, tool.VARIANTS)


@pytest.mark.slow
def test_the_file_is_what_the_tool_writes(tool, expected):
    import keras

    if keras.__version__ != expected["keras"]:
        pytest.skip(f"the file is of Keras {expected['keras']}, {keras.__version__} is installed")
    for name, arguments in tool.VARIANTS:
        keras.utils.clear_session()
        assert tool.fingerprint(keras.applications, name, arguments) == expected["models"][tool.key(name, arguments)]


def test_every_name_of_keras():
    import keras

    theirs = {n for n in dir(keras.applications) if not n.startswith("_")}
    assert theirs <= set(dir(netlet.applications))
    for module in netlet.applications._FILES:
        names = {n for n in dir(getattr(keras.applications, module)) if not n.startswith("_")}
        assert names <= set(dir(getattr(netlet.applications, module)))
