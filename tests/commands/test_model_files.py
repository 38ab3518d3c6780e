"""`netlet summary`, `quantize` and `export`."""

from __future__ import annotations

import json

import numpy as np
import pytest

import netlet
from netlet import layers
from netlet.__main__ import main
from netlet.models import load_model

X = np.random.default_rng(0).standard_normal((64, 8)).astype("float32")
PARAMETERS = 8 * 64 + 64 + 4 * 64 + 64 * 4 + 4


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    netlet.utils.set_random_seed(0)
    model = netlet.Sequential(
        [
            netlet.Input((8,), name="x"),
            layers.Dense(64, "relu", name="first"),
            layers.BatchNormalization(name="norm"),
            layers.Dense(4, name="last"),
        ],
        name="small",
    )
    model.compile("adam", "mse")
    model.fit(X, X[:, :4], verbose=0)
    for name in ("m.netlet", "m.keras", "m.h5"):
        model.save(folder / name)
    for name in ("m.weights.netlet", "m.weights.h5"):
        model.save_weights(folder / name)
    model.export(folder / "m.onnx")
    np.save(folder / "x.npy", X)
    np.savez(folder / "x.npz", x=X)
    return folder


@pytest.fixture
def here(folder, monkeypatch, tmp_path):
    """Commands run in the folder of the models; what they write goes to tmp_path."""
    monkeypatch.chdir(folder)
    return tmp_path


def run(capsys, *arguments):
    status = main([str(a) for a in arguments])
    out, err = capsys.readouterr()
    assert status == 0, err
    assert err == ""  # no progress where there is no terminal
    return out


def fails(capsys, *arguments):
    assert main([str(a) for a in arguments]) == 1
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and err.startswith(f"netlet {arguments[0]}: error: ")
    return err


# ---- summary ---------------------------------------------------------------------------------------------------------
@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("file", ["m.netlet", "m.keras", "m.h5"])
def test_summary_of_a_model(file, capsys):
    facts = json.loads(run(capsys, "summary", file, "--json"))
    assert facts["file"] == file and facts["name"] == "small" and facts["class"] == "Sequential"
    assert facts["parameters"] == {"total": PARAMETERS, "trainable": PARAMETERS - 128, "non_trainable": 128}
    assert [layer["name"] for layer in facts["layers"]] == ["first", "norm", "last"]
    assert facts["layers"][0] == {
        "name": "first",
        "class": "Dense",
        "output_shape": [None, 64],
        "dtype": ["float32"],
        "parameters": 576,
        "trainable": True,
    }
    assert facts["inputs"][0]["shape"] == [None, 8] and facts["training"] == {"steps": 2}
    assert facts["compiled"]["optimizer"] == "Adam" and facts["compiled"]["loss"] == "mse"
    text = run(capsys, "summary", file)
    assert f"{PARAMETERS:,} parameters" in text and "first  Dense               (?, 64)  float32  576" in text


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("file", ["m.weights.netlet", "m.weights.h5"])
def test_summary_of_weights(file, capsys):
    facts = json.loads(run(capsys, "summary", file, "--json"))
    assert facts["parameters"] == {"total": PARAMETERS}
    assert [8, 64] in [a["shape"] for a in facts["arrays"] if not a["state"]]
    assert any(a["state"] for a in facts["arrays"])  # of the optimizer
    assert "(8, 64)  float32" in run(capsys, "summary", file)


@pytest.mark.usefixtures("here")
def test_summary_of_onnx(capsys):
    facts = json.loads(run(capsys, "summary", "m.onnx", "--json"))
    assert facts["operators"]["Gemm"] == 2 and facts["parameters"]["total"] == PARAMETERS
    assert facts["inputs"] == [{"name": "x", "shape": [facts["inputs"][0]["shape"][0], 8], "dtype": "float32"}]
    assert facts["opsets"]["ai.onnx"] >= 21 and "Gemm" in run(capsys, "summary", "m.onnx")


@pytest.mark.parametrize("ending", ["netlet", "keras", "h5", "weights.netlet", "weights.h5", "onnx"])
def test_a_damaged_file_is_one_line(ending, folder, tmp_path, capsys):
    damaged = tmp_path / f"m.{ending}"
    damaged.write_bytes((folder / f"m.{ending}").read_bytes()[:700])
    assert "damaged" in fails(capsys, "summary", damaged)
    if not ending.startswith("weights"):
        fails(capsys, "quantize", damaged)
        fails(capsys, "export", damaged, "-o", tmp_path / "out.netlet")
        assert [p.name for p in tmp_path.iterdir()] == [damaged.name]


def test_other_files_are_named(here, capsys):
    (here / "m.txt").write_text("hello")
    assert "expected .netlet, .keras" in fails(capsys, "summary", here / "m.txt")
    assert "received a folder" in fails(capsys, "summary", here)
    assert "received weights only" in fails(capsys, "export", "m.weights.h5", "-o", here / "m.netlet")


def test_a_warning_is_one_line(here, capsys):
    run(capsys, "export", "m.keras", "-o", here / "m.h5")
    assert main(["summary", str(here / "m.h5")]) == 0
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and err.startswith("netlet summary: warning: ") and "has no training config" in err


# ---- export ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("source", ["m.netlet", "m.keras", "m.h5", "m.onnx"])
@pytest.mark.parametrize("target", ["netlet", "keras", "h5", "onnx"])
def test_conversions_predict_the_same(source, target, here, capsys):
    output = here / f"out.{target}"
    assert f"{output}: " in run(capsys, "export", source, "-o", output)
    loaded = netlet.onnx.load(str(output)) if target == "onnx" else load_model(output)
    expected = load_model("m.netlet").predict(X, verbose=0)
    np.testing.assert_allclose(loaded.predict(X, verbose=0), expected, rtol=1e-5, atol=1e-6)


def test_files_are_not_overwritten_without_force(here, capsys):
    output = here / "out.netlet"
    output.write_text("mine")
    assert "exists; --force replaces it" in fails(capsys, "export", "m.keras", "-o", output)
    assert output.read_text() == "mine"
    run(capsys, "export", "m.keras", "-o", output, "--force")
    before = output.read_bytes()
    for again in (["export", output, "-o", output, "--force"], ["quantize", output, "-o", output, "--force"]):
        assert "expected another file than the one that is read" in fails(capsys, *again)
    assert output.read_bytes() == before


def test_arguments_of_export(here, capsys):
    assert "expected an ending among" in fails(capsys, "export", "m.keras", "-o", here / "m.pt")
    assert "expected an ending among" in fails(capsys, "export", "m.keras", "-o", here / "m.weights.h5")
    assert "are about .onnx files" in fails(capsys, "export", "m.keras", "-o", here / "m.netlet", "--opset", "21")
    run(capsys, "export", "m.keras", "-o", here / "m.onnx", "--opset", "22")
    assert json.loads(run(capsys, "summary", here / "m.onnx", "--json"))["opsets"]["ai.onnx"] == 22


# ---- quantize --------------------------------------------------------------------------------------------------------
def test_quantize(here, capsys):
    output = here / "q.netlet"
    shown = run(capsys, "quantize", "m.keras", "-o", output, "--per-layer")
    for part in ("first", "int8, dynamic", "SNR", "weights:  ", "file:     ", "dB at worst, in 'last'"):
        assert part in shown
    quantized = load_model(output)
    assert quantized.layers[0].kernel.dtype == "int8"
    expected = load_model("m.netlet").predict(X, verbose=0)
    assert np.abs(quantized.predict(X, verbose=0) - expected).max() < 0.05 * np.abs(expected).max()


def test_the_output_has_a_default_name(folder, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "m.keras").write_bytes((folder / "m.keras").read_bytes())
    run(capsys, "quantize", "m.keras", "--mode", "int4")
    assert load_model("m-int4.netlet").layers[0].quantization_mode == "int4"


@pytest.mark.parametrize("data", ["x.npy", "x.npz"])
def test_static_activations(data, here, capsys):
    run(capsys, "quantize", "m.keras", "-o", here / "q.netlet", "--activations", "static", "--calibration", data)
    quantized = load_model(here / "q.netlet")
    assert "input_scale" in {v.name for v in quantized.layers[0].variables}


def test_filters(here, capsys):
    run(capsys, "quantize", "m.keras", "-o", here / "q.netlet", "--filters", "^fir")
    quantized = load_model(here / "q.netlet")
    assert [quantized.get_layer(name).kernel.dtype for name in ("first", "last")] == ["int8", "float32"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--activations", "static"], "--activations static and --calibration DATA together"),
        (["--calibration", "x.npy"], "--activations static and --calibration DATA together"),
        (["--mode", "int4", "--activations", "static"], "--mode int4 keeps activations float"),
        (["--activations", "static", "--calibration", "m.keras"], "expected an .npy or .npz file"),
        (["--activations", "static", "--calibration", "no.npy"], "no.npy: No such file or directory"),
    ],
)
def test_arguments_of_quantize(arguments, message, here, capsys):
    assert message in fails(capsys, "quantize", "m.keras", "-o", here / "q.netlet", *arguments)
    assert not (here / "q.netlet").exists()


def test_info_as_json(capsys):
    facts = json.loads(run(capsys, "info", "--json"))
    assert facts["netlet"] == netlet.__version__ and facts["instruction_set"] == netlet.isa()
