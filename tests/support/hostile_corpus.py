"""Files in every format that netlet reads: valid ones, and hostile ones that ask for code, other files or memory."""

from __future__ import annotations

import base64
import gzip
import io
import json
import marshal
import pathlib
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import netlet
from netlet import layers

from . import data_files
from .hostile import mutate, put_together, take_apart

MUTANTS = 8  # of each document
EVIL = "touch evil"
_CODE = base64.b64encode(marshal.dumps((lambda x: __import__("os").system("touch evil")).__code__)).decode()
LAMBDA = {"class_name": "__lambda__", "config": {"value": {"code": _CODE, "defaults": None, "closure": None}}}


class Evil:
    """Unpickling it runs a command."""

    def __reduce__(self) -> Any:
        import os

        return os.system, (EVIL,)


def model() -> Any:
    return netlet.Sequential([netlet.Input((4,)), layers.Dense(3, "relu", name="first"), layers.Dense(2, name="last")])


def write(folder: pathlib.Path) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Writes the corpus. Returns (valid files, hostile files), each as (kind, path).

    The kinds: "model" for `load_model`, "weights" for `load_weights`, "onnx", "digits" and "words" for data sets.
    """
    secret = folder / "secret"
    secret.write_bytes(bytes(4096))
    good, bad = [], []
    for kind, name, content, hostile in [*_models(folder), *_foreign(folder), *_data_sets(folder)]:
        good.append((kind, _file(folder, f"good-{name}", content)))
        for i, changed in enumerate([*hostile, *_damaged(content)]):
            bad.append((kind, _file(folder, f"bad{i}-{name}", changed)))
    return good, bad


def _file(folder: pathlib.Path, name: str, content: bytes) -> str:
    (folder / name).write_bytes(content)
    return str(folder / name)


def _damaged(content: bytes) -> Iterator[bytes]:
    yield content[: len(content) // 2]
    yield content[:-1]
    rng = np.random.default_rng(len(content))
    for _ in range(MUTANTS // 2):
        changed = bytearray(content)
        for at in rng.integers(len(content), size=3):
            changed[at] = rng.integers(256)
        yield bytes(changed)


def _edits(layer: Callable[[Any], Any]) -> Iterator[Callable[[Any], Any]]:
    """Changes of a document; `layer(document)` is the description of its last layer."""
    system = {"module": "os", "class_name": "function", "config": "system", "registered_name": "system"}
    yield lambda d: layer(d).update(module="antigravity", class_name="geohash")
    yield lambda d: layer(d).update(module="netlet.saving", class_name="load_model")
    yield lambda d: layer(d)["config"].update(activation=system)
    yield lambda d: layer(d)["config"].update(activation=LAMBDA)
    yield lambda d: layer(d).update(class_name="Lambda", config={"name": "f", "function": LAMBDA})
    yield lambda d: layer(d)["config"].update(units=10**9)
    yield lambda d: layer(d)["config"].update(kernel_initializer="../secret")


def _documents(document: Any, layer: Callable[[Any], Any]) -> Iterator[Any]:
    for edit in _edits(layer):
        changed = json.loads(json.dumps(document))
        edit(changed)
        yield changed
    for seed in range(MUTANTS):
        yield mutate(document, np.random.default_rng(seed))


def _models(folder: pathlib.Path) -> Iterator[tuple[str, str, bytes, list[bytes]]]:
    import h5py

    scratch = folder / "scratch"
    scratch.mkdir()
    for ending in ("netlet", "keras", "h5", "weights.netlet", "weights.h5"):
        path = scratch / f"m.{ending}"
        saved = model()
        (saved.save_weights if ending.startswith("weights") else saved.save)(path)
        content, hostile = path.read_bytes(), []

        def changed_netlet(document: Any, path: pathlib.Path = path) -> bytes:
            _, tensors, data = take_apart(scratch / "m.netlet")
            put_together(path, document, tensors, data)
            return path.read_bytes()

        def changed_h5(edit: Callable[[Any], Any], path: pathlib.Path = path, content: bytes = content) -> bytes:
            path.write_bytes(content)
            with h5py.File(path, "a") as file:
                edit(file)
            return path.read_bytes()

        if ending == "netlet":
            document = take_apart(path)[0]
            hostile = [changed_netlet(d) for d in _documents(document, lambda d: d["model"]["config"]["layers"][-1])]
        elif ending == "keras":
            with zipfile.ZipFile(path) as archive:
                members = {name: archive.read(name) for name in archive.namelist()}
            for d in _documents(json.loads(members["config.json"]), lambda d: d["config"]["layers"][-1]):
                hostile.append(_zip({**members, "config.json": json.dumps(d).encode()}))
            hostile.append(_zip({**members, "assets/../../evil": b"x"}))
            hostile.append(_zip({**members, "model.weights.h5": bytes(64 << 20)}))
        elif ending == "h5":
            config = json.loads(h5py.File(path).attrs["model_config"])
            for d in _documents(config, lambda d: d["config"]["layers"][-1]):
                hostile.append(changed_h5(lambda file, d=d: file.attrs.modify("model_config", json.dumps(d))))
        elif ending == "weights.h5":
            hostile = [changed_h5(lambda file, edit=edit: edit(file, str(folder / "secret"))) for edit in _LINKS]
        path.write_bytes(content)
        yield "weights" if ending.startswith("weights") else "model", f"m.{ending}", content, hostile


_KERNEL = "layers/dense/vars/0"


def _external(file: Any, secret: str) -> None:
    del file[_KERNEL]
    file.create_dataset(_KERNEL, (4, 3), "f4", external=[(secret, 0, 48)])


def _link(file: Any, secret: str) -> None:
    import h5py

    del file[_KERNEL]
    file[_KERNEL] = h5py.ExternalLink(secret, "/x")


def _virtual(file: Any, secret: str) -> None:
    import h5py

    layout = h5py.VirtualLayout((4, 3), "f4")
    layout[:] = h5py.VirtualSource(secret, "x", shape=(4, 3))
    del file[_KERNEL]
    file.create_virtual_dataset(_KERNEL, layout)


def _terabyte(file: Any, secret: str) -> None:
    del file[_KERNEL]
    file.create_dataset(_KERNEL, (1 << 19, 1 << 19), "f4", chunks=(1, 1))


_LINKS = (_external, _link, _virtual, _terabyte)


def _zip(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def _foreign(folder: pathlib.Path) -> Iterator[tuple[str, str, bytes, list[bytes]]]:
    from onnx import TensorProto

    from .onnx_graphs import Graph

    def adding(tensor: Any, op: str = "Add") -> bytes:
        graph = Graph(x=("n", 3))
        proto = graph.model(graph(op, "x", "w"))
        tensor.name = "w"
        proto.graph.initializer.append(tensor)
        return proto.SerializeToString()

    outside = TensorProto(dims=[3], data_type=TensorProto.FLOAT, data_location=TensorProto.EXTERNAL)
    outside.external_data.add(key="location", value="secret")
    absolute = TensorProto(dims=[3], data_type=TensorProto.FLOAT, data_location=TensorProto.EXTERNAL)
    absolute.external_data.add(key="location", value=str(folder / "secret"))
    huge = TensorProto(dims=[1 << 40], data_type=TensorProto.FLOAT, raw_data=b"1234")
    fine = TensorProto(dims=[3], data_type=TensorProto.FLOAT, float_data=[1.0, 2.0, 3.0])
    hostile = [adding(tensor) for tensor in (outside, absolute, huge)]
    yield "onnx", "m.onnx", adding(fine), [*hostile, adding(fine, "Evil")]


def _npy(array: Any, header: bytes | None = None) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=True)
    content = buffer.getvalue()
    if header is None:
        return content
    length = int.from_bytes(content[8:10], "little")
    return content[:10] + header.ljust(length - 1)[: length - 1] + b"\n" + content[10 + length :]


def _data_sets(folder: pathlib.Path) -> Iterator[tuple[str, str, bytes, list[bytes]]]:
    (x, y), (u, v) = data_files.digits(4), data_files.digits(2)
    arrays = {"x_train": x, "y_train": y, "x_test": u, "y_test": v}
    plain = {f"{name}.npy": _npy(array) for name, array in arrays.items()}
    pickled = _npy(np.array([Evil()], object))
    headers = [
        b"{'descr': '|u1', 'fortran_order': False, 'shape': (1099511627776, 28, 28), }",
        b"{'descr': '|u1', 'fortran_order': False, 'shape': __import__('os').system('touch evil'), }",
    ]
    hostile = [_zip({**plain, "x_train.npy": data}) for data in (pickled, *(_npy(x, h) for h in headers))]
    yield "digits", "mnist.npz", _zip(plain), hostile
    images = data_files.idx(x)
    lying = images[:4] + (1 << 31).to_bytes(4, "big") + images[8:]
    yield "images", "train-images-idx3-ubyte", images, [lying, gzip.compress(lying), gzip.compress(bytes(64 << 20))]
    lists = np.array([[1, 2], [3]], object)
    words = {f"{name}.npy": _npy(lists if name[0] == "x" else np.array([0, 1])) for name in arrays}
    yield "words", "imdb.npz", _zip(words), [_zip({**words, "x_train.npy": pickled})]
