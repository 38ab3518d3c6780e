"""Untrusted model files: whatever the content, loading returns a model or raises ValueError.

Loading runs no code from the file, and its memory is in proportion to the file's size.
"""

from __future__ import annotations

import copy
import os
import pathlib
import re
import subprocess
import sys

import pytest

import netlet
from support.child import LIMIT, WATCHDOG, run_child
from support.hostile import change, put_together, take_apart


def config_of(document, *path):
    config = document["model"]["config"]
    for key in path:
        config = config["layers"][key]["config"]
    return config


# ---- invalid descriptions of a model ---------------------------------------------------------------------------------
EDITS = {
    "more units than the file holds": lambda d: config_of(d, 1).update(units=10**9),
    "more units than there are numbers for": lambda d: config_of(d, 1).update(units=10**30),
    "negative units": lambda d: config_of(d, 1).update(units=-3),
    "units as text": lambda d: config_of(d, 1).update(units="3"),
    "other units": lambda d: config_of(d, 1).update(units=4),
    "a huge input": lambda d: config_of(d, 0).update(batch_shape=[None, 10**12]),
    "an input beyond 64 bits": lambda d: config_of(d, 0).update(batch_shape=[10**30, 10**30]),
    "an input with 10000 axes": lambda d: config_of(d, 0).update(batch_shape=[None] + [1] * 10_000),
    "a Lambda": lambda d: d["model"]["config"]["layers"].append(
        {"module": "netlet.layers", "class_name": "Lambda", "config": {"function": "relu"}, "registered_name": None}
    ),
    "a module to import": lambda d: d["model"]["config"]["layers"][1].update(
        module="antigravity", class_name="geohash"
    ),
    "a function of the system": lambda d: config_of(d, 1).update(
        activation={"module": "os", "class_name": "function", "config": "system", "registered_name": "system"}
    ),
    "a misspelt class": lambda d: d["model"]["config"]["layers"][1].update(class_name="Dence"),
    "a misspelt activation": lambda d: config_of(d, 1).update(activation="rellu"),
    "an argument that is none": lambda d: config_of(d, 1).update(no_such=1),
    "no layers": lambda d: d["model"]["config"].pop("layers"),
    "layers that are none": lambda d: d["model"]["config"].update(layers=3),
    "a layer that is an optimizer": lambda d: d["model"]["config"]["layers"][1].update(
        module="netlet.initializers", class_name="Zeros", config={}
    ),
    "two layers of one name": lambda d: config_of(d, 2).update(name="d"),
    "a name that is none": lambda d: config_of(d, 1).update(name=3),
    "not a model": lambda d: d.update(model=d["model"]["config"]["layers"][1]),
    "a number for a model": lambda d: d.update(model=3),
    "null for a model": lambda d: d.update(model=None),
    "no model": lambda d: d.pop("model"),
    "no weights": lambda d: d.update(weights=[]),
    "weights missing": lambda d: d["weights"].pop(),
    "weights swapped": lambda d: d["weights"].reverse(),
    "weights of another name": lambda d: d["weights"].__setitem__(0, "weights/nowhere"),
    "weights that are no names": lambda d: d.update(weights=[1, 2]),
    "weights as text": lambda d: d.update(weights="dk"),
    "one array for all": lambda d: d.update(weights=[d["weights"][0]] * 2),
    "seeds missing": lambda d: d.update(seeds=[[1, 2]]),
    "another kind": lambda d: d.update(kind="other"),
    "a newer format": lambda d: d.update(model="?", weights="?"),
    "compile arguments that are none": lambda d: d.update(compile=[1]),
    "an unknown compile argument": lambda d: d.update(compile={"no_such": 1}),
    "an unknown optimizer": lambda d: d.update(compile={"optimizer": "addam"}),
    "an optimizer that is a layer": lambda d: d.update(
        compile={
            "optimizer": {"module": "netlet.layers", "class_name": "Flatten", "config": {}, "registered_name": None}
        }
    ),
    "an optimizer's state out of nowhere": lambda d: d.update(compile={"optimizer": "adam"}, optimizer=["weights/x"]),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_what_a_description_may_not_say(edit, small, tmp_path):
    path = tmp_path / "bad.netlet"
    change(small, path, edit)
    with pytest.raises(ValueError) as caught:
        netlet.models.load_model(path)
    assert str(path) in str(caught.value)


def test_the_edited_file_does_load_unedited(small, tmp_path):
    """Ensures that the files above are refused because of the edits and for no other reason."""
    change(small, tmp_path / "same.netlet", lambda document: None)
    assert netlet.models.load_model(tmp_path / "same.netlet").count_params() == 15


@pytest.mark.parametrize("levels", [10, 900, 5000])
def test_models_nested_without_end(levels, small, tmp_path):
    path = tmp_path / "bad.netlet"
    document, tensors, data = take_apart(small)
    inner = document["model"]["config"]["layers"]
    for _ in range(levels):
        entry = {"module": "netlet", "class_name": "Sequential", "registered_name": None}
        inner = [{**entry, "config": {"name": "m", "layers": inner}}]
    document["model"]["config"]["layers"] = inner
    try:
        put_together(path, document, tensors, data)
    except RecursionError:  # the json module cannot write deeper nesting
        text = '{"format": 1, "kind": "model", "model": ' + '{"a":' * 50_000 + "1" + "}" * 50_000 + "}"
        put_together(path, text, tensors, data)
    if levels == 10:
        assert netlet.models.load_model(path).count_params() == 15
        return
    with pytest.raises(ValueError, match=r"bad\.netlet"):
        netlet.models.load_model(path)


GRAPH_EDITS = {
    "a call on itself": lambda layer: layer["inbound_nodes"][0]["args"].__setitem__(0, symbol(layer["name"])),
    "a call on nobody": lambda layer: layer["inbound_nodes"][0]["args"].__setitem__(0, symbol("nobody")),
    "a call on a call that is none": lambda layer: layer["inbound_nodes"][0]["args"].__setitem__(0, symbol("a", 99)),
    "a call on an output that is none": lambda layer: layer["inbound_nodes"][0]["args"].__setitem__(
        0, symbol("a", 0, 9)
    ),
    "a call on a number": lambda layer: layer["inbound_nodes"][0]["args"].__setitem__(0, 3),
    "a call without arguments": lambda layer: layer["inbound_nodes"][0].update(args=[]),
    "calls that are none": lambda layer: layer.update(inbound_nodes=3),
    "no name": lambda layer: layer.pop("name"),
}


def symbol(name, node=0, tensor=0):
    config = {"shape": [None, 4], "dtype": "float32", "keras_history": [name, node, tensor]}
    return {"class_name": "__keras_tensor__", "config": config}


@pytest.mark.parametrize("edit", GRAPH_EDITS.values(), ids=GRAPH_EDITS)
def test_what_a_graph_may_not_say(edit, good, tmp_path):
    path = tmp_path / "bad.netlet"
    change(good, path, lambda d: edit(next(e for e in d["model"]["config"]["layers"] if e["name"] == "shared")))
    with pytest.raises(ValueError, match=r"bad\.netlet"):
        netlet.models.load_model(path)


def test_an_op_that_is_run_to_infer_its_shape_takes_memory_in_proportion_to_the_file(tmp_path):
    good, bad = tmp_path / "good.netlet", tmp_path / "bad.netlet"
    x = netlet.Input(batch_shape=(2, 4))
    netlet.Model(x, netlet.ops.view(x, "int32")).save(good)
    assert netlet.models.load_model(good).output.shape == (2, 4)
    change(good, bad, lambda d: d["model"]["config"]["layers"][0]["config"].update(batch_shape=[2, 1 << 40]))
    with pytest.raises(ValueError, match=r"bad\.netlet.*most 16777216 elements .* shapes \(2, 1099511627776\)"):
        netlet.models.load_model(bad)


def test_an_op_on_constants_alone_is_not_run(good, tmp_path):
    """An op without a symbolic argument would run during loading; this one would allocate terabytes."""
    path = tmp_path / "bad.netlet"

    def edit(document):
        entry = {"name": "evil", "op": "broadcast_to"}
        document["model"]["config"]["layers"].append(
            {
                "module": "netlet.ops",
                "class_name": "Op",
                "config": entry,
                "registered_name": None,
                "name": "evil",
                "inbound_nodes": [{"args": [[1.0], [10**6, 10**6]], "kwargs": {}}],
            }
        )

    change(good, path, edit)
    with pytest.raises(ValueError, match="without a symbolic tensor"):
        netlet.models.load_model(path)


# ---- memory, code and paths ------------------------------------------------------------------------------------------
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_memory_is_in_proportion_to_the_file(small, tmp_path):
    """Files of a few kilobytes that declare gigabytes are refused within 64 MB."""

    def thousand(document):
        """A thousand layers whose weights refer to the same array."""
        layers = document["model"]["config"]["layers"]
        layers[1]["config"].update(units=4)
        for i in range(1000):
            layers.append(copy.deepcopy(layers[1]))
            layers[-1]["config"].update(name=f"d{i}")
        document["weights"] = document["weights"] * 1001

    wishes = {
        "a thousand": thousand,
        "units": lambda d: config_of(d, 1).update(units=10**9),
        "two layers": lambda d: [
            config_of(d, 1).update(units=50_000),
            config_of(d, 0).update(batch_shape=[None, 50_000]),
        ],
    }
    paths = []
    for name, edit in wishes.items():
        paths.append(str(tmp_path / f"{name}.netlet"))
        change(small, pathlib.Path(paths[-1]), edit)
    run_child(
        LIMIT
        + f"""
import netlet
netlet.models.load_model({str(small)!r})
limit_memory(64 << 20)
netlet.models.load_model({str(small)!r})
for path in {paths!r}:
    try:
        netlet.models.load_model(path)
    except ValueError as error:
        assert "more weights than the file holds" in str(error) or "twice" in str(error), error
    else:
        raise SystemExit(path + " was loaded")
"""
    )


AUDITED = """
import sys
import netlet

events = []
watching = False

def hook(event, arguments):
    if watching:
        events.append((event, str(arguments[:1])[:200]))

good, *others = {paths!r}
netlet.models.load_model(good)  # imports what loading needs
sys.addaudithook(hook)
for path in [good, *others]:
    watching = True
    try:
        netlet.models.load_model(path)
    except ValueError:
        pass
    watching = False
harmless = {{"object.__getattr__", "object.__setattr__", "sys._getframe", "builtins.id"}}
mine = tuple(repr(path)[1:-1] for path in [good, *others])
bad = [e for e in events if e[0] not in harmless and not (e[0] in ("open", "os.stat") and any(p in e[1] for p in mine))]
assert not bad, bad[:10]
import os
os.listdir(".")  # the hook does see things
"""


def test_loading_runs_no_code_and_opens_no_other_path(good, small, tmp_path):
    """Python's audit events show no import, compile, exec, process or socket, and no other file opened."""
    paths = [str(good), str(small)]
    for number, edit in enumerate(EDITS.values()):
        paths.append(str(tmp_path / f"{number}.netlet"))
        change(small, pathlib.Path(paths[-1]), edit)
    run_child(AUDITED.format(paths=paths))


def test_the_audit_would_tell(good, tmp_path):
    """The same child fails if the loader opens another file, so the test above can fail."""
    code = AUDITED.format(paths=[str(good)]).replace(
        "    watching = True\n", "    watching = True\n    open('/dev/null').close()\n"
    )
    assert run_child(code, check=False).returncode != 0


def test_the_system_sees_one_file_opened(good, tmp_path):
    """As above for native code, which Python's audit events do not cover: strace records the system calls of a load."""
    log = tmp_path / "calls"
    code = f"""
import os
import netlet
netlet.models.load_model({str(good)!r})
os.path.exists("/begin-of-the-load")
netlet.models.load_model({str(good)!r})
os.path.exists("/end-of-the-load")
"""
    command = ["strace", "-f", "-e", "trace=%file,%process,%network", "-o", str(log), sys.executable, "-c", code]
    try:
        traced = subprocess.run(command, capture_output=True, text=True, timeout=WATCHDOG)
    except FileNotFoundError:
        pytest.skip("there is no strace")
    if traced.returncode != 0 and "ptrace" in traced.stderr.lower():
        pytest.skip("strace is not allowed to trace")
    assert traced.returncode == 0, traced.stderr
    calls = re.search(r"begin-of-the-load.*?\n(.*?)[^\n]*end-of-the-load", log.read_text(), re.S)[1].splitlines()
    harmless = (str(good), "AT_EMPTY_PATH", "exited with")  # the second: fstat of an open file
    elsewhere = [call for call in calls if not any(word in call for word in harmless)]
    assert not elsewhere, elsewhere[:10]
    assert any("open" in call for call in calls)
    assert not any(word in call for call in calls for word in ("O_WRONLY", "O_RDWR", "O_CREAT"))


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_no_file_stays_open(good, tmp_path):
    before = set(os.listdir("/proc/self/fd"))
    for _ in range(3):
        netlet.models.load_model(good)
    bad = tmp_path / "bad.netlet"
    bad.write_bytes(good.read_bytes()[:-1])
    for _ in range(3):
        with pytest.raises(ValueError, match=r"bad\.netlet"):
            netlet.models.load_model(bad)
    assert set(os.listdir("/proc/self/fd")) <= before
