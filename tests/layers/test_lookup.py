"""StringLookup and IntegerLookup against expected values copied from Keras's docstring examples and tests.

Keras's own layers cannot run here because they need TensorFlow.
"""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import netlet
from netlet.layers import IntegerLookup, StringLookup
from netlet.saving import deserialize_keras_object, serialize_keras_object

VOCABULARY = ["a", "b", "c", "d"]
NUMBERS = [12, 36, 1138, 42]
TWICE = [["a", "c", "d", "d"], ["d", "z", "b", "z"]]
TWICE_NUMBERS = np.array([[12, 1138, 42, 42], [42, 7, 36, 7]])
IDF = [0.25, 0.75, 0.6, 0.4]


def assert_gives(layer, data, expected, dtype=None):
    found = layer(data)
    assert isinstance(found, netlet._core.Tensor)
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-6)
    if dtype:
        assert found.dtype == dtype


def copied(layer):
    """A layer made from the config after conversion to JSON and back."""
    return deserialize_keras_object(json.loads(json.dumps(serialize_keras_object(layer))))


# ---- the examples of Keras's docstrings ------------------------------------------------------------------------------
@pytest.mark.parametrize("form", [list, tuple, np.array, lambda d: np.array(d, object), lambda d: np.array(d, bytes)])
def test_a_known_vocabulary(form):
    data = form([["a", "c", "d"], ["d", "z", "b"]])
    assert_gives(StringLookup(vocabulary=form(VOCABULARY)), data, [[1, 3, 4], [4, 0, 2]], "int64")


def test_an_adapted_vocabulary():
    data = [["a", "c", "d"], ["d", "z", "b"]]
    layer = StringLookup()
    layer.adapt(data)
    assert layer.get_vocabulary() == ["[UNK]", "d", "z", "c", "b", "a"]
    assert_gives(layer, data, [[5, 3, 1], [1, 2, 4]])


def test_several_numbers_for_unknown_tokens():
    data = [["a", "c", "d"], ["m", "z", "b"]]
    assert_gives(StringLookup(vocabulary=VOCABULARY, num_oov_indices=2), data, [[2, 4, 5], [0, 1, 3]])
    numbers = np.array([[12, 1138, 42], [37, 1000, 36]])
    assert_gives(IntegerLookup(vocabulary=NUMBERS, num_oov_indices=2), numbers, [[2, 4, 5], [1, 0, 3]])


def test_unknown_integers_by_remainder_or_by_hash():
    values = np.array([100, 300, 700, 1100, 1700, 2000])
    arguments = {"vocabulary": [10, 20, 30], "num_oov_indices": 4}
    assert_gives(IntegerLookup(**arguments), values, [0] * 6)
    assert_gives(IntegerLookup(oov_method="farmhash", **arguments), values, [3, 3, 2, 2, 0, 1])
    assert_gives(IntegerLookup(oov_method="farmhash", **arguments), [100, 200, 300, 400], [3, 1, 3, 1])
    assert_gives(IntegerLookup(**arguments), [-1, -5, 7], [3, 3, 3])


ONE_HOT = np.eye(5)[[1, 2, 3, 4, 0]]


@pytest.mark.parametrize(
    ("mode", "data", "expected"),
    [
        ("one_hot", ["a", "b", "c", "d", "z"], ONE_HOT),
        ("multi_hot", TWICE, [[0, 1, 0, 1, 1], [1, 0, 1, 0, 1]]),
        ("binary", TWICE, [[0, 1, 0, 1, 1], [1, 0, 1, 0, 1]]),
        ("count", TWICE, [[0, 1, 0, 1, 2], [2, 0, 1, 0, 1]]),
    ],
)
def test_vectors(mode, data, expected):
    assert_gives(StringLookup(vocabulary=VOCABULARY, output_mode=mode), data, expected, "float32")
    numbers = [NUMBERS[VOCABULARY.index(t)] if t in VOCABULARY else 7 for t in np.ravel(data)]
    layer = IntegerLookup(vocabulary=NUMBERS, output_mode=mode)
    assert_gives(layer, np.reshape(numbers, np.shape(data)), expected, "float32")
    assert_gives(StringLookup(vocabulary=VOCABULARY, output_mode=mode, dtype="float64"), data, expected, "float64")


def test_tf_idf():
    expected = [[0, 0.25, 0, 0.6, 0.8], [1, 0, 0.75, 0, 0.4]]
    layer = StringLookup(output_mode="tf_idf")
    layer.set_vocabulary(VOCABULARY, idf_weights=IDF)
    assert_gives(layer, TWICE, expected, "float32")
    layer = IntegerLookup(output_mode="tf-idf", vocabulary=NUMBERS, idf_weights=IDF)
    assert_gives(layer, TWICE_NUMBERS, expected)
    expected[1][0] = 1.8
    layer = StringLookup(output_mode="tf_idf")
    layer.set_vocabulary(["[UNK]", *VOCABULARY], idf_weights=[0.9, *IDF])
    assert_gives(layer, TWICE, expected)
    layer = IntegerLookup(output_mode="tf_idf", vocabulary=[-1, *NUMBERS], idf_weights=[0.9, *IDF])
    assert_gives(layer, TWICE_NUMBERS, expected)


def test_back_to_tokens():
    layer = StringLookup(vocabulary=VOCABULARY, invert=True)
    found = layer([[1, 3, 4], [4, 0, 2]])
    assert found.tolist() == [["a", "c", "d"], ["d", "[UNK]", "b"]]
    forward = StringLookup(vocabulary=VOCABULARY)
    assert layer(forward([["a", "c", "d"], ["d", "z", "b"]])).tolist() == found.tolist()
    assert_gives(
        IntegerLookup(vocabulary=IntegerLookup(vocabulary=NUMBERS).get_vocabulary(), invert=True),
        np.array([[1, 3, 4], [4, 0, 2]]),
        [[12, 1138, 42], [42, -1, 36]],
        "int64",
    )


def test_back_to_tokens_with_a_mask():
    layer = StringLookup(7, 1, "", "[OOV]", ["one", "two", "three"], invert=True)
    assert layer([[2, 3, 1, 3, 0, 9, -4]]).tolist() == [["one", "two", "[OOV]", "two", "", "[OOV]", "[OOV]"]]


# ---- the expectations of Keras's tests -------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("cls", "words", "special", "asked"),
    [
        (StringLookup, ["one", "two", "three"], {"mask_token": "", "oov_token": "[OOV]"}, ["one", "two", "four"]),
        (IntegerLookup, [1, 2, 3], {"mask_token": 0, "oov_token": -1}, [1, 2, 4]),
    ],
)
def test_vocabularies_with_and_without_special_tokens(cls, words, special, asked):
    adapted = cls(max_tokens=7, **special)
    adapted.adapt([words[i] for i in (0, 0, 0, 1, 1, 2)])
    given = cls(max_tokens=7, vocabulary=words, **special)
    whole = cls(max_tokens=7, vocabulary=[*special.values(), *words], **special)
    later = cls(max_tokens=7, **special)
    later.set_vocabulary(np.array(words))
    for layer in (adapted, given, whole, later):
        for same in (layer, copied(layer), cls.from_config(layer.get_config())):
            assert same.get_vocabulary() == [*special.values(), *words]
            assert same.get_vocabulary(include_special_tokens=False) == words
            assert same.vocabulary_size() == 5
            assert_gives(same, asked, [2, 3, 1])
            assert_gives(same, np.array(asked), [2, 3, 1])


@pytest.mark.parametrize(
    ("mode", "single", "batch"),
    [
        ("int", [2, 3, 1], [[2, 3, 1, 3]]),
        ("multi_hot", [1, 1, 1, 0], [[1, 1, 1, 0]]),
        ("one_hot", [[0, 1, 0, 0], [0, 0, 1, 0], [1, 0, 0, 0]], None),
        ("count", [1, 1, 1, 0], [[1, 1, 2, 0]]),
        ("tf_idf", [0.2, 0.1, 0.2, 0.0], [[0.2, 0.1, 0.4, 0.0]]),
    ],
)
def test_a_single_sample_and_a_batch(mode, single, batch):
    idf = {"idf_weights": np.array([0.1, 0.2, 0.3])} if mode == "tf_idf" else {}
    layer = StringLookup(7, 1, "", "[OOV]", ["one", "two", "three"], output_mode=mode, **idf)
    assert_gives(layer, ["one", "two", "four"], single)
    if batch:
        assert_gives(layer, [["one", "two", "four", "two"]], batch)
    assert_gives(copied(layer), ["one", "two", "four"], single)


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("int", [1, 2, 0]),
        ("one_hot", [[0, 1, 0, 0], [0, 0, 1, 0], [1, 0, 0, 0]]),
        ("multi_hot", [1, 1, 1, 0]),
        ("tf_idf", [1.133732, 0.916291, 1.098612, 0.0]),
        ("count", [1, 1, 1, 0]),
    ],
)
def test_adapting_to_integers(mode, expected):
    layer = IntegerLookup(output_mode=mode)
    layer.adapt([1, 1, 1, 2, 2, 3])
    assert_gives(layer, [1, 2, 4], expected)
    assert_gives(copied(layer), [1, 2, 4], expected)


def test_document_frequencies():
    layer = StringLookup(7, 1, "", "[OOV]", output_mode="tf_idf")
    layer.adapt(["one", "one", "one", "two", "two", "three"])
    np.testing.assert_allclose(layer.idf_weights[1:], np.log(1 + 6 / (1 + np.array([3, 2, 1]))), rtol=1e-6)
    layer.adapt([["one", "one"], ["one", "two"], ["two", "three"]])
    np.testing.assert_allclose(layer.idf_weights[1:], np.log(1 + 3 / (1 + np.array([2, 2, 1]))), rtol=1e-6)
    expected = [[0, 0.6931472, 0.6931472, 0], [0.76752836, 0, 0.6931472, 0]]
    assert layer.get_vocabulary() == ["[OOV]", "one", "two", "three"]
    assert_gives(layer, [["one", "two"], ["two", "four"]], expected)
    again = copied(layer)
    assert again.idf_weights.tobytes() == layer.idf_weights.tobytes()


def test_the_shape_of_vectors():
    rows = np.array([[1, 2], [3, 0]])
    one_hot = np.eye(4)[[[1, 2], [3, 0]]]
    layer = IntegerLookup(vocabulary=[1, 2, 3], output_mode="one_hot")
    assert_gives(layer, rows, one_hot)
    assert_gives(layer, rows[None], one_hot[None])
    assert_gives(layer, rows[..., None], one_hot)
    assert_gives(layer, 2, [[0, 0, 1, 0]])
    assert_gives(IntegerLookup(vocabulary=[1, 2, 3], output_mode="count"), rows[None], [[[0, 1, 1, 0], [1, 0, 0, 1]]])
    padded = IntegerLookup(5, vocabulary=[1, 2], mask_token=0, output_mode="multi_hot", pad_to_max_tokens=True)
    assert_gives(padded, [1, 2], [0, 1, 1, 0, 0])
    assert_gives(padded, [0, 0], [0] * 5)
    idf = IntegerLookup(5, vocabulary=[1, 2], output_mode="tf_idf", idf_weights=[2.0, 4.0], pad_to_max_tokens=True)
    assert_gives(idf, [[1, 1], [2, 9]], [[0, 4, 0, 0, 0], [3, 0, 4, 0, 0]])


@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (2, 1), (2, 3, 1), (2, 3, 4)])
@pytest.mark.parametrize("mode", ["int", "one_hot", "multi_hot", "count"])
def test_the_symbolic_shape_is_the_real_one(mode, shape):
    layer = IntegerLookup(vocabulary=[1, 2, 3], output_mode=mode)
    symbol = layer(netlet.Input(shape, dtype="int64"))
    real = layer(np.zeros((7, *shape), np.int64))
    assert symbol.shape[1:] == real.shape[1:] if shape or mode == "int" else True
    assert symbol.dtype == real.dtype


def test_the_limit_of_tokens():
    layer = IntegerLookup(max_tokens=4, mask_token=0)
    layer.adapt([1, 1, 1, 2, 2, 3])
    assert layer.get_vocabulary() == [0, -1, 1, 2]
    assert_gives(layer, [1, 2, 3, 4], [2, 3, 1, 1])


def test_batches_that_come_one_by_one():
    def endless():
        while True:
            yield ["cat", "dog", "bird"]

    layer = StringLookup()
    layer.adapt(endless(), steps=3)
    assert layer.get_vocabulary() == ["[UNK]", "dog", "cat", "bird"]
    layer.adapt(iter([["cat", "dog"], ["bird", "cat"]]))
    assert layer.get_vocabulary() == ["[UNK]", "cat", "dog", "bird"]
    layer.adapt(iter([(np.array([["x"], ["y"], ["y"]]), np.zeros(3))]))
    assert layer.get_vocabulary() == ["[UNK]", "y", "x"]
    layer.reset_state()
    layer.update_state(["q"])
    layer.update_state("r")
    layer.finalize_state()
    assert layer.get_vocabulary() == ["[UNK]", "r", "q"]


def test_a_vocabulary_file(tmp_path):
    (tmp_path / "words.txt").write_bytes("a\r\nb\nc é\n".encode())
    for path in (tmp_path / "words.txt", str(tmp_path / "words.txt")):
        layer = StringLookup(vocabulary=path, mask_token="[MASK]", oov_token="[OOV]")
        assert layer.get_vocabulary() == ["[MASK]", "[OOV]", "a", "b", "c é"]
    (tmp_path / "words.txt").unlink()
    assert copied(layer).get_vocabulary() == layer.get_vocabulary()
    (tmp_path / "numbers.txt").write_text("10\n20\n30\n")
    assert_gives(IntegerLookup(vocabulary=str(tmp_path / "numbers.txt")), [10, 20, 30, 999], [1, 2, 3, 0])


def test_masks():
    layer = IntegerLookup(vocabulary=[1, 2, 3], mask_token=0)
    assert_gives(layer, [0, 1, 2, 3], [0, 2, 3, 4])
    assert_gives(StringLookup(vocabulary=["a"], mask_token="[MASK]"), ["[MASK]", "a"], [0, 2])
    layer = StringLookup(vocabulary=["a"], mask_token="m", output_mode="count", num_oov_indices=3)
    assert_gives(layer, [["m", "a", "m"]], [[0, 0, 0, 1]])


def test_no_number_for_unknown_tokens():
    layer = IntegerLookup(vocabulary=[1, 2, 3], num_oov_indices=0)
    assert_gives(layer, [1, 2, 3], [0, 1, 2])
    with pytest.raises(ValueError, match=r"Layer '.*found OOV values \[7, 8\] \(the first at position 2\)"):
        layer(np.array([[1, 2], [7, 8]]))


def test_a_salt_changes_where_unknown_tokens_go():
    values = ["x", "y", "z", "w", "v", "u"]
    plain = StringLookup(vocabulary=["a"], num_oov_indices=4)(values).numpy()
    salted = StringLookup(vocabulary=["a"], num_oov_indices=4, salt=[137, 42])
    assert (salted(values).numpy() != plain).any()
    assert (copied(salted)(values).numpy() == salted(values).numpy()).all()
    assert IntegerLookup(oov_method="farmhash", salt=99).salt == [99, 99]


def test_whole_numbers_in_floats_are_integers():
    assert_gives(IntegerLookup(vocabulary=[1, 2]), np.array([2.0, 5.0]), [2, 0])


def test_a_static_vocabulary_is_not_adapted():
    for layer in (StringLookup(vocabulary=["a"]), copied(StringLookup(vocabulary=["a"]))):
        with pytest.raises(ValueError, match="after setting a static vocabulary"):
            layer.adapt(["b"])


def test_the_length_of_vectors_stays_after_a_call():
    layer = StringLookup(output_mode="multi_hot", vocabulary=["a"])
    layer.set_vocabulary(["a", "b"])
    layer(["a"])
    with pytest.raises(RuntimeError, match="vocabulary size cannot be changed after the layer is called"):
        layer.set_vocabulary(["a", "b", "c"])
    layer.set_vocabulary(["x", "y"])
    assert_gives(layer, ["x"], [0, 1, 0])


def test_encodings():
    layer = StringLookup(vocabulary=["é"], encoding="latin-1")
    assert_gives(layer, [b"\xe9", "é".encode()], [1, 0])
    assert_gives(layer, ["é"], [1])
    raw = StringLookup(vocabulary=[b"\xff\xfe"])
    assert_gives(copied(raw), [b"\xff\xfe", b"\xff"], [1, 0])


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=5), min_size=1, max_size=40))
def test_there_and_back(words):
    layer = StringLookup()
    layer.adapt(words)
    vocabulary = layer.get_vocabulary(False)
    counts = [words.count(w) for w in vocabulary]
    order = [(-c, [-b for b in w.encode()]) for c, w in zip(counts, vocabulary)]
    assert [c for c, _ in order] == sorted(c for c, _ in order)
    for (c, _), (d, _), v, w in zip(order, order[1:], vocabulary, vocabulary[1:]):
        assert c < d or v.encode() > w.encode()
    assert set(vocabulary) == set(words) - {"[UNK]"}
    if vocabulary:
        back = StringLookup(vocabulary=vocabulary, invert=True)
        assert back(layer(words)).tolist() == words


@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=40), st.integers(1, 3))
def test_integers_there_and_back(values, oov):
    layer = IntegerLookup(num_oov_indices=oov)
    layer.adapt(np.array(values, np.int64))
    found = layer(np.array(values, np.int64)).numpy()
    vocabulary = layer.get_vocabulary()
    assert all(vocabulary[i] == v or (v == -1 and i < oov) for i, v in zip(found.tolist(), values))
