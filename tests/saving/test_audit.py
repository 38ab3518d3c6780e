"""Files of every format are data: loading runs no code, opens no other file, and takes memory in proportion to them.

A child loads a corpus of valid and hostile files under Python's audit hook, with limited memory, and, where it is
there, under strace, which sees what native libraries do.
"""

from __future__ import annotations

import inspect
import json
import pathlib
import re
import subprocess
import sys

import pytest

from support.child import LIMIT, WATCHDOG
from support.hostile_corpus import write

LOADER = """
import json, pathlib, sys, warnings
import netlet
from netlet import layers
from netlet.datasets import imdb, mnist, reading

warnings.simplefilter("ignore")
folder = pathlib.Path(sys.argv[1])
good, bad = json.loads((folder / "corpus.json").read_text())
target = netlet.Sequential([netlet.Input((4,)), layers.Dense(3), layers.Dense(2)])
LOAD = {
    "model": netlet.models.load_model,
    "weights": target.load_weights,
    "onnx": netlet.onnx.load,
    "digits": mnist.load_data,
    "images": lambda path: reading.read_idx(pathlib.Path(path), 3),
    "words": imdb.load_data,
}
REFUSED = (ValueError, NotImplementedError, TypeError)

def load(kind, path):
    try:
        LOAD[kind](path)
        return "loaded"
    except REFUSED as error:
        return f"refused: {error}"

for kind, path in [*good, *bad]:  # imports what loading needs
    load(kind, path)
"""
WATCHED = """
events, mine = [], None
HARMLESS = {"object.__getattr__", "object.__setattr__", "sys._getframe", "builtins.id", "array.__new__"}

def harmless(event, arguments):
    if event == "compile":  # of ast.literal_eval, which NumPy reads headers with: it parses, and nothing is run
        return arguments[1] == "<unknown>"
    return event in HARMLESS or (event == "open" and arguments[0] in (mine, mine.encode()))

def hook(event, arguments):
    if mine is not None and not harmless(event, arguments):
        events.append([mine, event, repr(arguments)[:200]])

sys.addaudithook(hook)
limit_memory(64 << 20)
outcomes = {}
pathlib.Path("/begin-of-the-loads").exists()
for kind, path in [*good, *bad]:
    mine = path
    outcome = load(kind, path)
    mine = None
    outcomes[path] = outcome
pathlib.Path("/end-of-the-loads").exists()
print(json.dumps({"events": events, "outcomes": outcomes}))
"""
CODE = LOADER + LIMIT + WATCHED


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpus")
    files = write(folder)
    (folder / "corpus.json").write_text(json.dumps(files))
    return folder, *files


def run(folder, code, *before):
    command = [*before, sys.executable, "-c", code, str(folder)]
    return subprocess.run(command, capture_output=True, text=True, timeout=WATCHDOG, cwd=folder)


# Where the HDF5 library looks for plugins that could open a damaged file. No file can name these folders.
PLUGINS = ('"/usr/local/lib/plugin"', '"/usr/local/hdf5/lib/plugin"')


def elsewhere(log: str, files: list[str]) -> list[str]:
    """The system calls of the loads that are not about a file of the corpus."""
    calls = re.search(r"begin-of-the-loads.*?\n(.*)\n[^\n]*end-of-the-loads", log, re.S)[1].splitlines()
    harmless = (*(f'"{path}"' for path in files), "AT_EMPTY_PATH", "exited with", "getcwd(", *PLUGINS)
    return [call for call in calls if not any(word in call for word in harmless)]


@pytest.mark.skipif(sys.platform != "linux", reason="limits memory, and strace")
def test_loading_runs_no_code_opens_no_other_file_and_takes_little_memory(corpus):
    folder, good, bad = corpus
    log = folder / "calls"
    strace = ["strace", "-f", "-e", "trace=%file,%process,%network", "-s", "400", "-o", str(log)]
    try:
        result = run(folder, CODE, *strace)
    except FileNotFoundError:
        result = run(folder, CODE)
    if "ptrace" in result.stderr.lower():
        result = run(folder, CODE)
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout.splitlines()[-1])
    assert found["events"] == []
    assert not (folder / "evil").exists()
    loaded = {path for path, outcome in found["outcomes"].items() if outcome == "loaded"}
    assert {path for _, path in good} <= loaded
    assert len(loaded) < len(good) + len(bad) / 3, sorted(loaded)  # some mutants are models, too
    if log.exists():
        assert elsewhere(log.read_text(), list(found["outcomes"])) == []


FAULTS = {
    "open": lambda: open("/dev/null").close(),
    "os.system": lambda: __import__("os").system("true"),
    "exec": lambda: exec("1"),
    "pickle.find_class": lambda: __import__("pickle").loads(b"cos\nsystem\n."),
    "socket.__new__": lambda: __import__("socket").socket().close(),
    "ctypes.dlopen": lambda: __import__("ctypes").CDLL(None),
    "import": lambda: __import__("colorsys"),
}


def test_the_audit_would_find(tmp_path):
    """The child with loaders that do what none may do."""
    (tmp_path / "corpus.json").write_text(json.dumps([[], [(event, event) for event in FAULTS]]))
    source = inspect.getsource(sys.modules[__name__])
    faults = source[source.index("FAULTS = {") : source.index("def test_the_audit_would_find")]
    code = CODE.replace(
        "def load(", f"{faults}\nLOAD = {{e: lambda path, f=f: f() for e, f in FAULTS.items()}}\ndef load("
    )
    result = run(tmp_path, code.replace("    load(kind, path)\n", "    pass\n", 1))
    assert result.returncode == 0, result.stderr
    found = {(path, event) for path, event, _ in json.loads(result.stdout.splitlines()[-1])["events"]}
    assert {(event, event) for event in FAULTS} <= found


def test_the_log_of_system_calls_would_show_another_file():
    log = '1 stat("/begin-of-the-loads")\n1 open("/tmp/a") = 3\n1 open("/etc/passwd") = 3\n1 stat("/end-of-the-loads")'
    assert elsewhere(log, ["/tmp/a"]) == ['1 open("/etc/passwd") = 3']
    assert pathlib.Path("/begin-of-the-loads").exists() is False
