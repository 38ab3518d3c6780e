"""Untrusted `.keras` files: whatever the content, loading raises a ValueError, runs no code and extracts no file."""

from __future__ import annotations

import base64
import json
import marshal
import os
import stat
import sys
import warnings
import zipfile

import numpy as np
import pytest

import netlet
from netlet import layers
from support.child import LIMIT, run_child
from support.hostile import mutate

CONFIG, WEIGHTS = "config.json", "model.weights.h5"


def trained_model():
    a = netlet.Input((4,), name="a")
    shared = layers.Dense(4, "relu", kernel_regularizer="l2", name="shared")
    inner = netlet.Sequential([netlet.Input((4,)), layers.Dense(4), layers.Dropout(0.5)], name="inner")
    h = inner(shared(a)) + shared(a) * 0.5
    model = netlet.Model(a, layers.Dense(3, name="out")(netlet.ops.concatenate([h, h[:, 1:3]], axis=-1)))
    model.compile("adam", "mse", metrics=["mae"])
    model.fit(np.zeros((4, 4), "float32"), np.zeros((4, 3), "float32"), verbose=0)
    return model


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    path = tmp_path_factory.mktemp("good") / "good.keras"
    trained_model().save(path)
    return path


def members(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rewrite(path, content, compression=zipfile.ZIP_STORED, extra=()):
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w", compression) as archive:
        warnings.simplefilter("ignore")  # names that occur twice
        for name, data in [*content.items(), *extra]:
            archive.writestr(name, data)


def linked(name):
    info = zipfile.ZipInfo(name)
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


ARCHIVES = {
    "no config": lambda path, m: rewrite(path, {k: v for k, v in m.items() if k != CONFIG}),
    "no weights": lambda path, m: rewrite(path, {k: v for k, v in m.items() if k != WEIGHTS}),
    "a member twice": lambda path, m: rewrite(path, m, extra=[(CONFIG, m[CONFIG])]),
    "a path upward": lambda path, m: rewrite(path, m, extra=[("assets/../../evil", b"x")]),
    "an absolute path": lambda path, m: rewrite(path, m, extra=[("/tmp/evil", b"x")]),
    "a path of Windows": lambda path, m: rewrite(path, m, extra=[("C:\\evil", b"x")]),
    "backslashes upward": lambda path, m: rewrite(path, m, extra=[("assets\\..\\..\\evil", b"x")]),
    "a link": lambda path, m: rewrite(path, m, extra=[(linked("assets/x"), "/etc/passwd")]),
    "zeros without end": lambda path, m: rewrite(path, {**m, "x": bytes(64 << 20)}, zipfile.ZIP_DEFLATED),
    "weights that expand": lambda path, m: rewrite(path, {**m, WEIGHTS: bytes(64 << 20)}, zipfile.ZIP_DEFLATED),
    "a text that expands": lambda path, m: rewrite(
        path, {**m, CONFIG: m[CONFIG] + b" " * (64 << 20)}, zipfile.ZIP_DEFLATED
    ),
    "an unusual compression": lambda path, m: rewrite(path, m, zipfile.ZIP_LZMA),
    "weights that are none": lambda path, m: rewrite(path, {**m, WEIGHTS: b"x" * 5000}),
    "a config that is none": lambda path, m: rewrite(path, {**m, CONFIG: b"{"}),
    "a config that is a list": lambda path, m: rewrite(path, {**m, CONFIG: b"[]"}),
    "a config that is no text": lambda path, m: rewrite(path, {**m, CONFIG: b"\xff\xfe\xff"}),
    "lists in lists without end": lambda path, m: rewrite(path, {**m, CONFIG: b"[" * 10**6}),
    "dicts in dicts without end": lambda path, m: rewrite(
        path, {**m, CONFIG: b'{"config":' * 10**5 + b"1" + b"}" * 10**5}
    ),
    "a truncated file": lambda path, m: path.write_bytes(path.read_bytes()[:-100]),
    "an empty file": lambda path, m: path.write_bytes(b""),
    "an archive without members": lambda path, m: rewrite(path, {}),
    "bytes that changed": lambda path, m: path.write_bytes(path.read_bytes().replace(b'"units": 4', b'"units": 5', 1)),
}


@pytest.mark.parametrize("make", ARCHIVES.values(), ids=ARCHIVES)
def test_what_an_archive_may_not_be(make, good, tmp_path):
    path = tmp_path / "bad.keras"
    path.write_bytes(good.read_bytes())
    make(path, members(good))
    with pytest.raises(ValueError, match=r"bad\.keras"):
        netlet.models.load_model(path)
    assert os.listdir(tmp_path) == ["bad.keras"]


def test_a_directory_or_a_device_in_place_of_the_file(tmp_path):
    (tmp_path / "d.keras").mkdir()
    with pytest.raises(ValueError, match="no regular file"):
        netlet.models.load_model(tmp_path / "d.keras")
    (tmp_path / "d.h5").mkdir()
    with pytest.raises(ValueError, match="no regular file"):
        netlet.models.load_model(tmp_path / "d.h5")


def test_members_may_be_compressed(good, tmp_path):
    path = tmp_path / "packed.keras"
    rewrite(path, members(good), zipfile.ZIP_DEFLATED)
    np.testing.assert_array_equal(
        netlet.models.load_model(path).get_weights()[0], netlet.models.load_model(good).get_weights()[0]
    )


def entry(document, name):
    return next(e for e in document["config"]["layers"] if e["name"] == name)


def op(document, class_name):
    return next(e for e in document["config"]["layers"] if e["class_name"] == class_name)


def code_of_a_lambda():
    """What Keras writes for a Lambda with a Python lambda: marshalled code."""
    code = marshal.dumps((lambda x: __import__("os").system("touch evil")).__code__)
    return {"code": base64.b64encode(code).decode(), "defaults": None, "closure": None}


def a_lambda(document):
    entry(document, "out").update(
        class_name="Lambda",
        config={"name": "out", "function": {"class_name": "__lambda__", "config": {"value": code_of_a_lambda()}}},
    )


CONFIGS = {
    "a Lambda with code": a_lambda,
    "an activation that is code": lambda d: entry(d, "out")["config"].update(
        activation={"class_name": "__lambda__", "config": {"value": code_of_a_lambda()}}
    ),
    "a loss that is code": lambda d: d["compile_config"].update(
        loss={"class_name": "__lambda__", "config": {"value": code_of_a_lambda()}}
    ),
    "a module to import": lambda d: entry(d, "out").update(module="antigravity", class_name="geohash"),
    "a function of the system": lambda d: entry(d, "out")["config"].update(
        activation={"module": "os", "class_name": "function", "config": "system", "registered_name": "system"}
    ),
    "a function of Keras that is no activation": lambda d: entry(d, "out")["config"].update(
        activation={"module": "keras.saving", "class_name": "function", "config": "load_model", "registered_name": None}
    ),
    "an unknown op": lambda d: next(e for e in d["config"]["layers"] if e["class_name"] == "Add").update(
        class_name="Evil"
    ),
    "an op of another module": lambda d: next(e for e in d["config"]["layers"] if e["class_name"] == "Add").update(
        module="keras.src.ops.core", class_name="VectorizedMap"
    ),
    "an option that an op does not have": lambda d: next(
        e for e in d["config"]["layers"] if e["class_name"] == "Concatenate"
    )["config"].update(evil=3),
    "an op on constants alone": lambda d: next(e for e in d["config"]["layers"] if e["class_name"] == "Add")[
        "inbound_nodes"
    ].__setitem__(0, {"args": [[1.0], [2.0]], "kwargs": {}}),
    "a call without arguments": lambda d: entry(d, "out")["inbound_nodes"].__setitem__(0, {"args": [], "kwargs": {}}),
    "calls that are none": lambda d: entry(d, "out").update(inbound_nodes=7),
    "more units than the file holds": lambda d: entry(d, "out")["config"].update(units=10**9),
    "units that do not fit": lambda d: entry(d, "out")["config"].update(units=7),
    "a quantized layer": lambda d: entry(d, "out")["config"].update(quantization_config={"class_name": "Int8"}),
    "a model that is a layer": lambda d: d.update(module="keras.layers", class_name="Dense", config={"units": 3}),
    "no class": lambda d: d.pop("class_name"),
    "layers that are none": lambda d: d["config"].update(layers=3),
    "an unknown optimizer": lambda d: d["compile_config"].update(optimizer="addam"),
    "an unknown argument of compile": lambda d: d["compile_config"].update(evil=1),
}


@pytest.mark.parametrize("edit", CONFIGS.values(), ids=CONFIGS)
def test_what_a_config_may_not_say(edit, good, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    content = members(good)
    document = json.loads(content[CONFIG])
    edit(document)
    rewrite(tmp_path / "bad.keras", {**content, CONFIG: json.dumps(document)})
    for safe_mode in (True, False):
        with pytest.raises(ValueError, match=r"bad\.keras"):
            netlet.models.load_model(tmp_path / "bad.keras", safe_mode=safe_mode)
    assert os.listdir() == ["bad.keras"]


@pytest.mark.parametrize(
    "value", [3, {"seeds": 3}, {"seeds": [["x", 1]]}, {"training": {"class_name": "Evil", "config": {}}}]
)
def test_what_netlets_part_of_the_metadata_may_say(value, good, tmp_path):
    content = members(good)
    metadata = {**json.loads(content["metadata.json"]), "netlet": value}
    rewrite(tmp_path / "bad.keras", {**content, "metadata.json": json.dumps(metadata)})
    try:
        netlet.models.load_model(tmp_path / "bad.keras")
    except ValueError as error:
        assert "bad.keras" in str(error)  # noqa: PT017


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_memory_is_in_proportion_to_the_file(good, tmp_path):
    """Files of a few kilobytes that declare gigabytes are refused within 64 MB."""
    content = members(good)
    document = json.loads(content[CONFIG])
    entry(document, "shared")["config"]["units"] = 50_000
    entry(document, "a")["config"]["batch_shape"] = [None, 50_000]
    rewrite(tmp_path / "units.keras", {**content, CONFIG: json.dumps(document)})
    rewrite(tmp_path / "zeros.keras", {**content, WEIGHTS: bytes(128 << 20)}, zipfile.ZIP_DEFLATED)
    lying = bytearray((tmp_path / "zeros.keras").read_bytes())
    at = lying.rindex(b"PK\x01\x02", 0, lying.rindex(WEIGHTS.encode()))
    lying[at + 24 : at + 28] = (10_000).to_bytes(4, "little")  # the size in the directory, which is checked
    (tmp_path / "lying.keras").write_bytes(lying)
    paths = [str(tmp_path / f"{name}.keras") for name in ("units", "zeros", "lying")]
    run_child(
        LIMIT
        + f"""
import netlet
netlet.models.load_model({str(good)!r})
limit_memory(64 << 20)
for path in {paths!r}:
    try:
        netlet.models.load_model(path)
    except ValueError as error:
        assert path in str(error), error
    else:
        raise SystemExit(path + " was loaded")
"""
    )


def test_mutated_configs(good, tmp_path):
    """A model that can be saved again, or a ValueError with the path."""
    content = members(good)
    document = json.loads(content[CONFIG])
    path, outcomes = tmp_path / "bad.keras", {"loaded": 0, "refused": 0}
    for seed in range(80):
        changed = mutate(document, np.random.default_rng(seed))
        rewrite(path, {**content, CONFIG: json.dumps(changed)})
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                netlet.models.load_model(path)
            outcomes["loaded"] += 1
        except ValueError as error:
            assert str(path) in str(error), (seed, error)  # noqa: PT017
            outcomes["refused"] += 1
    assert min(outcomes.values()) > 5, outcomes


def test_no_file_stays_open(good, tmp_path):
    if not os.path.isdir("/proc/self/fd"):
        pytest.skip("reads /proc")
    before = set(os.listdir("/proc/self/fd"))
    bad = tmp_path / "bad.keras"
    bad.write_bytes(good.read_bytes()[:-1])
    for _ in range(3):
        netlet.models.load_model(good)
        with pytest.raises(ValueError, match=r"bad\.keras"):
            netlet.models.load_model(bad)
    assert set(os.listdir("/proc/self/fd")) <= before
