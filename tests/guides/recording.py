"""Records what Keras computes in the scripts of the guides.

PYTHONPATH=python:tests python tests/guides/recording.py
"""

from __future__ import annotations

import importlib
import json
import os
import pathlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

GUIDES = [
    "built_in_methods",
    "callbacks",
    "functional_api",
    "introduction",
    "masking",
    "recurrent",
    "sequential_model",
    "serialization",
    "subclassing",
    "transfer_learning",
]
FILE = pathlib.Path(__file__).with_name("keras_numbers.json")


def scripts() -> Iterator[tuple[str, Callable[[Any], dict[str, Any]]]]:
    """(name, script) of all guides."""
    for guide in GUIDES:
        for script in importlib.import_module(f"guides.{guide}").SCRIPTS:
            yield f"{guide}.{script.__name__}", script


def run(script: Callable[[Any], dict[str, Any]], library: Any) -> dict[str, Any]:
    """What a script returns, as lists of numbers or texts."""
    library.utils.clear_session(free_memory=False)
    library.utils.set_random_seed(0)
    return {key: np.asarray(value).tolist() for key, value in script(library).items()}


def rounded(value: Any) -> Any:
    """Numbers with seven digits, so that the file stays small."""
    if isinstance(value, list):
        return [rounded(item) for item in value]
    return float(f"{value:.7g}") if isinstance(value, float) else value


if __name__ == "__main__":
    os.environ.setdefault("KERAS_BACKEND", "jax")
    import keras

    recorded = {name: rounded(run(script, keras)) for name, script in scripts()}
    lines = [
        f"{json.dumps(name)}: {json.dumps({k: rounded(v) for k, v in found.items()})}"
        for name, found in recorded.items()
    ]
    FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
