"""Whole networks: the benchmark's workloads at small sizes, and architectures of netlet.applications."""

from __future__ import annotations

import collections
import sys

import numpy as np
import pytest

import netlet
from support.exported import assert_same_outputs, exported
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


def exact(w, model, x):
    """The outputs of the same network in float64."""
    with_policy = netlet.config.dtype_policy()
    netlet.config.set_dtype_policy("float64")
    try:
        twin = build(netlet, w)
    finally:
        netlet.config.set_dtype_policy(with_policy)
    twin.set_weights([np.asarray(v, "float64") for v in model.get_weights()])
    return np.asarray(twin(x if x.dtype.kind == "i" else x.astype("float64"), training=False))


@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda w: w.name)
def test_workloads(workload, tmp_path):
    """Up to 1e-6, beside netlet's own distance from float64 (1.0e-6 for LeNet-5, whose outputs nearly cancel)."""
    w = small(workload)
    netlet.utils.set_random_seed(0)
    model = build(netlet, w)
    proto = exported(model, tmp_path)
    x = data(w, 1)[0][: w.batch]
    want = exact(w, model, x)
    own = np.abs(np.asarray(model(x, training=False)) - want).max() / np.abs(want).max()
    assert own < 2e-6
    assert_same_outputs(model, proto, [x], tolerance=1e-6 + own)
    if w.image:
        assert transposes(proto) <= 1


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_architectures(name, tmp_path):
    shape, arguments, wanted = ARCHITECTURES[name]
    netlet.utils.set_random_seed(0)
    model = getattr(netlet.applications, name)(weights=None, input_shape=shape, classes=10, **arguments)
    proto = exported(model, tmp_path)
    x = np.random.default_rng(0).uniform(0, 1, (2, *shape)).astype("float32")
    assert transposes(proto) == wanted
    assert_same_outputs(model, proto, [x], reference=False)
