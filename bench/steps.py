"""Training steps, predictions, import time and size, compared with the peers that are installed.

    python bench/steps.py                       everything
    python bench/steps.py --only steps,predict  any of: steps predict batch depth import memory size
    python bench/steps.py --threads 2 --seconds 2 --compile

netlet's steps are timed inside fit(verbose=0), with data pipeline and shuffling; the plan is recorded before. PyTorch's
are a bare loop on one batch without a data loader: the best of its plain optimizer, its fused one, channels last for
images and, with --compile, torch.compile. Keras's run inside fit, on JAX. All sides are warm and take turns; the median
counts. Before anything is timed, all sides train three steps from the same weights, and their losses are compared
(without dropout, because each library draws its own masks). Beside each row stands the multiply-add rate of all threads
together, the machine's limit; a row is repeated while that is low.
"""

from __future__ import annotations

import argparse
import io
import os
import pathlib
import statistics
import subprocess
import sys
import zipfile
from importlib.util import find_spec
from typing import Any

import numpy as np

os.environ.setdefault("KERAS_BACKEND", "jax")
sys.path.insert(1, str(pathlib.Path(__file__).parent.parent))

import netlet
from bench.harness.results import write_results
from bench.harness.ruler import Ruler
from netlet.commands.bench.timing import alternate, microseconds
from netlet.commands.info import describe_machine
from workloads import WORKLOADS, Torch, Workload, build, data, dense, onnx_input, onnx_session

Row = dict[str, float]


def have(module: str) -> bool:
    return find_spec(module) is not None


def epochs_of(model: Any, w: Workload, x: np.ndarray, y: np.ndarray, epochs: int) -> Any:
    return lambda: model.fit(x, y, batch_size=w.batch, epochs=epochs, verbose=0)


def check_same_loss(w: Workload, weights: list[np.ndarray], peers: dict[str, Any]) -> None:
    """Trains three steps on one batch from the same weights; every side must arrive at the same loss.

    More steps would let rounding separate the sides: Adam takes a whole step for a gradient that is nearly zero,
    whatever its sign.
    """
    x, y = data(w, steps=1)

    def fourth(model: Any) -> float:
        """The loss of the fourth step. It is the training loss, so batch normalization uses the batch's statistics."""
        return model.fit(x, y, batch_size=w.batch, epochs=4, shuffle=False, verbose=0).history["loss"][-1]

    expected = fourth(build(netlet, w, weights))
    for name, peer in peers.items():
        if isinstance(peer, Torch):
            peer.feed(x, y)
            for t in range(1, 4):
                peer.epsilon_of_keras(t)
                peer.step()
            got = peer.step().item()
        else:
            got = fourth(peer)
        np.testing.assert_allclose(got, expected, rtol=1e-3, err_msg=f"{name}, {w.name}")


def torch_variants(w: Workload, weights: list[np.ndarray], compiled: bool) -> dict[str, Torch]:
    if not have("torch"):
        return {}
    variants = {"torch": Torch(w, weights, fused=False), "torch, fused": Torch(w, weights, fused=True)}
    if w.image:
        variants["torch, channels last"] = Torch(w, weights, fused=True, channels_last=True)
    if compiled:
        variants["torch, compiled"] = Torch(w, weights, fused=True, compiled=True)
    return variants


def keras_variant(w: Workload, weights: list[np.ndarray]) -> dict[str, Any]:
    if not (have("keras") and have("jax")):
        return {}
    import keras

    return {"keras": build(keras, w, weights)}


def steps(
    workloads: list[Workload], seconds: float, compiled: bool, ruler: Ruler, with_keras: bool = True
) -> dict[str, Row]:
    """Seconds per training step: {workload: {side: seconds}}, and beside them the floor in GFLOP/s."""
    table = {}
    for w in workloads:
        x, y = data(w)
        netlet.utils.set_random_seed(0)  # the same weights in every run, for check_same_loss
        ours = build(netlet, w)
        weights = ours.get_weights()
        plain = w.without_dropout()
        torches = torch_variants(plain, weights, compiled)
        keras = keras_variant(plain, weights) if with_keras else {}
        check_same_loss(plain, weights, {**torches, **keras})
        if plain != w:
            torches = torch_variants(w, weights, compiled)
            keras = keras_variant(w, weights) if with_keras else {}
        peers: dict[str, Any] = {**torches, **keras}
        for t in torches.values():
            t.feed(x[: w.batch], y[: w.batch])
        epochs = 10 if w.flops < 5e6 else 2
        works = [epochs_of(ours, w, x, y, epochs), *(t.step for t in torches.values())]
        calls = [w.steps * epochs, *(1 for _ in torches)]
        if "keras" in peers:
            works.append(epochs_of(peers["keras"], w, x, y, 1))
            calls.append(w.steps)
        times, floor = ruler.beside(lambda works=works: alternate(*works, seconds=seconds))
        table[w.name] = {name: t / n for name, t, n in zip(["netlet", *peers], times, calls, strict=True)}
        table[w.name]["floor"] = floor
    return table


def print_steps(table: dict[str, Row], batch_flops: dict[str, int]) -> None:
    print("\nA training step, us")
    print(
        f"{'':48s}{'netlet':>10s}{'GFLOP/s':>9s}{'PyTorch':>10s}{'ratio':>8s}{'Keras/JAX':>11s}{'ratio':>8s}{'floor':>8s}"
    )
    for name, row in table.items():
        torch = min((t for side, t in row.items() if side.startswith("torch")), default=None)
        keras = row.get("keras")
        line = f"{name:48s}{microseconds(row['netlet']):>10s}{batch_flops[name] / row['netlet'] * 1e-9:9.1f}"
        for peer, width in ((torch, 10), (keras, 11)):
            line += (
                f"{microseconds(peer):>{width}s}{peer / row['netlet']:7.1f}x" if peer else f"{'-':>{width}s}{'-':>8s}"
            )
        print(line + f"{row['floor']:8.0f}", flush=True)


def onnx_of(w: Workload, weights: list[np.ndarray]) -> Any:
    """ONNX Runtime's session; None where it is not installed or a part of the network has no ONNX form here."""
    if not (have("onnxruntime") and have("onnx")):
        return None
    try:
        return onnx_session(w, weights, netlet.get_num_threads())
    except NotImplementedError:
        return None


def predict(workloads: list[Workload], seconds: float, ruler: Ruler) -> dict[str, Row]:
    """Seconds of a prediction: {workload, rows: {side: seconds}}, and beside them the floor in GFLOP/s."""
    print("\npredict_on_batch, us, beside ONNX Runtime's session.run")
    print(f"{'':40s}{'batch':>12s}{'ORT':>10s}{'ratio':>8s}{'one row':>12s}{'ORT':>10s}{'ratio':>8s}{'floor':>8s}")
    table = {}
    for w in workloads:
        model = build(netlet, w)
        x = data(w, steps=1)[0]
        session = onnx_of(w, model.get_weights())
        line = f"{w.name:40s}"
        for rows in (x, x[:1]):
            works = [lambda model=model, rows=rows: model.predict_on_batch(rows)]
            if session:
                given = {"x": onnx_input(w, rows)}
                expected = session.run(None, given)[0]
                np.testing.assert_allclose(model.predict_on_batch(rows), expected, rtol=1e-4, atol=1e-5)
                works.append(lambda session=session, given=given: session.run(None, given))
            times, floor = ruler.beside(lambda works=works: alternate(*works, seconds=seconds))
            row = dict(zip(("netlet", "onnxruntime"), times, strict=False))
            table[f"{w.name}, {len(rows)} rows"] = row | {"floor": floor}
            line += f"{microseconds(times[0]):>12s}"
            line += f"{microseconds(times[1]):>10s}{times[1] / times[0]:7.1f}x" if session else f"{'-':>10s}{'-':>8s}"
        print(line + f"{floor:8.0f}", flush=True)
    return table


def cost_against_batch(seconds: float) -> None:
    print("\n784-128-10 relu adam: a step against its batch size")
    print(f"{'batch':>8s}{'us a step':>12s}{'us a sample':>13s}")
    for batch in (1, 4, 16, 64, 128, 256, 1024, 4096):
        w = dense((784, 128, 10), "relu", "adam", batch, steps=max(4, 2048 // batch))
        x, y = data(w)
        model = build(netlet, w)
        [t] = alternate(epochs_of(model, w, x, y, 2), seconds=seconds)
        t /= 2 * w.steps
        print(f"{batch:8d}{microseconds(t):>12s}{t / batch * 1e6:13.3f}", flush=True)


def cost_against_depth(seconds: float) -> None:
    print("\ndense layers 32-32 relu, adam, batch 32: a step against depth")
    print(f"{'layers':>8s}{'us a step':>12s}{'us a layer':>13s}")
    for depth in (2, 5, 10, 20, 50, 100, 200):
        w = dense((32,) * depth + (10,), "relu", "adam", 32, steps=50)
        x, y = data(w)
        model = build(netlet, w)
        [t] = alternate(epochs_of(model, w, x, y, 2), seconds=seconds)
        t /= 2 * w.steps
        print(f"{depth:8d}{microseconds(t):>12s}{t / depth * 1e6:13.3f}", flush=True)


def child(code: str) -> str:
    """The output of a fresh process, which finds compiled files at hand as a user's second start does."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout.strip()


def import_time(repeats: int = 9) -> dict[str, Row]:
    """Times each import in fresh processes, in turn, with a warm file cache: {import: {"seconds": median}}.

    netlet imports its parts when they are first used.
    """
    statements = {
        "numpy": "import numpy",
        "netlet": "import netlet",
        "netlet with all that a model needs": "import netlet; netlet.Sequential; netlet.optimizers.Adam",
    }
    if have("torch"):
        statements["torch"] = "import torch"
    times: dict[str, list[float]] = {name: [] for name in statements}
    for _ in range(repeats):
        for name, statement in statements.items():
            code = f"import time; t = time.perf_counter(); {statement}; print(time.perf_counter() - t)"
            times[name].append(float(child(code)))
    medians = {name: statistics.median(taken) for name, taken in times.items()}
    print("\nImport, ms, NumPy included: " + ", ".join(f"{name} {t * 1e3:.0f}" for name, t in medians.items()))
    return {name: {"seconds": t} for name, t in medians.items()}


def memory(workloads: list[Workload]) -> dict[str, Row]:
    """Resident memory in MiB: what the import adds, and what 50 steps add at their peak (without the data)."""
    code = """
import os, sys, re
sys.path.insert(0, {here!r})
from workloads import *
def status(key):
    return int(re.search(key + r":\\s+(\\d+)", open("/proc/self/status").read())[1]) / 1024
w = WORKLOADS[{index}]
x, y = data(w, steps=10)
{body}
"""
    ours = """
before = status("VmRSS"); import netlet; imported = status("VmRSS")
m = build(netlet, w); m.fit(x, y, batch_size=w.batch, epochs=5, verbose=0)
print(imported - before, status("VmHWM") - imported)
"""
    torch = """
before = status("VmRSS"); import torch; imported = status("VmRSS")
t = Torch(w, fused=True); t.feed(x[:w.batch], y[:w.batch])
for _ in range(50): t.step()
print(imported - before, status("VmHWM") - imported)
"""
    here = str(pathlib.Path(__file__).parent)
    sides = [("netlet", ours), *([("torch", torch)] if have("torch") else [])]
    print("\nResident memory, MiB: the import | a model and its steps, at the peak")
    print(f"{'':48s}" + "".join(f"{name:>10s}{'':>10s}" for name, _ in sides))
    table: dict[str, Row] = {}
    for w in workloads:
        if w.flops < 1e8:
            continue  # the smallest are lost in the memory of the process
        line, table[w.name] = f"{w.name:48s}", {}
        for name, body in sides:
            a, b = map(float, child(code.format(here=here, body=body, index=WORKLOADS.index(w))).split())
            table[w.name] |= {name: b, f"import {name}": a}
            line += f"{a:8.1f} |{b:8.1f}  "
        print(line, flush=True)
    return table


def size() -> dict[str, Row]:
    """The bytes of a wheel of the installed package, compressed as wheels are."""
    root = pathlib.Path(netlet.__file__).parent
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as z:
        for path in root.rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts and "_netlet_sim" not in path.name:
                z.write(path, path.relative_to(root))
    print(f"\nSize: {len(packed.getvalue()) / 2**20:.2f} MiB as a wheel")
    return {"wheel": {"bytes": len(packed.getvalue())}}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="steps,predict,batch,depth,import,memory,size")
    parser.add_argument("--workloads", default="", help="only those whose name has this, e.g. conv")
    parser.add_argument("--seconds", type=float, default=1.0, help="spent on each side of each row")
    parser.add_argument("--threads", type=int, default=netlet.get_num_threads())
    parser.add_argument("--compile", action="store_true", help="let torch.compile compete too")
    parser.add_argument("--no-keras", action="store_true")
    parser.add_argument("--json", help="a file for the numbers")
    options = parser.parse_args()
    chosen = options.only.split(",")
    workloads = [w for w in WORKLOADS if options.workloads.lower() in w.name.lower()]
    netlet.set_num_threads(options.threads)
    print(describe_machine())
    for name in ("torch", "keras", "jax", "onnxruntime"):
        if have(name):
            from importlib.metadata import version

            print(f"{name} {version(name)}", end="  ")
    if have("torch"):
        import torch

        torch.set_num_threads(options.threads)
        print(f"(torch on {torch.get_num_threads()} threads)", end="")
    print()
    ruler = Ruler(options.threads)
    tables: dict[str, Any] = {}
    if "steps" in chosen:
        tables["steps"] = steps(workloads, options.seconds, options.compile, ruler, not options.no_keras)
        print_steps(tables["steps"], {w.name: w.flops for w in WORKLOADS})
    if "predict" in chosen:
        tables["predict"] = predict(workloads, options.seconds / 2, ruler)
    if "batch" in chosen:
        cost_against_batch(options.seconds / 2)
    if "depth" in chosen:
        cost_against_depth(options.seconds / 2)
    if "import" in chosen:
        tables["import"] = import_time()
    if "memory" in chosen:
        tables["memory"] = memory(workloads)
    if "size" in chosen:
        tables["size"] = size()
    if options.json:
        write_results(options.json, tables, threads=options.threads)


if __name__ == "__main__":
    main()
