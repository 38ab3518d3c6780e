"""Text layers in `.keras` files: their vocabularies are files of the archive if Keras wrote it.

Keras needs TensorFlow for these layers, which the tests do not have: the archives are made as its source says.
"""

from __future__ import annotations

import io
import json
import zipfile

import h5py
import numpy as np
import pytest

import netlet
from netlet import layers

TEXTS = np.array([["b a b"], ["a c"], ["zzz b"]])


def lookup(**kwargs):
    layer = layers.StringLookup(**kwargs)
    layer.adapt(["b", "a", "b", "c", "b", "a"])
    return layer, np.array([["a", "b"], ["zzz", "c"], ["", "a"]])


def vectorization(**kwargs):
    layer = layers.TextVectorization(**kwargs)
    layer.adapt([text for (text,) in TEXTS])
    return layer, TEXTS


def integers(**kwargs):
    layer = layers.IntegerLookup(**kwargs)
    layer.adapt([5, 7, 5, 9])
    return layer, np.array([[5, 7], [9, 1]])


CASES = {
    "strings": lambda: lookup(),
    "strings with a mask": lambda: lookup(mask_token="", num_oov_indices=2),
    "strings, counted": lambda: lookup(output_mode="count"),
    "strings, tf-idf": lambda: lookup(output_mode="tf_idf"),
    "integers": lambda: integers(),
    "integers with a mask": lambda: integers(mask_token=0, max_tokens=5),
    "texts": lambda: vectorization(output_sequence_length=4),
    "texts, tf-idf": lambda: vectorization(output_mode="tf_idf"),
}


def as_keras_writes_it(path, layer):
    """Moves the vocabulary and the frequencies from the config to files."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(members["config.json"])
    entry = next(e for e in config["config"]["layers"] if e["class_name"] == type(layer).__name__)
    inner = getattr(layer, "_lookup_layer", layer)
    entry["config"].update(vocabulary=None, idf_weights=None, vocabulary_size=inner.vocabulary_size())
    name = {"StringLookup": "string_lookup", "IntegerLookup": "integer_lookup"}.get(type(layer).__name__)
    places = [f"layers/{name}"] if name else ["layers/text_vectorization", "layers/text_vectorization/_lookup_layer"]
    weights = io.BytesIO(members["model.weights.h5"])
    with h5py.File(weights, "a") as file:
        for place in places:
            text = "\n".join(str(token) for token in inner.get_vocabulary())
            members[f"assets/{place}/vocabulary.txt"] = text.encode()
            if inner.output_mode == "tf_idf":
                file[f"{place}/vars/idf_weights"] = inner.idf_weights
    members.update({"config.json": json.dumps(config).encode(), "model.weights.h5": weights.getvalue()})
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
@pytest.mark.parametrize("by_keras", [False, True])
def test_vocabularies(case, by_keras, tmp_path):
    layer, x = case()
    dtype = "string" if x.dtype.kind == "U" else "int64"
    model = netlet.Sequential([netlet.Input(x.shape[1:], dtype=dtype), layer])
    path = tmp_path / "m.keras"
    model.save(path)
    if by_keras:
        as_keras_writes_it(path, layer)
    again = netlet.models.load_model(path)
    assert again.layers[0].get_vocabulary() == layer.get_vocabulary()
    np.testing.assert_array_equal(np.asarray(again.predict(x, verbose=0)), np.asarray(model.predict(x, verbose=0)))


@pytest.mark.parametrize("content", [b"\xff\xfe", b"a\na\na", b"", b"only"])
def test_vocabularies_that_are_damaged(content, tmp_path):
    layer, x = lookup(output_mode="tf_idf")
    path = tmp_path / "bad.keras"
    netlet.Sequential([netlet.Input(x.shape[1:], dtype="string"), layer]).save(path)
    as_keras_writes_it(path, layer)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["assets/layers/string_lookup/vocabulary.txt"] = content
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    with pytest.raises(ValueError, match=r"bad\.keras"):
        netlet.models.load_model(path)
