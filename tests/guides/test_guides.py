"""Keras's guides as scripts: netlet computes what Keras did (keras_numbers.json). With --run-slow Keras runs too."""

from __future__ import annotations

import json

import numpy as np
import pytest

import netlet
from guides.recording import FILE, run, scripts

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")
RECORDED = json.loads(FILE.read_text(encoding="utf-8"))
SCRIPTS = dict(scripts())


def compare(ours, theirs):
    assert set(ours) == set(theirs)
    for key, want in theirs.items():
        got = np.asarray(ours[key])
        if got.dtype.kind == "U":
            assert ours[key] == want, key
        else:
            np.testing.assert_allclose(got, np.asarray(want), rtol=1e-3, atol=1e-5, err_msg=key)


@pytest.mark.parametrize("name", SCRIPTS)
def test_netlet_computes_what_keras_computed(name):
    compare(run(SCRIPTS[name], netlet), RECORDED[name])


@pytest.mark.slow
@pytest.mark.parametrize("name", SCRIPTS)
def test_the_recorded_numbers_are_those_of_keras(name):
    import keras

    compare(run(SCRIPTS[name], keras), RECORDED[name])


def test_nothing_is_recorded_that_no_script_computes():
    assert set(RECORDED) == set(SCRIPTS)
