"""Files that PyTorch's two exporters and skl2onnx wrote: tools/onnx_samples.py says of which models."""

from __future__ import annotations

import io
import pathlib
from typing import Any

import numpy as np
import onnxruntime
import pytest

import netlet
from netlet.onnx.operator_layer import OnnxOperator

FOLDER = pathlib.Path(__file__).parent / "samples"
# name: (number of layers with weights, the most OnnxOperators that may be left)
SAMPLES = {
    "attention.dynamo": (3, 6),
    "bag.classic": (1, 1),
    "encoder.dynamo": (12, 12),
    "functions.classic": (2, 4),
    "gru.dynamo": (3, 0),
    "gru_last_step.classic": (2, 0),
    "hf_bert.dynamo": (12, 6),
    "hf_llama.dynamo": (9, 11),
    "hf_vit.dynamo": (11, 4),
    "images_last.classic": (4, 0),
    "lstm.classic": (4, 2),
    "mlp.classic": (4, 0),
    "mobilenet.dynamo": (15, 0),
    "norms.classic": (5, 2),
    "sklearn_forest": (0, 0),
    "sklearn_logistic": (1, 0),
    "sklearn_perceptron": (2, 0),
    "sklearn_regressor": (2, 2),
    "sklearn_ridge": (1, 0),
    "sklearn_trees": (0, 0),
    "unet.classic": (12, 0),
}
BELOW = {"ids": 50, "index": 7}  # of inputs that are indices


def session(source: Any) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(source, options)


def feed(of: onnxruntime.InferenceSession, rows: int, free: int) -> dict[str, np.ndarray]:
    """Inputs with this batch size, and this size of other free axes; of images four times this."""
    random = np.random.default_rng(rows)
    found = {}
    for value in of.get_inputs():
        image = 4 if len(value.shape) == 4 else 1
        shape = [n if isinstance(n, int) else free * image if i else rows for i, n in enumerate(value.shape)]
        if "int64" in value.type:
            x: np.ndarray = random.integers(0, BELOW.get(value.name, 50), shape)
        else:
            x = random.standard_normal(shape, np.float32)
        if value.name == "mask":
            x = np.ones(shape, "int64" if "int64" in value.type else bool)
            x[1:, -2:] = False
        found[value.name] = x
    return found


def largest_difference(got: Any, want: list[np.ndarray]) -> float:
    got = list(got) if isinstance(got, (list, tuple)) else [got]
    assert [np.shape(g) for g in got] == [w.shape for w in want]
    return max(float(np.abs(np.asarray(g, np.float64) - w).max() / np.abs(w).max()) for g, w in zip(got, want))


@pytest.mark.parametrize("name", SAMPLES)
def test_it_is_the_model_of_the_file(name: str, tmp_path: pathlib.Path) -> None:
    source = FOLDER / f"{name}.onnx"
    runtime = session(str(source))
    model = netlet.onnx.load(source)
    given = [feed(runtime, 1, 8), feed(runtime, 3, 9), feed(runtime, 5, 12)]
    wanted = [runtime.run(None, x) for x in given]
    for x, want in zip(given, wanted):
        inputs = x if len(x) > 1 else next(iter(x.values()))
        assert largest_difference(model.predict(inputs, verbose=0), want) < 1e-5

    model.save(tmp_path / "m.netlet")
    again = netlet.models.load_model(tmp_path / "m.netlet")
    model.export(tmp_path / "m.onnx", verbose=False)
    exported = session(str(tmp_path / "m.onnx"))
    for x, want in zip(given, wanted):
        inputs = x if len(x) > 1 else next(iter(x.values()))
        assert largest_difference(again.predict(inputs, verbose=0), want) < 1e-5
        renamed = {value.name: array for value, array in zip(exported.get_inputs(), x.values())}
        assert largest_difference(exported.run(None, renamed), want) < 1e-5


@pytest.mark.parametrize("name", SAMPLES)
def test_its_nodes_are_layers(name: str) -> None:
    layers = netlet.onnx.load(FOLDER / f"{name}.onnx").layers
    operators = [layer for layer in layers if isinstance(layer, OnnxOperator)]
    with_weights = [layer for layer in layers if layer.weights and layer not in operators]
    assert (len(with_weights), len(operators)) == SAMPLES[name]


@pytest.mark.parametrize("name", [name for name in SAMPLES if SAMPLES[name][0] and name[:7] != "sklearn"])
def test_it_can_be_trained(name: str) -> None:
    source = FOLDER / f"{name}.onnx"
    model, x = netlet.onnx.load(source), feed(session(str(source)), 8, 8)
    inputs = x if len(x) > 1 else next(iter(x.values()))
    target = np.random.default_rng(1).standard_normal(model.predict(inputs, verbose=0).shape).astype("float32")
    model.compile(netlet.optimizers.Adam(1e-3), "mse")
    before = model.evaluate(inputs, target, verbose=0)
    model.fit(inputs, target, epochs=20, batch_size=8, verbose=0)
    assert model.evaluate(inputs, target, verbose=0) < before


def test_sizes_that_an_exporter_wrote_into_the_graph_are_given_as_input_shapes() -> None:
    """The older exporter calls the axes of attention's inputs free, but its reshapes have the numbers 5 and 9."""
    source = FOLDER / "attention.classic.onnx"
    with pytest.raises(ValueError, match=r"pass them as `input_shapes`; free are now \{'q': .*'k': "):
        netlet.onnx.load(source)
    with pytest.raises(ValueError, match=r"input_shapes\['k'\]: expected \('n', 's', 16\), received \(None, 9, 8\)"):
        netlet.onnx.load(source, input_shapes={"k": (None, 9, 8)})
    model = netlet.onnx.load(source, input_shapes={"q": (None, 5, 16), "k": (None, 9, 16)})
    random = np.random.default_rng(0)
    x = {name: random.standard_normal((4, n, 16), np.float32) for name, n in (("q", 5), ("k", 9))}
    assert largest_difference(model.predict(x, verbose=0), session(str(source)).run(None, x)) < 1e-5


def test_an_open_file_and_a_buffer_are_sources() -> None:
    source = FOLDER / "mlp.classic.onnx"
    with source.open("rb") as file:
        models = [netlet.onnx.load(file), netlet.onnx.load(io.BytesIO(source.read_bytes()))]
    want = netlet.onnx.load(source).get_weights()
    for model in models:
        assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), want, strict=True))
    with source.open("r", encoding="latin-1") as text, pytest.raises(TypeError, match=r"open for bytes \('rb'\)"):
        netlet.onnx.load(text)
