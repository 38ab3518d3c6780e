"""Generated calls of layers in netlet and in Keras with equal weights: outputs, masks, losses, shapes, configs.

Not collected by the suite: test_in_own_process.py runs it with Keras on NumPy. With Keras on PyTorch, as in
tools/nightly.sh, the gradients with respect to inputs and weights are compared, too.
"""

from __future__ import annotations

import contextlib

import keras
import numpy as np
import pytest
from hypothesis import strategies as st

import netlet
from support import keras64
from support.generated.compare import assert_alike, outcome
from support.generated.layer_differences import NOT_IN_KERAS, RANDOM, difference
from support.generated.layers import LAYERS, Case, called, outputs
from support.generated.running import for_examples
from support.layer_gradients import Objective

THEIR_NAMES = {"GroupedQueryAttention": "GroupQueryAttention"}
COMPILED = ("Conv", "Pooling", "Spectrogram")  # by JAX for each shape, with Keras on NumPy
POLICIES = ["float64", "float32", "mixed_bfloat16", "mixed_float16"]


def check(name: str, case: Case, policy: str) -> None:
    if name in RANDOM and case.call.get("training"):
        case = case._replace(call={**case.call, "training": False})
    with keras64.float64() if policy == "float64" else contextlib.nullcontext():
        compare(name, case, policy)


def compare(name: str, case: Case, policy: str) -> None:
    ours = case.make(name, netlet, policy)
    theirs = case.make(THEIR_NAMES.get(name, name), keras, policy)
    inputs = [
        x.astype("float64" if policy == "float64" else "float32") if x.dtype.kind == "f" else x for x in case.inputs
    ]
    skipped, computed_in = difference(name, case, policy), policy.removeprefix("mixed_")
    first, second = (
        outcome(lambda layer=layer: outputs(called(layer, case, list(inputs)))) for layer in (ours, theirs)
    )
    assert_alike(first, second, {"values", *skipped})
    if isinstance(first, Exception):
        return
    assert [tuple(w.shape) for w in ours.weights] == [tuple(w.shape) for w in theirs.weights]
    assert [str(w.dtype) for w in ours.weights] == [str(w.dtype) for w in theirs.weights]
    assert [w.path.split("/")[1:] for w in ours.weights] == [w.path.split("/")[1:] for w in theirs.weights]
    rng = np.random.default_rng(0)
    weights = [rng.uniform(0.5 if "variance" in w.name else -1.0, 1.0, w.shape) for w in ours.weights]
    ours.set_weights(weights), theirs.set_weights(weights)
    first, second = (outcome(lambda layer=layer: called(layer, case, list(inputs))) for layer in (ours, theirs))
    assert_alike(first, second, skipped, computed_in)
    assert_alike(*(outcome(lambda layer=layer: layer.losses) for layer in (ours, theirs)), skipped, computed_in)
    # What the call changes: statistics of normalization, the vector of power iterations.
    assert_alike(ours.get_weights(), [np.asarray(w) for w in theirs.get_weights()], {"dtype", *skipped}, computed_in)
    if keras.backend.backend() == "torch" and policy == "float64" and "values" not in skipped:
        from support import torch_gradients

        f = Objective(name, case)
        if f.names:
            assert_alike(f.gradients(), torch_gradients.gradients(theirs, f), skipped)
    again = type(ours).from_config(ours.get_config())
    assert again.get_config() == ours.get_config()


@pytest.mark.parametrize("name", [n for n in LAYERS if n not in NOT_IN_KERAS])
def test_layer(name):
    examples = st.tuples(LAYERS[name], st.sampled_from(POLICIES))
    count = 1 if any(part in name for part in COMPILED) else 2
    for_examples(name, count, examples, lambda example: check(name, *example))
