"""Outputs equal Keras's with equal weights."""

from __future__ import annotations

import json

import numpy as np
import pytest

import netlet
from support.applications import CASES, case_name, model_and_images
from support.repo import ROOT

FILE = ROOT / "tests" / "applications" / "outputs.json"  # tools/application_fingerprints.py writes it
FAST = ["MobileNetV2 32 alpha=0.35", "MobileNetV3Small 32", "EfficientNetB0 32"]


@pytest.fixture(scope="module")
def expected():
    return json.loads(FILE.read_text(encoding="utf-8"))


def logits_of(case, expected):
    if case_name(case) not in expected:
        pytest.skip("the file lacks it: run the tool")
    return np.array(expected[case_name(case)])


def compare(case, logits):
    model, images = model_and_images(netlet.applications, case)
    for got in (model.predict(images, verbose=0), model(images, training=False).numpy()):
        error = np.abs(got - logits).max() / np.abs(logits).max()
        assert error < 1e-4, error
    return float(error)


@pytest.mark.parametrize("case", [case for case in CASES if case_name(case) in FAST], ids=case_name)
def test_some(case, expected):
    compare(case, logits_of(case, expected))


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=case_name)
def test_all(case, expected):
    print(f"{case_name(case)}: {compare(case, logits_of(case, expected)):.1e}")


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=case_name)
def test_the_file_has_the_outputs_of_keras(case, expected):
    import keras

    model, images = model_and_images(keras.applications, case)
    logits = logits_of(case, expected)
    assert np.abs(np.asarray(model(images, training=False)) - logits).max() < 1e-4 * np.abs(logits).max()
