"""The sections of a page: each makes the tables and charts of one group of results."""

from __future__ import annotations

import pathlib
from collections.abc import Callable
from typing import Any, NamedTuple

from .charts import bars
from .tables import mean, number, ratio, table

Tables = dict[str, dict[str, dict[str, Any]]]


class Section(NamedTuple):
    """A part of a page. `alt` describes its chart for people who do not see it; without `alt` there is no chart."""

    heading: str
    intro: str
    body: str
    alt: str = ""


def micro(seconds: float | None) -> str:
    return number(seconds * 1e6) if seconds else ""


def _over(peer: float | None, ours: float) -> float | None:
    return peer / ours if peer else None


def _fastest(row: dict[str, float], start: str) -> float | None:
    """The best of a peer's variants: the shortest time of the columns with that start."""
    return min((t for side, t in row.items() if side.startswith(start)), default=None)


def _mean(ratios: list[float | None], of: str) -> str:
    """A paragraph with the geometric mean; nothing where no peer was measured."""
    count = sum(map(bool, ratios))
    rows = "" if count == len(ratios) else f" over {count} rows with a peer"
    return f"\n\nGeometric mean{rows}: {ratio(mean(ratios))} {of}." if count else ""


def _named(**ratios: float | None) -> dict[str, float]:
    labels = {"torch": "PyTorch", "keras": "Keras on JAX", "onnx": "ONNX Runtime"}
    return {labels[name]: value for name, value in ratios.items() if value}


def training(tables: Tables, picture: pathlib.Path) -> Section:
    rows, chart, torches, kerases = [], {}, [], []
    for name, row in tables["steps"].items():
        ours, torch, keras = row["netlet"], _fastest(row, "torch"), row.get("keras")
        torches.append(_over(torch, ours))
        kerases.append(_over(keras, ours))
        chart[name] = _named(torch=torches[-1], keras=kerases[-1])
        cells = [micro(ours), micro(torch), ratio(torches[-1]), micro(keras), ratio(kerases[-1])]
        rows.append([name, *cells, number(row["floor"])])
    bars(
        picture,
        chart,
        "One training step: how many times faster netlet is",
        "peer's time / netlet's time (logarithmic)",
        log=True,
        line=1,
        unit="×",
    )
    header = ["network, optimizer, batch", "netlet", "PyTorch", "ratio", "Keras", "ratio", "floor, GFLOP/s"]
    means = _mean(torches, "PyTorch's speed") + _mean(kerases, "Keras's speed")
    return Section(
        "Training steps",
        "Microseconds a step, smaller is better. PyTorch: the best of its plain optimizer, its fused one and, for "
        "images, channels last.",
        table(header, rows) + means,
        "Training steps beside PyTorch and Keras",
    )


def predictions(tables: Tables, picture: pathlib.Path) -> Section:
    rows, chart, ratios = [], {}, []
    for name, row in tables["predict"].items():
        ratios.append(_over(row.get("onnxruntime"), row["netlet"]))
        if ratios[-1]:
            chart[name] = _named(onnx=ratios[-1])
        rows.append(
            [name, micro(row["netlet"]), micro(row.get("onnxruntime")), ratio(ratios[-1]), number(row["floor"])]
        )
    bars(
        picture,
        chart,
        "One prediction: how many times faster netlet is than ONNX Runtime",
        "ONNX Runtime's time / netlet's time (logarithmic)",
        log=True,
        line=1,
        unit="×",
    )
    header = ["network, rows", "netlet", "ONNX Runtime", "ratio", "floor, GFLOP/s"]
    return Section(
        "Predictions",
        "Microseconds of `predict_on_batch` beside ONNX Runtime's `session.run`, smaller is better.",
        table(header, rows) + _mean(ratios, "ONNX Runtime's speed"),
        "Predictions beside ONNX Runtime",
    )


def memory(tables: Tables, picture: pathlib.Path) -> Section:
    labels = {"netlet": "netlet", "torch": "PyTorch"}
    rows, chart = [], {}
    for name, row in tables["memory"].items():
        chart[name] = {label: row[side] for side, label in labels.items() if side in row}
        rows.append([name, *(number(row.get(side)) for side in labels)])
    bars(picture, chart, "Peak memory of training, beyond the import", "MiB")
    imports = [[name, number(row["seconds"] * 1e3)] for name, row in tables["import"].items()]
    return Section(
        "Memory, size and start",
        "Peak memory of 50 training steps beyond the import, MiB.",
        table(["network", *labels.values()], rows)
        + "\n\nImport in a fresh process, NumPy included; netlet imports its parts when they are first used.\n\n"
        + table(["import", "ms"], imports)
        + f"\n\nThe wheel: {tables['size']['wheel']['bytes'] / 1e6:.2f} MB.",
        "Peak memory of training beside PyTorch",
    )


def applications(tables: Tables, picture: pathlib.Path) -> Section:
    rows, chart = [], {}
    for name, row in tables["applications"].items():
        peer = _fastest(row, "torch")
        found = _over(peer, row["netlet"])
        chart[name] = _named(torch=found)
        rows.append(
            [name, number(row["netlet"] * 1e3), number(peer and peer * 1e3), ratio(found), number(row["floor"])]
        )
    bars(
        picture,
        chart,
        "Large networks: netlet's speed relative to PyTorch's",
        "PyTorch's time / netlet's time",
        line=1,
        unit="×",
    )
    return Section(
        "MobileNetV2 and ResNet50",
        "Milliseconds, smaller is better; PyTorch's better layout.",
        table(["network", "netlet", "PyTorch", "ratio", "floor, GFLOP/s"], rows),
        "MobileNetV2 and ResNet50 beside PyTorch",
    )


def _rates(tables: Tables) -> str:
    """Tables of kernels: the rates of all sides, and netlet's speed relative to the best peer."""
    parts = []
    for group, measured in tables.items():
        rows, ratios = [], []
        for name, row in measured.items():
            ours = max(row.get("plan", 0), row.get("call", 0))
            peers = {s: r for s, r in row.items() if s not in ("plan", "call", "floor", "unit")}
            best = max(peers.values(), default=None)
            ratios.append(ours / best if best else None)
            who = max(peers, key=lambda side: peers[side]) if peers else ""
            cells = [row["unit"], number(row.get("plan")), number(row.get("call")), number(best), who]
            rows.append([name, *cells, ratio(ratios[-1]), number(row.get("floor"))])
        header = ["row", "unit", "plan", "call", "best peer", "which", "ratio", "floor"]
        parts.append(f"### {group}\n\n{table(header, rows)}" + _mean(ratios, "the best peer's speed"))
    return "\n\n".join(parts)


def products(tables: Tables, picture: pathlib.Path) -> Section:
    return Section(
        "Matrix products",
        'Rates on one thread, larger is better. "plan" is the product inside a recorded step, "call" one `ops.matmul` '
        'of NumPy arrays, "floor" a loop of multiply-adds alone.',
        _rates(tables),
        "Rates of matrix products over their size",
    )


def convolutions(tables: Tables, picture: pathlib.Path) -> Section:
    chart = {}
    for name, row in tables["conv"].items():
        peers = [r for s, r in row.items() if s not in ("plan", "call", "floor", "unit")]
        if peers and "gradients" not in name:
            chart[name] = {"best peer": row.get("plan", row.get("call", 0)) / max(peers)}
    bars(
        picture,
        chart,
        "Convolutions forward: netlet's speed relative to the best peer",
        "rate in a plan / the best peer's rate",
        line=1,
        unit="×",
    )
    return Section(
        "Convolutions",
        "Rates of the definition on two threads, larger is better. Winograd takes 16 products where a 3×3 kernel's "
        "definition has 36, so a rate can exceed the floor.",
        _rates(tables),
        "Convolutions beside the best peer",
    )


def kernels(tables: Tables, picture: pathlib.Path) -> Section:
    return Section("Other kernels", "Rates on one thread, larger is better.", _rates(tables))


def eight_bit(tables: Tables, picture: pathlib.Path) -> Section:
    chart, rows = {}, []
    for name, sides in tables["inference"].items():
        plain, static = sides["float32"], sides["int8 static"]
        onnx = sides.get("ORT float32", {}).get("seconds")
        coded = min((s["seconds"] for side, s in sides.items() if side.startswith("ORT int8")), default=None)
        chart[name] = {"int8": plain["seconds"] / static["seconds"]}
        if coded:
            chart[name]["ONNX Runtime's int8"] = plain["seconds"] / coded
        gains = [ratio(chart[name]["int8"]), number(static["bytes"] / plain["bytes"]), number(static["snr"])]
        rows.append([name, *map(micro, (plain["seconds"], static["seconds"])), *gains, micro(onnx), micro(coded)])
    bars(
        picture,
        chart,
        "Eight bits: gain over netlet's float32, one thread",
        "float32's time / 8-bit time",
        line=1,
        unit="×",
    )
    header = ["network", "float32", "int8", "gain", "file", "SNR, dB", "ONNX Runtime: float32", "its int8"]
    accuracy = [[name, *(f"{form[key]:.2f}" for key in form)] for name, form in tables["accuracy"].items()]
    steps = [
        [name, micro(row["float32"]), micro(row["mixed_bfloat16"]), ratio(row["float32"] / row["mixed_bfloat16"])]
        for name, row in tables["training"].items()
    ]
    forms = list(next(iter(tables["accuracy"].values())))
    return Section(
        "Eight bits and bfloat16",
        "Microseconds of a batch on one thread; int8 with static activations, every layer quantized. ONNX Runtime's "
        "int8 is the better of the forms that its own tools make.",
        table(header, rows)
        + "\n\nAccuracy on scikit-learn's digits, percent, mean of the seeds. Aware training is compared with a "
        + "float32 model that trains as long.\n\n"
        + table(["network", *forms], accuracy)
        + "\n\nA training step in microseconds, float32 and `mixed_bfloat16`.\n\n"
        + table(["network", "float32", "bfloat16", "gain"], steps),
        "Gains of 8 bits over float32",
    )


SECTIONS: dict[str, Callable[[Tables, pathlib.Path], Section]] = {
    "training": training,
    "predictions": predictions,
    "memory": memory,
    "applications": applications,
    "products": products,
    "convolutions": convolutions,
    "kernels": kernels,
    "eight-bit": eight_bit,
}
