"""TextVectorization against expected values copied from Keras's docstring examples and tests."""

from __future__ import annotations

import json
import re
import string

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import netlet
from netlet.layers import TextVectorization
from netlet.saving import deserialize_keras_object, register_keras_serializable, serialize_keras_object

TEXTS = ["foo bar", "bar baz", "baz bada boom"]
ASKED = [["foo qux bar"], ["qux baz"]]
WORDS = ["baz", "bar", "foo"]


def copied(layer):
    return deserialize_keras_object(json.loads(json.dumps(serialize_keras_object(layer))))


def assert_gives(layer, data, expected):
    for same in (layer, copied(layer)):
        found = same(data)
        assert isinstance(found, netlet._core.Tensor)
        assert found.dtype == ("int64" if layer.output_mode == "int" else "float32")
        np.testing.assert_allclose(found.numpy(), expected, rtol=1e-6)


def texts_as_frame():
    pandas = pytest.importorskip("pandas")
    return pandas.Series(TEXTS)


@pytest.mark.parametrize(
    "form",
    [
        lambda: TEXTS,
        lambda: tuple(TEXTS),
        lambda: [[t] for t in TEXTS],
        lambda: np.array(TEXTS),
        lambda: np.array(TEXTS, object),
        lambda: np.array(TEXTS, bytes)[:, None],
        lambda: iter([TEXTS[:2], TEXTS[2:]]),
        lambda: ((TEXTS[i : i + 1], [0]) for i in range(3)),
        texts_as_frame,
    ],
)
def test_adapting_and_calling(form):
    layer = TextVectorization(max_tokens=5000, output_sequence_length=4)
    layer.adapt(form())
    assert layer.get_vocabulary() == ["", "[UNK]", "baz", "bar", "foo", "boom", "bada"]
    assert_gives(layer, ASKED, [[4, 1, 3, 0], [1, 2, 0, 0]])
    assert_gives(layer, np.array(ASKED), [[4, 1, 3, 0], [1, 2, 0, 0]])
    assert_gives(layer, np.array(ASKED, object)[:, 0], [[4, 1, 3, 0], [1, 2, 0, 0]])


def test_a_given_vocabulary(tmp_path):
    layer = TextVectorization(5000, output_sequence_length=4, vocabulary=["earth", "wind", "and", "fire"])
    assert layer.get_vocabulary() == ["", "[UNK]", "earth", "wind", "and", "fire"]
    assert layer.get_vocabulary(include_special_tokens=False) == ["earth", "wind", "and", "fire"]
    assert layer.vocabulary_size() == 6
    (tmp_path / "words.txt").write_text("baz\nbar\nfoo\n")
    later = TextVectorization(output_sequence_length=4)
    later.set_vocabulary(WORDS)
    for words in (WORDS, np.array(WORDS), ["", "[UNK]", *WORDS], str(tmp_path / "words.txt")):
        layer = TextVectorization(vocabulary=words, output_sequence_length=4)
        assert_gives(layer, ASKED, [[4, 1, 3, 0], [1, 2, 0, 0]])
        assert layer.get_vocabulary() == later.get_vocabulary()


def test_the_length_of_the_sequence():
    layer = TextVectorization(vocabulary=WORDS)
    assert_gives(layer, ASKED, [[4, 1, 3], [1, 2, 0]])
    assert_gives(layer, ["", "foo"], [[0], [4]])
    assert_gives(layer, [""], np.zeros((1, 0)))
    assert_gives(layer, "foo bar", [4, 3])
    assert_gives(layer, [["foo bar", "baz"], ["", "foo"]][0], [[4, 3], [2, 0]])
    assert_gives(TextVectorization(vocabulary=WORDS, output_sequence_length=2), ASKED, [[4, 1], [1, 2]])
    assert_gives(TextVectorization(vocabulary=WORDS, output_sequence_length=0), ASKED, np.zeros((2, 0)))
    assert_gives(TextVectorization(vocabulary=WORDS, output_sequence_length=4, split=None), [["foo"]], [[4, 0, 0, 0]])


def test_vectors():
    words = ["foo", "bar", "baz"]
    data = [["foo bar"], ["baz foo foo"]]
    layer = TextVectorization(output_mode="multi_hot", vocabulary=words)
    assert_gives(layer, data, [[0, 1, 1, 0], [0, 1, 0, 1]])
    layer = TextVectorization(output_mode="count", vocabulary=words)
    assert_gives(layer, [row[0] for row in data], [[0, 1, 1, 0], [0, 2, 0, 1]])
    layer = TextVectorization(output_mode="tf_idf", vocabulary=words, idf_weights=[0.3, 0.5, 0.2])
    assert_gives(layer, data, [[0, 0.3, 0.5, 0], [0, 0.6, 0, 0.2]])
    layer = TextVectorization(output_mode="one_hot", vocabulary=words)
    assert_gives(layer, data, np.eye(5)[[[1, 2, 4], [3, 1, 1]]][..., :4])  # index 4 is padding: all zeros
    layer = TextVectorization(8, output_mode="multi_hot", vocabulary=words, pad_to_max_tokens=True)
    assert_gives(layer, ["foo qux"], [[1, 1, 0, 0, 0, 0, 0, 0]])


def test_tf_idf_that_is_learned():
    layer = TextVectorization(output_mode="tf_idf")
    layer.adapt(["a a b", "b", "c"])
    assert layer.get_vocabulary() == ["[UNK]", "b", "a", "c"]
    b, a, c = np.log(1 + 3 / (1 + np.array([2, 1, 1])))
    assert_gives(layer, ["a a b c z"], [[(a + b + c) / 3, b, 2 * a, c]])


@pytest.mark.parametrize(
    ("standardize", "vocabulary", "text", "expected"),
    [
        (
            "lower_and_strip_punctuation",
            ["hello", "world", "this", "is", "nice", "test"],
            "Hello, World!. This is just a nice test!",
            [2, 3, 4, 5, 1, 1, 6, 7],
        ),
        (
            "lower",
            ["hello,", "hello", "world", "this", "is", "nice", "test"],
            "Hello, World!. This is just a nice test!",
            [2, 1, 5, 6, 1, 1, 7, 1],
        ),
        ("strip_punctuation", ["Hello", "World", "Test"], "Hello, World! Test.", [2, 3, 4]),
        (None, ["Hello", "world"], "Hello hello", [2, 1]),
        ("lower", ["É", "é"], "É é", [2, 3]),
    ],
)
def test_standardizing(standardize, vocabulary, text, expected):
    assert_gives(TextVectorization(standardize=standardize, vocabulary=vocabulary), [text], [expected])


# Lone surrogates (category "Cs") are excluded: they are not valid text.
@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_standardizing_is_kerass_regular_expression(text):
    """`tf.strings.lower` converts ASCII letters only; the pattern is from Keras's source; white space is ASCII's."""
    pattern = r'[!"#$%&()\*\+,-\./:;<=>?@\[\\\]^_`{|}~\']'
    lowered = "".join(c.lower() if c in string.ascii_uppercase else c for c in text)
    expected = re.sub(pattern, "", lowered)
    layer = TextVectorization(vocabulary=["x"])
    words, _ = layer._words([text])
    assert [w.decode() for w in words[0]] == [w for w in re.split("[ \t\n\v\f\r]+", expected) if w]


def test_splitting():
    layer = TextVectorization(split="character", vocabulary=list("abcdé"))
    assert_gives(layer, ["abcf"], [[2, 3, 4, 1]])
    assert_gives(layer, ["é d"], [[6, 1, 5]])
    layer = TextVectorization(split=None, vocabulary=["foo", "bar", "baz"])
    assert_gives(layer, [["foo"], ["bar"], ["unknown"]], [[2], [3], [1]])
    assert_gives(layer, [["foo", "baz"]], [[2, 4]])
    assert_gives(layer, ["foo", "baz"], [2, 4])
    whole = TextVectorization(split=None, standardize=None, output_mode="tf_idf")
    whole.adapt(["new york", "new york", "paris"])
    assert whole.get_vocabulary() == ["[UNK]", "new york", "paris"]
    np.testing.assert_allclose(whole([["paris"]]).numpy()[0, 2], np.log(1 + 3 / 2), rtol=1e-6)
    whole = TextVectorization(split=None, ngrams=2)
    whole.adapt(["a", "b"])  # shape (N, 1): one token per row, so no bigrams
    assert whole.get_vocabulary(False) == ["b", "a"]
    whole.adapt([["a", "b"]])
    assert whole.get_vocabulary(False) == ["b", "a b", "a"]


@register_keras_serializable("tests_of_text")
def bars(texts):
    assert texts.dtype.kind == "U"
    return [text.split("|") for text in texts]


@register_keras_serializable("tests_of_text")
def without_dashes(texts):
    assert texts.dtype.kind == "U"
    return np.char.replace(np.char.lower(texts), "-", " ")


def test_functions_of_ones_own():
    layer = TextVectorization(split=bars, vocabulary=["foo", "bar", "foobar"])
    assert_gives(layer, ["foo|bar"], [[4]])  # "|" is punctuation and is removed before splitting
    assert_gives(TextVectorization(standardize=None, split=bars, vocabulary=["foo", "bar"]), ["foo|bar"], [[2, 3]])
    layer = TextVectorization(standardize=without_dashes, vocabulary=["foo", "bar"])
    assert_gives(layer, [["FOO-bar"], [b"foo"]], [[2, 3], [2, 0]])
    many = [f"FOO-{i}" for i in range(3000)]
    learned = TextVectorization(standardize=without_dashes)
    learned.adapt(many)
    assert learned.vocabulary_size() == 3003
    assert learned(many).numpy()[:, 0].tolist() == [2] * 3000


def test_functions_that_return_something_else():
    layer = TextVectorization(standardize=lambda t: t[:1], vocabulary=["a"], name="v")
    with pytest.raises(ValueError, match=r"Layer 'v': expected shape \(2,\) from `standardize`, received \(1,\)"):
        layer(["a", "b"])
    layer = TextVectorization(split=lambda t: [["a"]], vocabulary=["a"], name="v")
    with pytest.raises(ValueError, match="Layer 'v': expected 2 lists of words from `split`, received 1"):
        layer(["a", "b"])
    layer = TextVectorization(split=lambda t: [[1]], vocabulary=["a"], name="v")
    with pytest.raises(ValueError, match="Layer 'v': expected texts"):
        layer(["a"])


def test_ngrams():
    layer = TextVectorization(ngrams=2)
    layer.adapt(["foo bar baz"])
    assert layer.get_vocabulary() == ["", "[UNK]", "foo bar", "foo", "baz", "bar baz", "bar"]
    # Ordered by n, as in tf.strings.ngrams: foo, bar, baz, foo bar, bar baz.
    assert_gives(layer, ["foo bar baz"], [[3, 6, 4, 2, 5]])
    layer = TextVectorization(ngrams=(1, 3))
    layer.adapt(["foo bar baz"])
    assert layer.get_vocabulary(False) == ["foo bar baz", "foo", "baz", "bar"]
    assert_gives(layer, ["foo bar"], [[3, 5]])
    assert_gives(TextVectorization(ngrams=(3,), vocabulary=["a"]), ["foo bar"], np.zeros((1, 0)))
    assert_gives(TextVectorization(ngrams=2, split=None, vocabulary=["b", "a b"]), [["a", "b"]], [[1, 2, 3]])


def test_limits():
    layer = TextVectorization(max_tokens=5)
    layer.adapt(["a b c d e f g h i j"])
    assert layer.get_vocabulary() == ["", "[UNK]", "j", "i", "h"]
    layer.adapt(iter([["bar"], ["bar"], ["unique"]]), steps=2)
    assert layer.get_vocabulary(False) == ["bar"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"standardize": "upper"}, "expected `standardize` to be None, a function, or one of"),
        ({"split": "words"}, "expected `split` to be None, a function, or one of"),
        ({"ngrams": "invalid"}, "expected `ngrams` to be None or positive integers"),
        ({"ngrams": (0, 1)}, "expected `ngrams` to be None or positive integers"),
        ({"ngrams": [1]}, "expected `ngrams` to be None or positive integers"),
        ({"output_mode": "bag"}, "expected `output_mode` to be one of"),
        ({"output_mode": "multi_hot", "output_sequence_length": 5}, "`output_sequence_length` must not be set if"),
        ({"output_sequence_length": 2.5}, "expected a non-negative integer for `output_sequence_length`"),
        ({"output_sequence_length": -1}, "expected a non-negative integer for `output_sequence_length`"),
        ({"vocabulary": ["a"], "output_mode": "tf_idf"}, "needs `idf_weights`"),
        ({"vocabulary": ["a", ""]}, "reserved mask token"),
        ({"what": 1}, "Unrecognized keyword arguments"),
    ],
)
def test_arguments_that_do_not_fit(arguments, message):
    with pytest.raises(ValueError, match=message):
        TextVectorization(**arguments)


def test_what_is_not_there():
    with pytest.raises(NotImplementedError, match="ragged tensors are not supported"):
        TextVectorization(ragged=True)
    with pytest.raises(NotImplementedError, match="sparse tensors are not supported"):
        TextVectorization(sparse=True, output_mode="count")
    with pytest.raises(RuntimeError, match="must set the layer's vocabulary"):
        TextVectorization()(["a"])


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ([["a", "b"]], r"expected texts of shape \(N,\) or with a last axis of size 1"),
        ([1, 2], "expected texts"),
        ([["a"], ["b", "c"]], "lists of equal lengths"),
        (np.zeros((2, 1)), "expected texts"),
        (None, "expected texts"),
    ],
)
def test_what_is_no_text(bad, message):
    layer = TextVectorization(vocabulary=["a"], name="v")
    with pytest.raises(ValueError, match=f"Layer 'v': .*{message}"):
        layer(bad)
    with pytest.raises(ValueError, match=f"Layer '.*{message}" if bad is not None else "adapt expected a list"):
        TextVectorization().adapt(bad)


# split=None with shape () is left out: as in Keras, unsplit texts with only a batch axis are treated as one sample.
@pytest.mark.parametrize("mode", ["int", "multi_hot", "count", "tf_idf", "one_hot"])
@pytest.mark.parametrize(
    ("split", "shape"), [("whitespace", ()), ("whitespace", (1,)), ("whitespace", (3, 1)), (None, (1,)), (None, (3, 1))]
)
def test_the_symbolic_shape_is_the_real_one(mode, shape, split):
    idf = {"idf_weights": [1.0, 2.0]} if mode == "tf_idf" else {}
    layer = TextVectorization(vocabulary=["a", "b"], output_mode=mode, split=split, **idf)
    symbol = layer(netlet.Input(shape, dtype="string"))
    real = layer(np.full((2, *shape), "a b a"))
    assert len(symbol.shape) == len(real.shape)
    assert all(s in (None, r) for s, r in zip(symbol.shape, real.shape))
    assert symbol.dtype == real.dtype
