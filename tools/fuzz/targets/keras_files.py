"""`.keras` files: changes of the zip archive, the configs in it, and the HDF5 file in it."""

from __future__ import annotations

import pathlib
import random

from ..mutation import change_bytes, change_json_bytes
from ..target import Target, written
from .hdf5_files import change_hdf5, written_by_h5py
from .models import saved, saved_models
from .zips import changed_zip, members_of, zipped


def _change_member(name: str, content: bytes, rng: random.Random) -> bytes:
    if name.endswith(".json"):
        return change_json_bytes(content, rng)
    return change_hdf5(content, rng) if name.endswith(".h5") else change_bytes(content, rng)


def _seeds() -> list[bytes]:
    archives = [*saved_models("m.keras"), _with_vocabulary()]
    for archive in archives:
        for info, content in members_of(archive):
            if info.filename.endswith(".h5"):
                written_by_h5py(content)
    return archives


def _with_vocabulary() -> bytes:
    """A model whose layer reads its vocabulary from a file in the archive, as Keras writes it."""
    import zipfile

    import netlet

    layer = netlet.layers.StringLookup(vocabulary=["a", "b"], name="lookup")
    members = members_of(saved(netlet.Sequential([netlet.Input((1,), dtype="string"), layer]), "m.keras"))
    return zipped([*members, (zipfile.ZipInfo("assets/layers/string_lookup/vocabulary.txt"), b"[UNK]\nb\nc\n")])


def _load(data: bytes, folder: pathlib.Path) -> None:
    import netlet

    netlet.models.load_model(written(folder, "m.keras", data))


MODEL = Target(
    what="a model from a .keras file",
    seeds=_seeds,
    run=_load,
    change=lambda data, rng: changed_zip(data, rng, _change_member),
    runs=80,
)
