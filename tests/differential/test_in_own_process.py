"""Generated calls in netlet and in Keras on NumPy, which compiles nothing for a new shape. Other tests have JAX."""

from __future__ import annotations

import pathlib

from support.child import run_child

HERE = pathlib.Path(__file__).parent


def test_generated_calls():
    files = [str(HERE / name) for name in ("ops.py", "layers.py")]
    run_child(
        f"""
        import sys, pytest
        sys.exit(pytest.main([*{files}, "-q", "-p", "no:randomly", "-p", "no:cacheprovider"]))
        """,
        watchdog=1800,  # 15 seconds of computation, on a machine with much else to do
        KERAS_BACKEND="numpy",
    )
