# ruff: noqa: E402
"""Kernels and training steps on a GPU, compared with PyTorch on the same GPU.

    python bench/gpu.py                                  on cuda:0; needs PyTorch with CUDA for the comparison
    python bench/gpu.py --only steps --workloads conv
    python bench/gpu.py --device sim:0 --smoke           proves that the script works: tiny shapes, no times

A kernel is recorded many times in one plan, which netlet replays as one graph; PyTorch's calls are captured in a CUDA
graph, too. A time is a replay's, from the host's clock with the device idle before and after, over the number of calls,
of which there are enough for 5 ms. float32 is float32 on both sides: PyTorch's TF32 is off.

A training step is netlet's inside of fit(verbose=0), data pipeline and shuffling included. PyTorch's is a bare loop on
one batch that is on the GPU already: eager with its fused optimizer (channels last for images), and torch.compile with
mode="reduce-overhead". All sides take turns; the median counts. Answers are checked before anything is timed, kernels
against float64, steps by the loss after three steps from the same weights.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

sys.path[:0] = [str(pathlib.Path(__file__).parent), str(pathlib.Path(__file__).parent.parent)]

import netlet
from bench.gpu_rows import GpuRow, rows
from netlet import _core
from netlet.commands.bench.timing import alternate, microseconds
from netlet.commands.info import describe_machine
from steps import check_same_loss, epochs_of, have
from workloads import WORKLOADS, Torch, Workload, build, data, small

SAMPLE_SECONDS = 5e-3
LOOP_SECONDS = 0.15


def flat(results: Any) -> list[Any]:
    return list(results) if isinstance(results, (tuple, list)) else [results]


def check(name: str, results: Any, truths: list[np.ndarray], rtol: float) -> None:
    for got, truth in zip(flat(results), truths, strict=True):
        error = np.linalg.norm(np.asarray(got, "f8") - truth) / max(np.linalg.norm(truth), 1e-30)
        if not error <= rtol:
            raise AssertionError(f"{name}: relative error {error:.2e}, expected at most {rtol:.0e}")


class Ours:
    """A row on netlet's device."""

    def __init__(self, row: GpuRow, device: str) -> None:
        self.row, self.device = row, device
        with netlet.device(device):
            self.tensors = [_core.tensor(a) for a in row.arrays]
        for t in self.tensors:
            t.variable = True  # else what depends on constants alone is computed once, not in each replay

    def plan(self, copies: int, outputs: bool = False) -> Any:
        with netlet.device(self.device):
            tape = _core.Tape(record=True, grad=self.row.grad)
            with tape:
                for _ in range(copies):
                    results = self.row.ours(*self.tensors)
                return tape.compile(flat(results) if outputs else [])

    def results(self) -> list[np.ndarray]:
        return [np.asarray(r) for r in self.plan(1, outputs=True).run([])[0]]

    def replay(self, copies: int) -> Callable[[], object]:
        plan = self.plan(copies)
        return lambda: plan.run([])


class Peer:
    """A row in PyTorch, on the GPU; on the CPU, for the smoke test."""

    def __init__(self, row: GpuRow, cuda: bool) -> None:
        import torch

        self.torch, self.row, self.cuda = torch, row, cuda
        self.tensors = [self.tensor(a) for a in row.torch_arrays or row.arrays]

    def tensor(self, array: np.ndarray) -> Any:
        if array.dtype.name == "bfloat16":
            return self.tensor(array.astype("f4")).to(self.torch.bfloat16)
        return self.torch.from_numpy(array).to("cuda" if self.cuda else "cpu")

    def numpy(self, results: Any) -> list[np.ndarray]:
        return [r.detach().to("cpu", self.torch.float64).numpy() for r in flat(results)]

    def truth(self) -> list[np.ndarray]:
        """In float64; int8 as it is, and exact."""
        wide = [t.double() if t.is_floating_point() else t for t in self.tensors]
        return self.numpy(self.row.torch(self.torch, *wide))

    def results(self) -> list[np.ndarray]:
        return self.numpy(self.row.torch(self.torch, *self.tensors))

    def replay(self, copies: int) -> Callable[[], object]:
        cuda, graph = self.torch.cuda, self.torch.cuda.CUDAGraph()
        side = cuda.Stream()
        side.wait_stream(cuda.current_stream())
        with cuda.stream(side):  # libraries allocate and choose algorithms before the capture
            for _ in range(3):
                self.row.torch(self.torch, *self.tensors)
        cuda.current_stream().wait_stream(side)
        with cuda.graph(graph):
            for _ in range(copies):
                self.row.torch(self.torch, *self.tensors)

        def run() -> None:
            graph.replay()
            cuda.synchronize()

        return run


def calls_of(side: Any) -> int:
    """How often a replay repeats the work, so that it takes SAMPLE_SECONDS: from replays of one and of nine calls."""
    one, nine = side.replay(1), side.replay(9)
    one(), nine()
    times = alternate(one, nine, seconds=0, samples=3, settle=0.0, sample_seconds=0)
    call = max((times[1] - times[0]) / 8, 5e-7)
    return int(min(max(SAMPLE_SECONDS / call, 1), 2000))


def float64_on_cpu(row: GpuRow) -> list[np.ndarray]:
    """The truth without PyTorch: netlet's, on the CPU."""
    wide = [a if a.dtype.kind in "iu" else a.astype("f8") for a in row.arrays]
    row = GpuRow(row.name, wide, row.ours, row.torch, grad=row.grad)
    return [r.astype("f8") for r in Ours(row, "cpu").results()]


def first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}"


def measured(row: GpuRow, device: str, seconds: float, smoke: bool) -> dict[str, Any]:
    """Checks the answers, then times; for the smoke test it times nothing. PyTorch's failure leaves netlet's times."""
    ours, peer, notes = Ours(row, device), None, {}
    if have("torch"):
        peer = Peer(row, device.startswith("cuda"))
    truths = peer.truth() if peer else float64_on_cpu(row)
    check(f"netlet, {row.name}", ours.results(), truths, row.rtol)
    if peer:
        check(f"PyTorch, {row.name}", peer.results(), truths, max(row.rtol, 1e-3))
    if smoke:
        ours.replay(2)()
        return {"row": row.name}
    calls, replays = {"netlet": calls_of(ours)}, {}
    replays["netlet"] = ours.replay(calls["netlet"])
    if peer:
        try:
            calls["torch"] = calls_of(peer)
            replays["torch"] = peer.replay(calls["torch"])
        except Exception as error:  # what synchronizes with the host cannot be captured
            notes["torch_error"] = first_line(error)
            replays.pop("torch", None)
    times = alternate(*replays.values(), seconds=seconds, settle=0.0, sample_seconds=SAMPLE_SECONDS)
    result = {name: t / calls[name] for name, t in zip(replays, times, strict=True)}
    amount, unit = row.work
    return {"row": row.name, "unit": unit, "rate": amount / result["netlet"] * 1e-12, "seconds": result, **notes}


def kernels(device: str, only: str, seconds: float, smoke: bool) -> list[dict[str, Any]]:
    table = []
    if smoke:
        print("\nKernels", flush=True)
    else:
        print("\nKernels, us and netlet's rate; ratio above 1: netlet is faster")
        print(f"{'':60s}{'netlet':>12s}{'PyTorch':>12s}{'ratio':>8s}", flush=True)
    for row in (r for r in rows(smoke) if only in r.name):
        try:
            found = measured(row, device, seconds, smoke)
        except Exception as error:  # the other rows are worth having: time on a GPU is short
            found = {"row": row.name, "error": str(error)}
            print(f"{row.name:60s}FAILED {first_line(error)}", flush=True)
        table.append(found)
        if smoke and "error" not in found:
            print(f"{row.name:60s}ok", flush=True)
        elif "seconds" in found:
            ours, theirs = found["seconds"]["netlet"], found["seconds"].get("torch")
            line = f"{row.name:60s}{microseconds(ours):>12s}"
            line += f"{microseconds(theirs):>12s}{theirs / ours:8.2f}" if theirs else f"{'-':>12s}{'-':>8s}"
            print(f"{line}   {found['rate']:.3g} {found['unit']}   {found.get('torch_error', '')}", flush=True)
    return table


def torch_side(w: Workload, weights: list[np.ndarray], device: str, name: str) -> Torch:
    compiled = {"compiled": True, "mode": "reduce-overhead"} if name == "compiled" else {}
    return Torch(w, weights, fused=True, channels_last=w.image, device=device, **compiled)


def torch_loop(side: Torch, steps: int) -> Callable[[], object]:
    import torch

    def run() -> None:
        for _ in range(steps):
            side.step()
        torch.cuda.synchronize()

    return run


def repeats(once: Callable[[], object]) -> int:
    """How often `once` runs in LOOP_SECONDS."""
    once()
    start = time.perf_counter()
    once()
    return max(1, round(LOOP_SECONDS / (time.perf_counter() - start)))


def train(w: Workload, device: str, seconds: float, smoke: bool, peers: list[str]) -> dict[str, Any]:
    """Seconds of a step for each side; none for the smoke test, which only compares the losses."""
    x, y = data(w)
    theirs = "cuda" if device.startswith("cuda") else "cpu"
    notes, works, calls = {}, {}, {}
    with netlet.device(device):
        netlet.utils.set_random_seed(0)
        ours = build(netlet, w)
        weights = ours.get_weights()
        one = epochs_of(ours, w, x, y, 1)
        if smoke:
            one()
        else:
            calls["netlet"] = w.steps * (epochs := repeats(one))
            works["netlet"] = epochs_of(ours, w, x, y, epochs)
        plain = w.without_dropout()
        for name in peers:
            try:
                check_same_loss(plain, weights, {name: torch_side(plain, weights, theirs, name)})
                if smoke:
                    continue
                side = torch_side(w, weights, theirs, name)
                side.feed(x[: w.batch], y[: w.batch])
                calls[name] = 10 * repeats(torch_loop(side, 10))
                works[name] = torch_loop(side, calls[name])
            except AssertionError:
                raise
            except Exception as error:  # torch.compile has many ways to fail; netlet's time is worth having
                notes[f"{name}_error"] = first_line(error)
        times = alternate(*works.values(), seconds=seconds, samples=5, settle=0.0, sample_seconds=0) if works else []
    return {**{name: t / calls[name] for name, t in zip(works, times, strict=True)}, **notes}


def steps(
    device: str, chosen: list[Workload], seconds: float, smoke: bool, compile_until: float
) -> list[dict[str, Any]]:
    table: list[dict[str, Any]] = []
    print("\nA training step" + ("" if smoke else ", us; ratio above 1: netlet is faster"))
    if not smoke:
        print(f"{'':48s}{'netlet':>10s}{'eager':>10s}{'ratio':>8s}{'compiled':>10s}{'ratio':>8s}", flush=True)
    for w in chosen:
        peers = ["eager"] if have("torch") else []
        if peers and time.perf_counter() < compile_until:
            peers.append("compiled")
        try:
            result = train(small(w) if smoke else w, device, seconds, smoke, peers)
        except Exception as error:
            print(f"{w.name:60s}FAILED {first_line(error)}", flush=True)
            table.append({"workload": w.name, "error": str(error)})
            continue
        table.append({"workload": w.name, "seconds": result})
        if smoke:
            print(f"{w.name:60s}ok", flush=True)
            continue
        line = f"{w.name:48s}{microseconds(result['netlet']):>10s}"
        for side in ("eager", "compiled"):
            t = result.get(side)
            line += f"{microseconds(t):>10s}{t / result['netlet']:8.2f}" if t else f"{'-':>10s}{'-':>8s}"
        print(line, *(v for k, v in result.items() if k.endswith("_error")), flush=True)
    return table


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda:0", help="default cuda:0")
    parser.add_argument("--only", default="steps,kernels", help="steps, kernels or both")
    parser.add_argument("--rows", default="", help="only kernels whose name has this")
    parser.add_argument("--workloads", default="", help="only those whose name has this, e.g. conv")
    parser.add_argument("--seconds", type=float, default=0.2, help="spent on each side of each row, at least")
    parser.add_argument("--compile-seconds", type=float, default=120, help="no torch.compile after this time")
    parser.add_argument("--smoke", action="store_true", help="tiny shapes, no times")
    parser.add_argument("--json", help="a file for the numbers")
    options = parser.parse_args()
    if options.device not in netlet.devices():
        print(f"bench/gpu.py: there is no {options.device} here, only {', '.join(netlet.devices())}")
        return 2
    if not options.device.startswith("cuda") and not options.smoke:
        parser.error("times of a simulated GPU mean nothing: --smoke")
    about = [
        f"date:             {time.strftime('%Y-%m-%d')}",
        describe_machine(),
        f"device:           {options.device}",
    ]
    if have("torch"):
        import torch

        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
        torch.backends.cudnn.benchmark = True
        about.append(f"PyTorch:          {torch.__version__}")
        if options.device.startswith("cuda"):
            about.append(f"GPU:              {torch.cuda.get_device_name()}, cuDNN {torch.backends.cudnn.version()}")
    else:
        about.append("PyTorch is not installed and left out")
    print("\n".join(about), flush=True)
    results: dict[str, Any] = {"about": about}
    chosen = options.only.split(",")
    if "steps" in chosen:
        workloads = [w for w in WORKLOADS if options.workloads.lower() in w.name.lower()]
        until = time.perf_counter() + (0 if options.smoke else options.compile_seconds)
        results["steps"] = steps(options.device, workloads, options.seconds, options.smoke, until)
    if "kernels" in chosen:
        results["kernels"] = kernels(options.device, options.rows, options.seconds, options.smoke)
    failed = sum("error" in row for part in ("steps", "kernels") for row in results.get(part, []))
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(results, indent=1), encoding="utf-8")
    print(f"\nbench/gpu.py: {failed} rows failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
