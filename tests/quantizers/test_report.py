"""Model.quantization_report, and only_if_faster with injected times."""

from __future__ import annotations

import math

import numpy as np
import pytest

import netlet
from netlet import layers
from netlet.layers.base.quantization.quantized_classes import quantized_class
from netlet.quantizers import Int4Config, Int8Config, QuantizationReport, timing

RNG = np.random.default_rng(0)
X = RNG.normal(size=(200, 30)).astype("float32")


def model():
    return netlet.Sequential(
        [
            netlet.Input((30,)),
            layers.Dense(40, name="first"),
            layers.BatchNormalization(name="norm"),
            layers.ReLU(),
            layers.LayerNormalization(name="layer_norm"),
            layers.Dense(10, use_bias=False, name="last"),
        ]
    )


def rows(model):
    return {row.layer: row for row in model.quantization_report()}


def test_what_was_done_with_each_layer_with_weights():
    m = model()
    kernel = m.get_layer("last").kernel.numpy()
    m.quantize("int8")
    found = rows(m)
    assert {name: row.done for name, row in found.items()} == {
        "first": "int8, dynamic",
        "norm": "folded into 'first'",
        "layer_norm": "float: LayerNormalization has no quantized form for mode 'int8'",
        "last": "int8, dynamic",
    }
    last = found["last"]
    assert (last.bytes_before, last.bytes_after) == (4 * 400, 400 + 40)
    scale = np.abs(kernel).max(0) / np.float32(127)
    assert last.scale == scale.max()
    error = kernel - np.rint(kernel / scale) * scale
    assert last.snr_db == pytest.approx(10 * math.log10(np.sum(kernel**2.0) / np.sum(error**2)), abs=1e-3)
    assert found["first"].snr_db > 40 and found["layer_norm"].snr_db is None
    assert (last.seconds_before, last.seconds_after, last.saturated) == (2.0, 1.0, None)  # tests/conftest.py's times


@pytest.mark.parametrize("observer", ["minmax", "percentile", "mse", "moving_average"])
def test_saturation_is_the_fraction_of_calibration_values_without_a_code(observer):
    m = netlet.Sequential([netlet.Input((30,)), layers.Dense(4)])
    x = RNG.standard_t(2, size=(500, 30)).astype("float32")
    m.quantize(config=Int8Config("static", calibration=x, observer=observer))
    [row] = m.quantization_report()
    low, high = m._quantization_records[0].input_range
    assert row.saturated == np.mean((x < np.float32(low)) | (x > np.float32(high)))
    assert (row.saturated == 0) == (observer == "minmax")


@pytest.mark.parametrize("config", [Int8Config(activations=None), Int4Config(8)])
def test_weights_only_are_never_timed(monkeypatch, config):
    monkeypatch.setattr(timing, "measure", lambda layer, twin: pytest.fail("measured"))
    m = model()
    m.quantize(None, config)
    found = rows(m)
    assert found["last"].done == f"{config.mode}, weights only"
    assert found["last"].seconds_before is None
    assert found["last"].snr_db > (20 if config.mode == "int4" else 40)


# ---- only_if_faster --------------------------------------------------------------------------------------------------
def test_a_layer_that_is_not_faster_stays_float_with_the_reason(monkeypatch):
    times = {"first": (0.0123, 0.001), "last": (0.002, 0.002)}
    monkeypatch.setattr(timing, "measure", lambda layer, twin: times[layer.name])
    m = model()
    before = m.get_layer("last").kernel
    m.quantize("int8")
    found = rows(m)
    assert found["last"].done == "float: int8 is not faster (2 ms, float 2 ms)"
    assert type(m.get_layer("last")) is layers.Dense and m.get_layer("last").kernel is before
    assert found["last"].bytes_before == found["last"].bytes_after
    assert (found["last"].seconds_before, found["last"].seconds_after) == (0.002, 0.002)
    assert type(m.get_layer("first")).__name__ == "Int8Dense"


def test_a_product_that_stays_float_keeps_its_batch_normalization(monkeypatch):
    monkeypatch.setattr(timing, "measure", lambda layer, twin: (1.0, 2.0))
    m = model()
    before = m.predict(X, verbose=0)
    m.quantize("int8")
    np.testing.assert_array_equal(m.predict(X, verbose=0), before)
    assert type(m.get_layer("norm")) is layers.BatchNormalization
    m.quantize("int4")  # none is quantized yet
    assert rows(m)["first"].done == "int4, weights only"


def test_only_if_faster_false_quantizes_without_measuring(monkeypatch):
    monkeypatch.setattr(timing, "measure", lambda layer, twin: pytest.fail("measured"))
    m = model()
    m.quantize("int8", only_if_faster=False)
    assert rows(m)["last"].done == "int8, dynamic"
    assert rows(m)["last"].seconds_before is None


@pytest.mark.parametrize(
    ("make", "shape"),
    [
        (lambda: layers.Dense(8), (6,)),
        (lambda: layers.Conv2D(4, 3), (None, None, 3)),
        (lambda: layers.EinsumDense("abc,cd->abd", (None, 5)), (None, 6)),
        (lambda: layers.DepthwiseConv1D(3), (10, 3)),
    ],
)
def test_measuring(make, shape, monkeypatch):
    """The times themselves are not checked; both layers run, and neither changes."""
    monkeypatch.undo()  # the injected times
    monkeypatch.setattr(timing, "ROUNDS", 2)
    layer = netlet.Sequential([netlet.Input(shape), make()]).layers[0]
    twin = quantized_class(type(layer), "int8").twin(layer, Int8Config())
    before = [one.get_weights() for one in (layer, twin)]
    assert min(timing.measure(layer, twin)) > 0
    for weights, one in zip(before, (layer, twin), strict=True):
        for old, new in zip(weights, one.get_weights(), strict=True):
            np.testing.assert_array_equal(new, old)


# ---- the table -------------------------------------------------------------------------------------------------------
def test_the_table_has_aligned_columns_with_units():
    m = netlet.Sequential([netlet.Input((256,)), layers.Dense(2048, name="wide"), layers.Dense(3, name="narrow")])
    m.quantize("int8")
    lines = str(m.quantization_report()).splitlines()
    assert lines[0].split() == ["layer", "done", "bytes", "after", "scale", "SNR", "time", "after"]
    assert lines[2].split()[:7] == ["wide", "int8,", "dynamic", "2.008", "MiB", "528", "KiB"]
    assert lines[2].endswith("dB   2 s    1 s") and len(lines[2]) == len(lines[3]) == len(lines[0])
    assert lines[-1].split() == ["sum", "2.031", "MiB", "534", "KiB"]


def test_a_loaded_model_reports_what_its_file_says(tmp_path):
    m = model()
    m.quantize("int8")
    m.save(tmp_path / "m.netlet")
    loaded, before = rows(netlet.models.load_model(tmp_path / "m.netlet")), rows(m)
    for name in ("first", "last"):
        assert loaded[name].done == before[name].done
        assert (loaded[name].bytes_after, loaded[name].scale) == (before[name].bytes_after, before[name].scale)
        assert loaded[name].snr_db is loaded[name].seconds_before is None
    assert loaded["last"].bytes_before == before["last"].bytes_before
    assert loaded["layer_norm"].done == "float"


def test_a_float_model_has_no_report():
    with pytest.raises(ValueError, match="expected a model after `quantize`"):
        model().quantization_report()
    m = netlet.Sequential([netlet.Input((3,)), layers.ReLU()])
    m.quantize("int8")
    assert m.quantization_report() == QuantizationReport()


def test_layers_that_an_earlier_call_quantized_keep_their_rows(tmp_path):
    model = netlet.Sequential([netlet.Input((6,)), layers.Dense(5, name="a"), layers.Dense(4, name="b")])
    model.quantize("int8", filters="a")
    first = model.quantization_report()[0]
    model.save(tmp_path / "m.netlet")
    loaded = netlet.saving.load_model(tmp_path / "m.netlet")
    model.quantize("int4", filters="b")
    a, b = model.quantization_report()
    assert a == first and a.done == "int8, dynamic"
    assert b.done == "int4, weights only"
    loaded.quantize("int4", filters="b")
    assert [row.done for row in loaded.quantization_report()] == ["int8, dynamic", "int4, weights only"]


def test_the_row_of_a_folded_normalization_stays_after_training():
    model = netlet.Sequential([netlet.Input((6,)), layers.Dense(5, name="a"), layers.BatchNormalization(name="n")])
    netlet.quantizers.quantize_aware(model)
    model.quantize("int8")
    assert [row.done for row in model.quantization_report()] == ["int8, dynamic, trained", "folded into 'a'"]


@pytest.mark.parametrize("config", [Int8Config("static", calibration=X), Int8Config(), Int4Config()])
def test_a_loaded_model_knows_the_bytes_of_its_float_weights(config, tmp_path):
    quantized = netlet.Sequential([netlet.Input((30,)), layers.Dense(40), layers.Dense(10)])
    quantized.quantize(config=config)
    quantized.save(tmp_path / "m.netlet")
    loaded = netlet.saving.load_model(tmp_path / "m.netlet")
    sizes = [[row[1:4] for row in m.quantization_report()] for m in (quantized, loaded)]
    assert sizes[0] == sizes[1]
