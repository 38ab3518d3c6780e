"""Promise 15: a save that is killed leaves the old file or the new one, whole."""

from __future__ import annotations

import pathlib
import subprocess
import tempfile
import time

import numpy as np

import netlet

from .child import command

KILLS = 10
CODE = """
import sys, numpy as np, netlet
model = netlet.Sequential([netlet.Input((256,)), netlet.layers.Dense(512, use_bias=False)])
for number in range(1_000_000):
    model.set_weights([np.full((256, 512), number, np.float32)])
    model.save(sys.argv[1])
    print("saved", flush=True)
"""


def check() -> list[str]:
    rng = np.random.default_rng(11)
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "model.netlet"
        for _ in range(KILLS):
            with subprocess.Popen([*command(CODE), str(path)], stdout=subprocess.PIPE) as child:
                assert child.stdout is not None
                if not child.stdout.readline():
                    return ["the child that saves ended"]
                time.sleep(float(rng.uniform(0.02, 0.1)))  # so that it is killed at different places
                child.kill()
            if path.exists() and (broken := damage(path)):
                return [broken]
    return []


def damage(path: pathlib.Path) -> str:
    try:
        (weights,) = netlet.models.load_model(path).get_weights()
    except ValueError as error:
        return f"a killed save left a damaged file: {error}"
    return "" if (weights == weights[0, 0]).all() else "a killed save left a mixture of two files"
