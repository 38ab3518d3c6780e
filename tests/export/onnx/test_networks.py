"""Whole networks: the benchmark's workloads at small sizes, and architectures of netlet.applications."""

from __future__ import annotations

import collections
import sys

import numpy as np
import pytest

import netlet
from support.exported import assert_same_outputs, distance, exported
from support.repo import ROOT

sys.path.append(str(ROOT / "bench"))
from workloads import WORKLOADS, build, data, small

ARCHITECTURES = {
    "MobileNetV2": ((32, 32, 3), {"alpha": 0.35}, 1),
    "MobileNetV3Small": ((32, 32, 3), {}, 1),
    "EfficientNetB0": ((32, 32, 3), {}, 1),
    "DenseNet121": ((32, 32, 3), {}, 1),
}


def transposes(proto):
    return collections.Counter(node.op_type for node in proto.graph.node)["Transpose"]


def own_distance(make, model, x):
    """How far the model's outputs are from those of the same network in float64."""
    policy = netlet.config.dtype_policy()
    netlet.config.set_dtype_policy("float64")
    try:
        twin = make()
    finally:
        netlet.config.set_dtype_policy(policy)
    twin.set_weights([np.asarray(v, "float64") for v in model.get_weights()])
    exact = twin(x if x.dtype.kind == "i" else x.astype("float64"), training=False)
    return distance(np.asarray(model(x, training=False)), np.asarray(exact))


@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda w: w.name)
def test_workloads(workload, tmp_path):
    """Up to 1e-6, beside netlet's own distance from float64 (1.0e-6 for LeNet-5, whose outputs nearly cancel)."""
    w = small(workload)
    netlet.utils.set_random_seed(0)
    model = build(netlet, w)
    proto = exported(model, tmp_path)
    x = data(w, 1)[0][: w.batch]
    own = own_distance(lambda: build(netlet, w), model, x)
    assert own < 2e-6
    assert_same_outputs(model, proto, [x], tolerance=1e-6 + own)
    if w.image:
        assert transposes(proto) <= 1


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_architectures(name, tmp_path):
    """The logits: probabilities of a network that was not trained are all alike, and would hide every error."""
    shape, arguments, wanted = ARCHITECTURES[name]
    netlet.utils.set_random_seed(0)

    def make():
        architecture = getattr(netlet.applications, name)
        return architecture(weights=None, input_shape=shape, classes=10, classifier_activation=None, **arguments)

    model = make()
    proto = exported(model, tmp_path)
    x = np.random.default_rng(0).uniform(0, 1, (2, *shape)).astype("float32")
    assert transposes(proto) == wanted
    own = own_distance(make, model, x)  # 0.4e-6 to 1.6e-6; that of ONNX Runtime is 0.3e-6 to 1.1e-6
    assert own < 2e-6
    assert_same_outputs(model, proto, [x], tolerance=1e-6 + own, reference=False)
