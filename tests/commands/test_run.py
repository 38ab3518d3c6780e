"""`python -m netlet run`: a script sees what it sees as `python script`; and the report of its Keras names."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import netlet
from netlet.commands.run.names import keras_names
from netlet.commands.run.report import report
from support.child import WATCHDOG

CODE = """
    import sys, os, atexit
    import helper
    print(sys.argv, __name__, __file__, sys.path[0], __doc__, __spec__, __cached__, __package__)
    print(sys.modules["__main__"].__dict__ is globals(), sorted(globals()))
    atexit.register(print, "at exit", helper.x)

    class Pickled:
        pass

    import pickle
    print(type(pickle.loads(pickle.dumps(Pickled()))) is Pickled)

    def fail():
        raise ValueError("of the script's own")

    how = sys.argv[1] if len(sys.argv) > 1 else ""
    if how == "status":
        sys.exit(7)
    if how == "text":
        sys.exit("a text")
    if how == "error":
        try:
            fail()
        except ValueError as e:
            raise KeyError("because of it") from e
    if how == "interrupt":
        raise KeyboardInterrupt
    if how == "hook":
        sys.excepthook = lambda kind, error, trace: print("hooked", kind.__name__, error)
        fail()
"""


def run(folder, *arguments):
    """The result of `python arguments...` in a folder, with this netlet importable there."""
    path = os.pathsep.join([str(Path(netlet.__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    return subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        timeout=WATCHDOG,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path, "PYTHONIOENCODING": "utf-8"},
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scripts")
    (folder / "sub").mkdir()
    (folder / "sub" / "train.py").write_text(textwrap.dedent(CODE))
    (folder / "sub" / "helper.py").write_text("x = 'helped'\n")
    (folder / "broken.py").write_text("x = (\n")
    (folder / "latin.py").write_bytes("# -*- coding: latin-1 -*-\nprint('\xe9')\n".encode("latin-1"))
    return folder


@pytest.mark.parametrize(
    "arguments",
    [
        ["sub/train.py"],
        ["sub/train.py", "status", "--report", "-x"],
        ["sub/train.py", "text"],
        ["sub/train.py", "error"],
        ["sub/train.py", "interrupt"],
        ["sub/train.py", "hook"],
        ["broken.py"],
        ["latin.py"],
    ],
    ids=" ".join,
)
def test_as_python_runs_it(folder, arguments):
    python, ours = run(folder, *arguments), run(folder, "-m", "netlet", "run", *arguments)
    assert ours.stdout == python.stdout
    assert ours.stderr == python.stderr
    assert ours.returncode == python.returncode


def test_a_file_that_is_not_there(folder):
    python, ours = run(folder, "nowhere.py"), run(folder, "-m", "netlet", "run", "nowhere.py")
    assert ours.returncode == python.returncode == 2
    assert ours.stderr == "netlet run: can't open file 'nowhere.py': [Errno 2] No such file or directory\n"


def test_a_script_trains_on_netlet_and_its_names_are_reported_first(tmp_path):
    (tmp_path / "train.py").write_text(
        textwrap.dedent("""
        import sys
        import numpy as np
        from tensorflow import keras
        from tensorflow.keras.layers import Dense

        model = keras.Sequential([keras.Input((3,)), Dense(2)])
        model.compile("sgd", "mse")
        model.fit(np.ones((4, 3)), np.ones((4, 2)), verbose=0)
        print(type(model).__module__.split(".")[0], [m for m in sys.modules if m.startswith("keras.src")])
        """)
    )
    ran = run(tmp_path, "-m", "netlet", "run", "--report", "train.py")
    assert (ran.returncode, ran.stdout) == (0, "netlet []\n")
    assert ran.stderr.splitlines() == [
        "train.py uses 3 names of Keras; netlet has 3 of them.",
        "  has      netlet.Input (line 7)",
        "  has      netlet.Sequential (line 7)",
        "  has      netlet.layers.Dense (lines 5, 7)",
    ]


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("import keras", []),
        ("import keras\nkeras.__version__", []),
        ("import keras.layers as L\nL.Dense(L.ReLU)", ["layers", "layers.Dense", "layers.ReLU"]),
        ("import keras.layers\nkeras.layers.Dense", ["layers", "layers.Dense"]),
        ("import tensorflow.keras.layers\ntensorflow.keras.layers.Dense", ["layers", "layers.Dense"]),
        ("import tensorflow as tf\nk = tf.keras\nk.Model.fit; tf.data.x", ["Model.fit"]),
        ("from keras import layers as L, ops\nclass A(L.Layer):\n def call(self, x): return ops.exp(x)", None),
        ("import keras_tuner, keras_cv.layers\nkeras_tuner.x", []),
        ("from keras.layers import *\nDense", ["layers"]),
        ("from .keras import x", []),
        ("def f():\n import keras as k\n return k.ops\nk.Foo", ["ops"]),
        ("from keras import layers\ndef f(layers, *, x=layers.A):\n return layers.B", ["layers", "layers.A"]),
        ("from keras import ops\nf = lambda ops: ops.x\ng = lambda y: ops.abs(y)", ["ops", "ops.abs"]),
        ("from keras import ops\nops, x = 1, 2\nops.abs", ["ops"]),
        ("import keras\nkeras.Sequential([keras.layers.Dense(1)]).fit(1)", ["Sequential", "layers.Dense"]),
    ],
)
def test_names_of_a_script(source, names):
    found = [n.removeprefix("netlet.") for n in keras_names(source)]
    assert found == (["layers", "layers.Layer", "ops", "ops.exp"] if names is None else names)


def test_report_of_what_is_missing():
    source = "from keras.legacy import saving\nimport keras\nkeras.layers.Densee\nkeras.Model.fitt\nkeras.ops.exp"
    assert report("a.py", source).splitlines() == [
        "a.py uses 4 names of Keras; netlet has 1 of them.",
        "  missing  line 4: type object 'Model' has no attribute 'fitt'",
        "  missing  line 3: netlet.layers has no 'Densee'. Nearest: netlet.layers.Dense.",
        "  missing  line 1: netlet has no 'legacy': it reads objects of Keras 2.",
        "  has      netlet.ops.exp (line 5)",
    ]
    assert "no report" in report("a.py", "x = (")
