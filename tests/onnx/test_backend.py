"""netlet.onnx.backend: ONNX's interface of backends, and the groups of ONNX's suite that come with the package."""

from __future__ import annotations

import unittest
import warnings

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")

from onnx import TensorProto, helper  # noqa: E402

import netlet.onnx.backend as backend  # noqa: E402


def relu_model(name="Relu", inputs=("x",), opset=20):
    values = [helper.make_tensor_value_info(n, TensorProto.FLOAT, [2]) for n in inputs]
    out = helper.make_tensor_value_info("y", TensorProto.FLOAT, [2])
    graph = helper.make_graph([helper.make_node(name, list(inputs), ["y"], name="here")], "g", values, [out])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])


def test_inputs_by_order_and_by_name():
    x = np.array([-1, 2], "float32")
    prepared = backend.prepare(relu_model())
    for given in ([x], (x,), {"x": x}, x):
        (y,) = prepared.run(given)
        assert isinstance(y, np.ndarray) and y.dtype == np.float32 and y.tolist() == [0, 2]


def test_run_node_takes_the_opset():
    node = helper.make_node("Softmax", ["x"], ["y"])
    x = np.zeros((1, 2, 2), "float32")
    assert backend.run_node(node, [x], opset_version=11)[0][0, 0, 0] == 0.25  # over all axes after the first
    assert backend.run_node(node, [x])[0][0, 0, 0] == 0.5


def test_run_node_of_another_domain():
    node = helper.make_node("Binarizer", ["x"], ["y"], domain="ai.onnx.ml", threshold=1.0)
    assert backend.run_node(node, [np.array([0, 2], "float32")])[0].tolist() == [0, 1]


def test_more_inputs_than_the_model_has():
    with pytest.raises(ValueError, match="expected at most 1 inputs, received 2"):
        backend.prepare(relu_model()).run([np.zeros(2, "float32")] * 2)


def test_only_the_cpu_is_supported():
    with pytest.raises(ValueError, match="expected the device 'CPU', received 'CUDA'"):
        backend.prepare(relu_model(), device="CUDA")


def test_compatible_is_what_can_be_prepared():
    assert backend.is_compatible(relu_model())
    assert not backend.is_compatible(relu_model(), "CUDA")
    assert not backend.is_compatible(relu_model("NoSuchOperator"))
    with pytest.raises(NotImplementedError, match=r"NoSuchOperator.*here"):
        backend.prepare(relu_model("NoSuchOperator"))


def test_a_constant_that_is_too_large():
    shape = helper.make_tensor("shape", TensorProto.INT64, [1], [1 << 20])
    out = helper.make_tensor_value_info("y", TensorProto.FLOAT, [None])
    graph = helper.make_graph([helper.make_node("ConstantOfShape", ["shape"], ["y"])], "g", [], [out], [shape])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)])
    assert backend.prepare(model).run([])[0].size == 1 << 20
    with pytest.raises(ValueError, match="at most 1000 elements"):
        backend.prepare(model, largest_constant=1000).run([])


@pytest.fixture(scope="module")
def suite():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from onnx.backend.test import BackendTest

        return BackendTest(backend, __name__).test_cases


def _run(group: type[unittest.TestCase]) -> tuple[int, list[str]]:
    """The number of cases that ran without an error, and the names of those that were skipped."""
    ran, skipped = 0, []
    for name in sorted(n for n in dir(group) if n.startswith("test_") and n.endswith("_cpu")):
        try:
            getattr(group(name), name)()
            ran += 1
        except unittest.SkipTest:
            skipped.append(name)
    return ran, skipped


def test_simple_models(suite):
    ran, skipped = _run(suite["OnnxBackendSimpleModelTest"])
    assert ran >= 21
    # docs/reference/onnx-operators.md has the reason.
    assert skipped == ["test_gradient_of_add_and_mul_cpu", "test_gradient_of_add_cpu"]


@pytest.mark.parametrize(("group", "cases"), [("PyTorchOperator", 35), ("PyTorchConverted", 82)])
def test_models_that_pytorch_wrote(suite, group, cases):
    assert _run(suite[f"OnnxBackend{group}ModelTest"]) == (cases, [])


@pytest.mark.slow  # VGG-19 and AlexNet have weights of 600 MB
def test_architectures(suite, tmp_path, monkeypatch):
    monkeypatch.setenv("ONNX_HOME", str(tmp_path))
    assert _run(suite["OnnxBackendRealModelTest"]) == (9, [])
