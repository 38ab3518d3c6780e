"""The pages of bench.report: sections with and without the peers, and the machine's name."""

from __future__ import annotations

import pytest

from support.repo import ROOT

if not (ROOT / "bench").is_dir():
    pytest.skip("not a source tree", allow_module_level=True)
pytest.importorskip("matplotlib")

ALONE = {
    "training": {"steps": {"mlp": {"netlet": 1e-4, "floor": 90.0}}},
    "predictions": {"predict": {"mlp, 1 rows": {"netlet": 1e-5, "floor": 90.0}}},
    "applications": {"applications": {"ResNet50": {"netlet": 0.1, "floor": 90.0}}},
    "products": {"gemm": {"1024": {"unit": "GFLOP/s", "plan": 80.0, "call": 75.0}}},
    "convolutions": {"conv": {"3x3": {"unit": "GFLOP/s", "plan": 80.0}}},
    "kernels": {"pool": {"max": {"unit": "GB/s", "call": 8.0}}},
}
PEERS = {
    "training": {"steps": {"mlp": {"netlet": 1e-4, "torch": 6e-4, "torch fused": 4e-4, "keras": 8e-4, "floor": 90.0}}},
    "predictions": {"predict": {"mlp, 1 rows": {"netlet": 1e-5, "onnxruntime": 2e-5, "floor": 90.0}}},
    "applications": {"applications": {"ResNet50": {"netlet": 0.1, "torch": 0.2, "floor": 90.0}}},
    "convolutions": {"conv": {"3x3": {"unit": "GFLOP/s", "plan": 80.0, "torch": 40.0}}},
}
MEANS = {
    "training": "4.0× PyTorch's",
    "predictions": "2.00× ONNX",
    "applications": "2.00×",
    "convolutions": "2.00× the",
}


@pytest.fixture
def sections(monkeypatch):
    monkeypatch.syspath_prepend(ROOT)
    from bench.report.sections import SECTIONS

    return SECTIONS


@pytest.mark.parametrize("group", ALONE)
def test_without_peers(group, sections, tmp_path):
    picture = tmp_path / "chart.svg"
    picture.write_text("of an earlier run")
    section = sections[group](ALONE[group], picture)
    assert "nan" not in section.body and "Geometric mean" not in section.body
    assert not picture.exists() or group in (
        "products",
        "kernels",
    )  # bench.kernels draws the products; kernels has none


@pytest.mark.parametrize("group", PEERS)
def test_with_peers(group, sections, tmp_path):
    section = sections[group](PEERS[group], tmp_path / "chart.svg")
    assert MEANS[group] in section.body
    assert (tmp_path / "chart.svg").read_text("utf-8").count("<svg") == 1
