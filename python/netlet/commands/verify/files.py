"""Promise 16: loading a file runs no code, opens no other file, and takes memory in proportion to the file."""

from __future__ import annotations

import pathlib
import tempfile
from collections.abc import Callable
from typing import Any

import netlet
from netlet import layers
from netlet.saving.netlet_file.container import Container, write_container

from .child import failures

CODE = """
import sys
import netlet
events, watching, path = [], False, good
def hook(event, arguments):
    if watching and event not in ("object.__getattr__", "object.__setattr__", "sys._getframe", "builtins.id"):
        if not (event in ("open", "os.stat") and path in map(str, arguments)):
            events.append((event, str(arguments)[:100]))
netlet.models.load_model(good)  # imports what loading needs
if sys.platform == "linux":
    import resource
    with open("/proc/self/statm") as file:
        now = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + (64 << 20),) * 2)
sys.addaudithook(hook)
watching = True
for path in paths:
    try:
        netlet.models.load_model(path)
        outcome = "loaded"
    except ValueError:
        outcome = "refused"
    except MemoryError:
        raise SystemExit(f"{path} took more than 64 MB")
    watching = False
    if events:
        raise SystemExit(f"loading {path} did {events[0]}")
    if (outcome == "loaded") != (path == good):
        raise SystemExit(f"{path} was {outcome}")
    watching = True
"""


def _layer(document: Any, **values: Any) -> None:
    document["model"]["config"]["layers"][1]["config"].update(values)


EDITS: dict[str, Callable[[Any], Any]] = {
    "module": lambda d: d["model"]["config"]["layers"][1].update(module="colorsys", class_name="rgb_to_hsv"),
    "function": lambda d: _layer(
        d, activation={"module": "os", "class_name": "function", "config": "system", "registered_name": "system"}
    ),
    "lambda": lambda d: d["model"]["config"]["layers"].append(
        {"module": "netlet.layers", "class_name": "Lambda", "config": {"function": "relu"}, "registered_name": None}
    ),
    "large": lambda d: _layer(d, units=10**9),
    "larger": lambda d: _layer(d, units=10**30),
    "input": lambda d: d["model"]["config"]["layers"][0]["config"].update(batch_shape=[None, 10**12]),
    "weights": lambda d: d.update(weights=["../../etc/passwd"]),
    "number": lambda d: d.update(model=3),
}


def check() -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        good = str(pathlib.Path(folder) / "good.netlet")
        netlet.Sequential([netlet.Input((4,)), layers.Dense(3)]).save(good)
        paths = [good, *hostile(good, pathlib.Path(folder))]
        return failures(f"paths = good, *_ = {paths!r}\n{CODE}")


def hostile(good: str, folder: pathlib.Path) -> list[str]:
    """Writes files with other content than `good`, and correct checksums, and damaged ones. Returns their paths."""
    paths = []
    for name, edit in EDITS.items():
        file = Container(good)
        document = file.document
        arrays = {entry: file.read(entry) for entry in document["weights"]}
        edit(document)
        paths.append(str(folder / f"{name}.netlet"))
        write_container(paths[-1], document, arrays)
    content = pathlib.Path(good).read_bytes()
    for name, damaged in {
        "cut": content[:-5],
        "short": content[:6],
        "header": b"\xff" * 8 + content[8:],
        "flipped": content[:-1] + bytes([content[-1] ^ 1]),
    }.items():
        paths.append(str(folder / f"{name}.netlet"))
        pathlib.Path(paths[-1]).write_bytes(damaged)
    return paths
