"""The Hashing layer against Keras's docstring examples and tests; its hash functions against published values."""

from __future__ import annotations

import json

import numpy as np
import pytest

import netlet
from netlet.layers import Hashing
from netlet.layers.preprocessing.text.fingerprint import farmhash64, siphash64
from netlet.saving import deserialize_keras_object, serialize_keras_object

LETTERS = [["A"], ["B"], ["C"], ["D"], ["E"]]
NAMES = ["omar", "stringer", "marlo", "wire", "skywalker"]
TEXT = b"the quick brown fox jumps over the lazy dog " * 8
# Hashes of prefixes of TEXT by the package pyfarmhash 0.5.1 (Google's C++); the lengths cover each branch's limits.
FARMHASH = {
    0: 0x9AE16A3B2F90404F,
    1: 0x6092B4796110F659,
    3: 0x6132D02E3F9FAF6A,
    4: 0x0DE4D3FDDEBDB0BD,
    7: 0x58994D61436EC088,
    8: 0xF1D0E3CA7AE0B8FE,
    16: 0x53FDFE1A208A5526,
    17: 0x9D20E2DBE4AB1185,
    32: 0xFA66EE2D801258CF,
    33: 0xD4C34435E5C9E3CD,
    64: 0x6BCD077F0CBF1590,
    65: 0xB8C53E8AFA04D46B,
    128: 0x77DE96A27CA0F7C5,
    129: 0xB0CDA731D3107309,
    200: 0xFFB0A3D035806211,
    256: 0x292BCBE3C19C57F9,
}


@pytest.mark.parametrize("length", FARMHASH)
def test_farmhash_is_googles(length):
    assert farmhash64(TEXT[:length]) == FARMHASH[length]


def test_farmhash_is_bigquerys():
    """The example of FARM_FINGERPRINT in BigQuery's documentation, as signed integers."""
    expected = {b"1footrue": -1541654101129638711, b"2applefalse": 2794438866806483259, b"3true": -4880158226897771312}
    assert {k: (farmhash64(k) ^ 1 << 63) - (1 << 63) for k in expected} == expected


def test_siphash_is_the_papers():
    """The example in appendix A of the SipHash paper, and the first test vectors of its reference code."""
    key = (0x0706050403020100, 0x0F0E0D0C0B0A0908)
    assert siphash64(bytes(range(15)), key) == 0xA129CA6149BE45E5
    assert siphash64(b"", key).to_bytes(8, "little").hex() == "310e0edd47db6f72"
    assert siphash64(b"\0", key).to_bytes(8, "little").hex() == "fd67dc93c539f874"


@pytest.mark.parametrize(
    ("arguments", "data", "expected"),
    [
        ({"num_bins": 3}, LETTERS, [[1], [0], [1], [1], [2]]),
        ({"num_bins": 3, "mask_value": ""}, [["A"], ["B"], [""], ["C"], ["D"]], [[1], [1], [0], [2], [2]]),
        ({"num_bins": 3, "salt": [133, 137]}, LETTERS, [[1], [2], [1], [0], [2]]),
        ({"num_bins": 3, "salt": 133}, LETTERS, [[0], [0], [2], [1], [0]]),
        ({"num_bins": 1}, LETTERS, [[0]] * 5),
        ({"num_bins": 2}, NAMES, [0, 0, 1, 0, 0]),
        ({"num_bins": 3, "mask_value": ""}, NAMES, [1, 1, 2, 1, 1]),
        ({"num_bins": 3, "mask_value": "omar"}, NAMES, [0, 1, 2, 1, 1]),
        ({"num_bins": 2, "salt": [133, 137]}, NAMES, [0, 1, 0, 1, 0]),
        ({"num_bins": 2, "salt": [211, 137]}, NAMES, [1, 0, 1, 0, 1]),
        ({"num_bins": 3}, [0, 1, 2, 3, 4], [1, 0, 1, 0, 2]),
        ({"num_bins": 3}, (0.0, 1.9, 2.0, 3.0, 4.0), [1, 0, 1, 0, 2]),
        ({"num_bins": 3, "salt": [133, 137]}, [[0], [1], [2], [3], [4]], [[1], [1], [2], [0], [1]]),
        ({"num_bins": 3, "mask_value": 2}, [0, 1, 2], [1 + farmhash64(b"0") % 2, 1 + farmhash64(b"1") % 2, 0]),
        ({"num_bins": 2}, [[[1], [2]], [[2], [3]], [[3], [4]]], [[[1], [1]]] * 3),
        ({"num_bins": 3, "output_mode": "one_hot"}, [0, 1, 2, 3, 4], np.eye(3)[[1, 0, 1, 0, 2]]),
        ({"num_bins": 3, "output_mode": "one_hot"}, [[0], [1]], np.eye(3)[[1, 0]]),
        ({"num_bins": 3, "output_mode": "multi_hot"}, [[0, 1, 2, 3, 4]], [[1, 1, 1]]),
        ({"num_bins": 3, "output_mode": "count"}, [[0, 1, 2, 3, 4]], [[2, 2, 1]]),
        ({"num_bins": 3, "output_mode": "count"}, [0, 1, 2, 3, 4], [2, 2, 1]),
    ],
)
def test_the_bins_are_those_of_keras(arguments, data, expected):
    layer = Hashing(**arguments)
    again = deserialize_keras_object(json.loads(json.dumps(serialize_keras_object(layer))))
    for same in (layer, again):
        for given in (data, np.array(data)):
            found = same(given)
            np.testing.assert_array_equal(found.numpy(), expected)
            assert found.dtype == ("int64" if layer.output_mode == "int" else "float32")


@pytest.mark.parametrize("mode", ["int", "one_hot", "multi_hot", "count"])
@pytest.mark.parametrize("shape", [(4,), (4, 1), (3, 4)])
def test_the_symbolic_shape_is_the_real_one(mode, shape):
    layer = Hashing(num_bins=5, output_mode=mode)
    symbol = layer(netlet.Input(shape, dtype="string"))
    assert symbol.shape == layer.compute_output_shape((None, *shape))
    assert symbol.shape[1:] == layer(np.full((2, *shape), "x")).shape[1:]


@pytest.mark.parametrize(("mode", "dtype"), [("int", "int32"), ("int", "int64"), ("one_hot", "float64")])
def test_the_type_of_the_output(mode, dtype):
    layer = Hashing(num_bins=3, output_mode=mode, dtype=dtype)
    assert layer(["a"]).dtype == layer(netlet.Input((1,), dtype="string")).dtype == dtype


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_bins": None}, "cannot be `None` or non-positive"),
        ({"num_bins": 0}, "cannot be `None` or non-positive"),
        ({"num_bins": -1}, "cannot be `None` or non-positive"),
        ({"num_bins": 2, "salt": "string"}, "can only be a tuple of size 2"),
        ({"num_bins": 2, "salt": [1]}, "can only be a tuple of size 2"),
        ({"num_bins": 1, "salt": [133, 137, 177]}, "can only be a tuple of size 2"),
        ({"num_bins": 3, "output_mode": "unsupported"}, "expected `output_mode` to be one of"),
        ({"num_bins": 3, "dtype": "float32"}, "`dtype` should be an integer type"),
        ({"num_bins": 3, "sparse": True}, "`sparse` may only be true if `output_mode` is"),
    ],
)
def test_arguments_that_do_not_fit(arguments, message):
    with pytest.raises(ValueError, match=message):
        Hashing(**arguments)


@pytest.mark.parametrize("bad", [[np.nan], [1e300], [None], [["a"], ["b", "c"]], ["a", 1], [1, "a"], None])
def test_what_cannot_be_hashed(bad):
    with pytest.raises(ValueError, match="Layer 'bins':"):
        Hashing(num_bins=3, name="bins")(bad)
    with pytest.raises(ValueError, match="mask_value"):
        Hashing(num_bins=3, mask_value="x")([1, 2])
