"""`python -m netlet verify --all`: each check passes on this machine, and each finds a fault that is planted for it."""

from __future__ import annotations

import importlib
import itertools
import os

import numpy as np
import pytest

import netlet
from netlet import _core, layers, ops
from netlet.__main__ import main
from netlet.commands.verify import child, promises, saving
from netlet.commands.verify.promises import PROMISES
from support.repo import ROOT

CHECKED = {promise.module: promise.number for promise in PROMISES if promise.module}
SLOW = {"threads", "processes", "memory", "saving", "int8_accuracy", "functions"}  # seconds each
QUICK_FAULTS = {"threads", "functions"}  # which are found at once


def cases(names):
    slow = SLOW - QUICK_FAULTS if names is not CHECKED else SLOW
    return [pytest.param(name, marks=[pytest.mark.slow] if name in slow else []) for name in names]


def module(name):
    return importlib.import_module(f"netlet.commands.verify.{name}")


@pytest.mark.parametrize("name", cases(CHECKED))
def test_each_promise_is_kept(name):
    before = _core.active_isa(), _core.get_num_threads()
    try:
        assert module(name).check() == []
    except child.NotHereError as reason:
        pytest.skip(str(reason))
    assert (_core.active_isa(), _core.get_num_threads()) == before


# ---- faults in this process ------------------------------------------------------------------------------------------
def saturating(a, b, *transposes):
    wide = np.asarray(a, np.int64) @ (np.asarray(b, np.int64).T if any(transposes) else np.asarray(b, np.int64))
    return np.clip(wide, -(2**15), 2**15 - 1)


@ops.custom_gradient
def slightly_wrong(x):
    return x * 1.0, lambda upstream: upstream * 1.001


class Wrong(layers.Layer):
    def call(self, x):
        return slightly_wrong(x)


def halves_up(x, *args, **kwargs):
    _, scale = _core.quantize_absmax(x)
    return np.clip(np.floor(np.asarray(x) / scale.numpy() + 0.5), -127, 127).astype("int8"), scale


def one_level(patch, name):
    """Checks the best instruction set alone, which is what netlet uses."""
    patch.setattr(module(name), "forced", lambda *isas: [_core.active_isa()])


def plant_products(patch):
    patch.setattr(_core, "matmul", saturating)
    one_level(patch, "integers")
    for others in ("integer_products", "convolutions", "pools"):
        patch.setattr(module("integers"), others, lambda *shapes: 0)


def plant_error_of_products(patch):
    patch.setattr(ops, "matmul", lambda a, b: np.matmul(a.astype("float16").astype("float32"), b))
    one_level(patch, "gemm_bound")


def plant_exp(patch):
    functions = module("functions")
    off = functions.FUNCTIONS["exp"]._replace(ours=lambda x: np.nextafter(_core.exp(x), np.float32(np.inf)))
    patch.setattr(functions, "FUNCTIONS", {"exp": off})


def plant_softmax(patch):
    patch.setattr(ops, "softmax", lambda x: np.exp(x) / np.exp(x).sum(-1, keepdims=True))


def plant_gradient(patch):
    patch.setattr(module("gradients"), "LAYERS", [(Wrong, (3, 4))])


def plant_threads(patch):
    runs = itertools.count()
    patch.setattr(module("threads"), "trained", lambda: next(runs))
    patch.setattr(module("threads"), "same_bits_on_any_threads", lambda: 0)


def plant_rounding(patch):
    patch.setattr(ops, "quantize_absmax", halves_up)
    patch.setattr(module("quantizers"), "inputs", lambda: [np.arange(-254, 255, dtype="float32") / 2])


def plant_nan(patch):
    compile_ = netlet.Sequential.compile
    patch.setattr(netlet.Sequential, "compile", lambda *a, **k: compile_(*a, **k, check_finite=False))


def plant_int8(patch):
    config = module("int8_accuracy").Int8Config
    patch.setattr(module("int8_accuracy"), "SEEDS", (0,))
    patch.setattr(
        module("int8_accuracy"), "Int8Config", lambda *a, calibration: config(*a, calibration=calibration * 0.01)
    )


HERE = {
    "integers": (plant_products, "8-bit products"),
    "gemm_bound": (plant_error_of_products, "of the bound"),
    "functions": (plant_exp, "exp("),
    "softmax": (plant_softmax, "softmax"),
    "gradients": (plant_gradient, "Wrong: "),
    "threads": (plant_threads, "trained weights"),
    "quantizers": (plant_rounding, "round(x / scale)"),
    "nonfinite": (plant_nan, "a NaN went on"),
    "int8_accuracy": (plant_int8, "points lost"),
}


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", cases(HERE))
def test_a_planted_fault_is_found(name, monkeypatch):
    plant, expected = HERE[name]
    plant(monkeypatch)
    assert any(expected in line for line in module(name).check())


# ---- faults in a child -----------------------------------------------------------------------------------------------
IN_CHILD = {
    "guard_pages": (
        "import ctypes\nfrom netlet import ops\nops.exp = lambda x: ctypes.string_at(x.ctypes.data + x.nbytes, 1)\n",
        "ended with -",
    ),
    "processes": (
        """
import os, netlet
here, real, fit = os.getpid(), netlet.Model.predict, netlet.Model.fit
netlet.Model.predict = lambda *a, **k: real(*a, **k) + (os.getpid() != here)
def swallowed(*a, **k):
    try:
        fit(*a, **k)
    except KeyboardInterrupt:
        pass
netlet.Model.fit = swallowed
""",
        "forked child",
    ),
    "bad_inputs": (
        "import numpy as np\nfrom netlet import ops\nreal = ops.exp\n"
        "ops.exp = lambda x: real(np.ravel(x, 'K').reshape(np.shape(x)))\n",
        "another result",
    ),
    "memory": (
        """
import netlet
fit = netlet.Model.fit
def swallowed(*a, **k):
    try:
        fit(*a, **k)
    except MemoryError:
        pass
netlet.Model.fit = swallowed
""",
        "did not raise",
    ),
    "files": (
        """
import netlet.saving.serialization as s
real = s.find_builtin
s.find_builtin = lambda module, *a, **k: __import__(module or "netlet") and real(module, *a, **k)
""",
        "import",
    ),
}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="some of these checks need POSIX")
@pytest.mark.parametrize("name", cases(IN_CHILD))
def test_a_fault_in_a_child_is_found(name, monkeypatch):
    code, expected = IN_CHILD[name]
    monkeypatch.setattr(child, "BEFORE", code)
    if name == "guard_pages":  # AddressSanitizer would report the fault, and end the process in another way
        monkeypatch.setenv("ASAN_OPTIONS", os.environ.get("ASAN_OPTIONS", "") + ":handle_segv=0")
    found = module(name).check()
    assert any(expected in line for line in found), found
    if name == "processes":
        assert any("Ctrl-C did not end fit" in line for line in found), found


def test_an_import_that_takes_a_signal_is_found(monkeypatch):
    host = module("host_mode")
    code = host.CODE.replace("import netlet\n", "import netlet\nsignal.signal(signal.SIGTERM, lambda *_: None)\n", 1)
    monkeypatch.setattr(host, "CODE", code)
    assert "import netlet has changed" in host.check()[0]


def test_a_save_into_the_old_file_is_found(monkeypatch):
    monkeypatch.setattr(
        child,
        "BEFORE",
        """
import time
import netlet.saving.netlet_file.container as container
def replace_file(path, parts):
    with open(path, "wb", 0) as file:
        for part in parts:
            file.write(part[: len(part) // 2])
            time.sleep(0.05)
            file.write(part[len(part) // 2 :])
container.replace_file = replace_file
""",
    )
    monkeypatch.setattr(saving, "KILLS", 3)
    assert "damaged" in saving.check()[0]


# ---- the table -------------------------------------------------------------------------------------------------------
def test_the_table(monkeypatch, capsys):
    monkeypatch.setattr(module("softmax"), "check", lambda: ["avx2: softmax"])
    monkeypatch.setattr(module("quantizers"), "check", lambda: 1 / 0)
    assert main(["verify", "--only", "4,7,9,14"]) == 1
    shown = capsys.readouterr()
    rows = {int(line[:2]): line for line in shown.out.splitlines() if line[:2].strip().isdigit()}
    assert [*rows] == [4, 7, 9, 14]
    assert "BROKEN" in rows[4]
    assert "BROKEN" in rows[7] and "ZeroDivisionError" in shown.out
    assert "tools/nightly.sh" in rows[9] and "BROKEN" not in rows[9]
    assert "kept" in rows[14]
    assert "2 promises broken" in shown.err


def test_all_means_all(monkeypatch, capsys):
    for name in CHECKED:
        monkeypatch.setattr(module(name), "check", lambda: [])
    assert main(["verify", "--all"]) == 0
    assert capsys.readouterr().out.count(" kept ") == len(CHECKED)


def test_a_number_that_is_no_promise(capsys):
    assert main(["verify", "--only", "3,21"]) == 2
    assert "from 1 to 20, received 21" in capsys.readouterr().err


def test_the_promises_are_those_of_the_page():
    """docs/reliability.md has a row for each promise, and its numbers."""
    page = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line[:2] == "| " and line[2:4].strip(" |").isdigit()]
    assert [int(line.split("|")[1]) for line in rows] == [promise.number for promise in PROMISES] == [*range(1, 21)]
    assert promises.numbers("3, 6") == [3, 6]
