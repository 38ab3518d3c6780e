"""ONNX Runtime's own int8 form of a workload: quantized by its tools, which write files."""

from __future__ import annotations

import pathlib
import tempfile
from collections.abc import Iterator
from typing import Any

import numpy as np

from workloads import Workload, onnx_input, onnx_model, session_of


def int8_sessions(w: Workload, weights: list[np.ndarray], x: np.ndarray, threads: int) -> Iterator[tuple[str, Any]]:
    """("dynamic" or "static", session) of each form that ONNX Runtime can make and run.

    Static activations are uint8 and calibrated by x, weights are int8 with a scale for each channel: the form that its
    documentation recommends for x86-64 with VNNI. Its LSTM has a dynamic form only.
    """
    from onnxruntime import quantization as q

    class Reader(q.CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self.batches = iter([{"x": onnx_input(w, x)}])

        def get_next(self) -> Any:
            return next(self.batches, None)

    with tempfile.TemporaryDirectory() as folder:
        given, prepared, made = (pathlib.Path(folder) / f"{name}.onnx" for name in ("given", "prepared", "made"))
        given.write_bytes(onnx_model(w, weights).SerializeToString())
        q.quant_pre_process(given, prepared, skip_symbolic_shape=True)  # else it needs sympy
        types = {"weight_type": q.QuantType.QInt8, "per_channel": True}
        forms = {"dynamic": lambda: q.quantize_dynamic(prepared, made, **types)}
        if w.image or len(w.shape) == 1:
            forms["static"] = lambda: q.quantize_static(
                prepared, made, Reader(), activation_type=q.QuantType.QUInt8, **types
            )
        for name, quantize in forms.items():
            try:
                quantize()
                yield name, session_of(made.read_bytes(), threads)
            except Exception as error:
                print(f"ONNX Runtime, {name}, {w.name}: {type(error).__name__}: {str(error)[:100]}")
