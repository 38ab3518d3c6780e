"""StringLookup and IntegerLookup: wrong arguments and data, hostile configs."""

from __future__ import annotations

import numpy as np
import pytest

import netlet
from netlet.layers import IntegerLookup, StringLookup
from netlet.saving import deserialize_keras_object, serialize_keras_object


@pytest.mark.parametrize("cls", [StringLookup, IntegerLookup, netlet.layers.TextVectorization])
def test_a_config_opens_no_file(cls, tmp_path):
    """A model file contains its vocabulary; it cannot make loading open another file."""
    (tmp_path / "words.txt").write_text("1\n2\n")
    config = serialize_keras_object(cls(vocabulary=["1"] if cls is not IntegerLookup else [1]))
    config["config"]["vocabulary"] = str(tmp_path / "words.txt")
    with pytest.raises(ValueError, match="names a vocabulary file"):
        deserialize_keras_object(config)


def test_a_config_that_claims_many_tokens_takes_no_memory():
    config = StringLookup(output_mode="tf_idf", vocabulary=["a"], idf_weights=[1.0]).get_config()
    layer = StringLookup.from_config({**config, "num_oov_indices": 10**15, "max_tokens": 10**18})
    assert layer.vocabulary_size() == 10**15 + 2


@pytest.mark.parametrize(
    ("cls", "arguments", "message"),
    [
        (IntegerLookup, {"max_tokens": 1}, "greater than 1"),
        (StringLookup, {"num_oov_indices": -1}, "greater than or equal to 0"),
        (StringLookup, {"pad_to_max_tokens": True}, "must set `max_tokens`"),
        (StringLookup, {"invert": True, "output_mode": "one_hot"}, "must be `'int'` when `invert` is true"),
        (StringLookup, {"sparse": True}, "`sparse` may only be true if `output_mode` is `'one_hot'`"),
        (StringLookup, {"idf_weights": [1.0]}, "should only be set if `output_mode` is `'tf_idf'`"),
        (StringLookup, {"vocabulary": ["a"], "output_mode": "tf_idf"}, "needs `idf_weights`"),
        (StringLookup, {"output_mode": "bag"}, "expected `output_mode` to be one of int, one_hot"),
        (StringLookup, {"extra_arg": True}, "Unrecognized keyword argument"),
        (StringLookup, {"vocabulary": "path/to/missing.txt"}, "Vocabulary file path/to/missing.txt does not exist"),
        (StringLookup, {"vocabulary": ["token", "token"]}, "at least one repeated term"),
        (StringLookup, {"vocabulary": ["a", "m"], "mask_token": "m"}, "reserved mask token at unexpected location"),
        (StringLookup, {"vocabulary": ["a", "[UNK]"], "invert": True}, "reserved OOV token at unexpected location"),
        (StringLookup, {"vocabulary": []}, "empty vocabulary"),
        (StringLookup, {"vocabulary": ["a", "b"], "max_tokens": 2}, "larger than the maximum vocab size"),
        (StringLookup, {"vocabulary": [1, 2]}, "expected texts"),
        (StringLookup, {"vocabulary": ["a", None]}, "expected texts"),
        (IntegerLookup, {"vocabulary": ["a"]}, "expected integers"),
        (IntegerLookup, {"vocabulary": [1.5]}, "expected integers"),
        (IntegerLookup, {"vocabulary_dtype": "int32"}, "vocabulary_dtype"),
        (IntegerLookup, {"oov_method": "invalid"}, "'floormod' or 'farmhash'"),
        (IntegerLookup, {"salt": [1, 2]}, "oov_method='farmhash'"),
        (IntegerLookup, {"salt": [1, 2, 3], "oov_method": "farmhash"}, "tuple of size 2"),
        (StringLookup, {"output_mode": "tf_idf", "vocabulary": ["a"], "idf_weights": [1.0, 2.0]}, "same length"),
        (StringLookup, {"encoding": "no such"}, "expected `encoding` to be the name"),
    ],
)
def test_arguments_that_do_not_fit(cls, arguments, message):
    with pytest.raises(ValueError, match=message):
        cls(**arguments)


def test_sparse_vectors_are_refused():
    with pytest.raises(NotImplementedError, match="sparse tensors are not supported"):
        StringLookup(output_mode="multi_hot", sparse=True)


@pytest.mark.parametrize("bad", [[1, 2], [["a"], ["b", "c"]], [["a", 3]], np.zeros(3), None, 1.5, [b"a", None]])
def test_what_is_no_text(bad):
    layer = StringLookup(vocabulary=["a"], name="words")
    with pytest.raises(ValueError, match="Layer 'words': expected"):
        layer(bad)
    with pytest.raises(ValueError):
        StringLookup().adapt(bad)


@pytest.mark.parametrize("bad", [["a"], [[1], [2, 3]], [1.5], [np.nan], [np.inf], np.array([2**63], np.uint64), None])
def test_what_is_no_integer(bad):
    with pytest.raises(ValueError, match="Layer 'ids': expected"):
        IntegerLookup(vocabulary=[1], name="ids")(bad)


@pytest.mark.parametrize("mode", ["int", "multi_hot"])
def test_a_call_before_there_is_a_vocabulary(mode):
    with pytest.raises(RuntimeError, match=f"When using `output_mode={mode}` and"):
        StringLookup(output_mode=mode)(["sample"])


def test_a_lone_surrogate_is_no_text():
    with pytest.raises(UnicodeEncodeError, match="surrogates not allowed"):
        StringLookup().adapt(["\ud800"])
