"""Exports models to ONNX and runs the files with ONNX Runtime and with onnx's reference evaluator."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
from onnx.reference import ReferenceEvaluator

import netlet
from netlet import _core
from support.simd import OVERLAYS

onnxruntime.set_default_logger_severity(3)
TOLERANCE = 1e-6  # of the largest output, float32


def random_weights(model):
    """The model with seeded weights of a standard normal distribution; variances are positive."""
    rng = np.random.default_rng(0)
    weights = [rng.standard_normal(w.shape) for w in model.weights]
    weights = [np.abs(v) + 0.5 if "variance" in w.path else v for v, w in zip(weights, model.weights, strict=True)]
    model.set_weights([v.astype(w.dtype) for v, w in zip(weights, model.weights, strict=True)])
    return model


def exported(model, tmp_path, **kwargs):
    """The ModelProto of the file that `model.export` writes; the checker has accepted it."""
    path = tmp_path / "model.onnx"
    model.export(path, **kwargs)
    proto = onnx.load(path)
    onnx.checker.check_model(proto, full_check=True)
    return proto


# On a CPU without instructions for dot products of 8-bit codes, ONNX Runtime adds pairs of products in 16 bits, which
# saturate. Its option against that, session.x64quantprecision, fails where two nodes share weights.
SATURATES = not set(_core.supported_isas()) & set(OVERLAYS)


def has_codes(proto):
    """Whether nodes of the graph, or of graphs inside of it, compute with 8-bit codes."""
    content = proto.SerializeToString()
    return any(word in content for word in (b"QuantizeLinear", b"QLinear", b"Integer"))


def run_runtime(proto, inputs):
    """The outputs in ONNX Runtime.

    By default it computes products with weights that come from a DequantizeLinear with 8-bit activations; 1 is float32.
    Where it SATURATES, the reference evaluator takes its place for 8-bit codes.
    """
    if SATURATES and has_codes(proto):
        return run_reference(proto, inputs)
    options = onnxruntime.SessionOptions()
    options.add_session_config_entry("session.qdq_matmulnbits_accuracy_level", "1")
    session = onnxruntime.InferenceSession(proto.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return session.run(None, dict(zip([i.name for i in session.get_inputs()], inputs, strict=True)))


def run_reference(proto, inputs):
    """The outputs in the reference evaluator."""
    evaluator = ReferenceEvaluator(proto)
    return [np.asarray(y) for y in evaluator.run(None, dict(zip(evaluator.input_names, inputs, strict=True)))]


def predictions(model, inputs):
    """The model's own outputs, flat."""
    found = model(list(inputs) if len(inputs) > 1 else inputs[0], training=False)
    return [np.asarray(leaf) for leaf in netlet.tree.flatten(found)]


def run_in_float64(proto, inputs):
    """The outputs in the reference evaluator, of the file with float64 in place of float32."""
    twin = onnx.ModelProto()
    twin.CopyFrom(proto)
    _widen(twin.graph)
    return run_reference(twin, [x.astype("float64") if x.dtype == "float32" else x for x in inputs])


def _widen(graph):
    float32, float64 = onnx.TensorProto.FLOAT, onnx.TensorProto.DOUBLE
    for tensor in graph.initializer:
        if tensor.data_type == float32:
            wide = onnx.numpy_helper.to_array(tensor).astype("float64")
            tensor.CopyFrom(onnx.numpy_helper.from_array(wide, tensor.name))
    for value in (*graph.input, *graph.output, *graph.value_info):
        if value.type.tensor_type.elem_type == float32:
            value.type.tensor_type.elem_type = float64
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("g"):
                _widen(attribute.g)
            elif node.op_type == "Cast" and attribute.name == "to" and attribute.i == float32:
                attribute.i = float64


def distance(got, want):
    """The largest difference, as a part of the largest wanted value."""
    got, want = got.astype("float64"), want.astype("float64")
    return np.abs(got - want).max(initial=0) / max(np.abs(want).max(initial=0), 1e-30)


def assert_same_outputs(model, proto, inputs, tolerance=TOLERANCE, runtime=True, reference=True):
    """The file computes what the model computes, up to `tolerance` of the largest output.

    Where sums of float32 are farther apart, the file in float64 judges: the model is then at most 2 `tolerance` away.
    (The reference evaluator computes with NumPy's products in float32, which are 2.2e-6 away on some CPUs.)
    """
    wanted = predictions(model, inputs)
    for runs, run in ((runtime, run_runtime), (reference, run_reference)):
        for i, (got, want) in enumerate(zip(run(proto, inputs), wanted, strict=True) if runs else ()):
            assert (got.shape, got.dtype) == (want.shape, want.dtype)
            error, bound = distance(got, want), tolerance
            if error > bound:
                error, bound = distance(want, run_in_float64(proto, inputs)[i]), 2 * tolerance
            assert error <= bound, f"{run.__name__}: {error:.2e} of the largest output"
