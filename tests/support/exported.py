"""Exports models to ONNX and runs the files with ONNX Runtime and with onnx's reference evaluator."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
from onnx.reference import ReferenceEvaluator

import netlet

onnxruntime.set_default_logger_severity(3)
TOLERANCE = 1e-6  # of the largest output, float32


def small_weights(model):
    """The model with seeded weights, which are small: large ones would multiply rounding errors layer by layer."""
    rng = np.random.default_rng(0)
    weights = [0.3 * rng.standard_normal(w.shape) for w in model.weights]
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


def run_runtime(proto, inputs):
    """The outputs in ONNX Runtime.

    By default it computes products with weights that come from a DequantizeLinear with 8-bit activations; 1 is float32.
    """
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


def assert_same_outputs(model, proto, inputs, tolerance=TOLERANCE, runtime=True, reference=True):
    """The file computes what the model computes, up to `tolerance` of the largest output."""
    wanted = predictions(model, inputs)
    for runs, run in ((runtime, run_runtime), (reference, run_reference)):
        for got, want in zip(run(proto, inputs), wanted, strict=True) if runs else ():
            assert (got.shape, got.dtype) == (want.shape, want.dtype)
            got, want = got.astype("float64"), want.astype("float64")
            error = np.abs(got - want).max(initial=0) / max(np.abs(want).max(initial=0), 1e-30)
            assert error <= tolerance, f"{run.__name__}: {error:.2e} of the largest output"
