"""HDF5 files of Keras: changes of groups, links, arrays and attributes by h5py, and of bytes."""

from __future__ import annotations

import io
import json
import pathlib
import random
from typing import Any

import numpy as np

from ..mutation import change_bytes, change_json_bytes
from ..target import CANARY, Target, either, written
from .models import dense, saved, saved_models, small

_SHAPES = ((), (0,), (3,), (2, 3), (3, 2), (2, 2), (1 << 19, 1 << 19), (4, 3, 2))
_TEXTS = ("", "x", "d", "m", "layers", "kernel:0", "kernel", "é" * 40, CANARY)


def written_by_h5py(data: bytes) -> bytes:
    """Allows edits of a file. In one whose bytes were changed, the HDF5 library may crash, or loop without end."""
    _sound.add(hash(data))
    return data


def change_hdf5(data: bytes, rng: random.Random) -> bytes:
    """One to three edits; every second file, and those that h5py did not write, are changed as bytes."""
    import h5py

    if hash(data) not in _sound or rng.randrange(2):
        return change_bytes(data, rng)
    content = io.BytesIO(data)
    try:
        with h5py.File(content, "r+") as file:
            for _ in range(rng.randint(1, 3)):
                _edit(file, rng)
    except Exception:  # an edit that does not fit the file
        return change_bytes(data, rng)
    return written_by_h5py(content.getvalue())


def _edit(file: Any, rng: random.Random) -> None:
    import h5py

    paths: list[str] = []
    file.visit(paths.append)
    path = rng.choice([*paths, rng.choice(paths) + "/new"] if paths else ["new"])
    kind = rng.randrange(10)
    if kind <= 2:
        _edit_attribute(file, rng, paths)
        return
    if kind == 4 and isinstance(file.get(path), h5py.Dataset):
        _store_elsewhere(file, path, rng)
        return
    other = rng.choice(paths) if paths else "x"
    if kind == 3 and path in file:
        file.move(path, rng.choice((path + "x", "layers/other/vars/0", "vars/0", "_layer_checkpoint_dependencies/x")))
        return
    if path in file:
        del file[path]
    if kind == 5:
        links = h5py.ExternalLink(CANARY, "/x"), h5py.SoftLink("/" + other), h5py.SoftLink("/" + path)
        file[path] = rng.choice((*links, file[other] if other in file else links[0]))
    elif kind == 6:
        file.create_group(path)
    elif kind > 6:
        _create(file, path, rng)


def _store_elsewhere(file: Any, path: str, rng: random.Random) -> None:
    """The same array, whose bytes are in another file, or in chunks that are compressed."""
    import h5py

    values = file[path][()]
    shape, dtype = values.shape, values.dtype
    del file[path]
    kind = rng.randrange(3)
    if kind == 0 and values.size:
        file.create_dataset(path, shape=shape, dtype=dtype, external=[(CANARY, 0, values.nbytes)])
    elif kind == 1 and values.size:
        layout = h5py.VirtualLayout(shape, dtype)
        layout[...] = h5py.VirtualSource(CANARY, "x", shape=shape)
        file.create_virtual_dataset(path, layout)
    else:
        chunks = tuple(min(2, n) for n in shape) if values.size else None
        file.create_dataset(path, data=values, chunks=chunks or None, compression="gzip" if chunks else None)


def _create(file: Any, path: str, rng: random.Random) -> None:
    """An array of any kind in the place of another."""
    import h5py

    shape = rng.choice(_SHAPES)
    dtypes = ("f4", "f8", "f2", "i4", "u1", ">f4", "?", "c8", "S3", "V2", h5py.string_dtype(), h5py.vlen_dtype("f4"))
    options: list[dict[str, Any]] = [
        {},
        {"chunks": tuple(max(1, n) for n in shape) or None, "compression": "gzip"},
        {"chunks": tuple(1 for _ in shape) or None, "maxshape": tuple(None for _ in shape) or None},
        {"external": [(CANARY, 0, 1 << 20)]},
        {"compression": "lzf"},
        {"fillvalue": 7, "shuffle": True, "fletcher32": True, "chunks": tuple(2 for _ in shape) or None},
    ]
    if rng.randrange(12) == 0:
        layout = h5py.VirtualLayout((2, 3), "f4")
        layout[:] = h5py.VirtualSource(CANARY, "x", shape=(2, 3))
        file.create_virtual_dataset(path, layout)
    elif rng.randrange(12) == 0:
        file.create_dataset(path, data=h5py.Empty("f4"))
    else:
        file.create_dataset(path, shape=shape, dtype=rng.choice(dtypes), **rng.choice(options))


def _edit_attribute(file: Any, rng: random.Random, paths: list[str]) -> None:
    owners = [item for item in (file, *(file[path] for path in paths)) if len(item.attrs)]
    if not owners:
        file.attrs[rng.choice(("layer_names", "weight_names", "model_config"))] = rng.choice(_TEXTS)
        return
    attributes = rng.choice(owners).attrs
    name = rng.choice(sorted(attributes))
    value = attributes[name]
    kind = rng.randrange(4)
    if kind == 0:
        del attributes[name]
    elif isinstance(value, str) and value.startswith("{"):
        attributes[name] = change_json_bytes(value.encode(), rng).decode("latin-1")
    elif isinstance(value, np.ndarray) and value.size and kind == 1:
        attributes[name] = rng.sample(list(value), rng.randint(1, len(value)))
    elif isinstance(value, np.ndarray) and value.size and kind == 2:
        attributes[name] = [*value, rng.choice((value[0], rng.choice(_TEXTS)))]
    else:
        numbers = np.zeros(3, "f4"), 3, np.array([b"a", b"\xff\xfe"]), np.zeros((0,), "S1"), json.dumps({"a": [1]})
        attributes[name] = rng.choice((*numbers, *_TEXTS))


_sound: set[int] = set()  # hashes of files
_models: dict[str, Any] = {}
_LARGE = 14_000  # bytes: between the files of the two models


def _weights_seeds() -> list[bytes]:
    _models.update(small=small(), dense=dense())
    files = [saved(_models["small"], name) for name in ("m.weights.h5", "m.h5")]
    return [*map(written_by_h5py, files * 4 + [saved(_models["dense"], name) for name in ("m.weights.h5", "m.h5")])]


def _load_weights(data: bytes, folder: pathlib.Path) -> None:
    model = _models["small" if len(data) < _LARGE else "dense"]
    model.load_weights(written(folder, "m.weights.h5", data), skip_mismatch=either(data))


def _load_legacy(data: bytes, folder: pathlib.Path) -> None:
    import netlet

    netlet.models.load_model(written(folder, "m.h5", data))


WEIGHTS = Target(
    what="weights from a .weights.h5 file, in the layouts of Keras 3 and Keras 2",
    seeds=_weights_seeds,
    run=_load_weights,
    change=change_hdf5,
    runs=80,
)
LEGACY = Target(
    what="a model from a .h5 file of Keras 2",
    seeds=lambda: [*map(written_by_h5py, saved_models("m.h5"))],
    run=_load_legacy,
    change=change_hdf5,
    runs=80,
)
