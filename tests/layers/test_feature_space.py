"""FeatureSpace: the shapes of Keras's tests, the values of the layers that it consists of, models, data sets, files."""

from __future__ import annotations

import numpy as np
import pytest

import netlet
from netlet import layers
from netlet.data import Dataset
from netlet.utils import FeatureSpace

TENTHS = [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]
NUMBERS = {**{f"float_{i}": TENTHS for i in (1, 2, 3)}, **{f"int_{i}": list(range(10)) for i in (1, 2, 3)}}
TEXTS = {**NUMBERS, "string_1": list("0123456789"), "string_2": list("0123456789")}
TYPES = {
    "float_1": "float",
    "float_2": "float_normalized",
    "float_3": "float_discretized",
    "int_1": "integer_categorical",
    "int_2": "integer_hashed",
    "int_3": "integer_categorical",
}
ALL_TYPES = {**TYPES, "string_1": "string_categorical", "string_2": "string_hashed"}
LABELS = [0, 1, 0, 1, 0, 0, 1, 0, 1, 1]


def first_row(data):
    return {key: column[0] for key, column in data.items()}


@pytest.mark.parametrize(
    ("types", "data", "crosses", "size"),
    [
        (TYPES, NUMBERS, [("int_1", "int_2"), ("int_2", "int_3")], 152),
        (ALL_TYPES, TEXTS, [("float_3", "string_1"), ("string_2", "int_2")], 195),
    ],
)
def test_one_vector(types, data, crosses, size):
    rows = Dataset.from_tensor_slices(data)
    vectors = []
    for adapted_on in (data, rows, rows.batch(4)):
        space = FeatureSpace(types, crosses=crosses)
        space.adapt(adapted_on)
        vectors.append(space(data).numpy())
    assert vectors[0].shape == (10, size) and vectors[0].dtype == "float32"
    np.testing.assert_array_equal(vectors[0], vectors[1])
    np.testing.assert_array_equal(vectors[0], vectors[2])
    np.testing.assert_array_equal(space(first_row(data)).numpy(), vectors[0][0])
    tensors = {key: netlet.ops.convert_to_tensor(v) if key[0] != "s" else v for key, v in data.items()}
    np.testing.assert_array_equal(space(tensors).numpy(), vectors[0])
    single = np.stack(list(rows.map(space, num_parallel_calls=2)))
    np.testing.assert_array_equal(single, vectors[0])
    np.testing.assert_array_equal(np.concatenate(list(rows.batch(3).map(space))), vectors[0])


def test_the_values_are_those_of_the_layers():
    space = FeatureSpace(
        {
            "a": FeatureSpace.float_rescaled(2.0, 1.0),
            "b": "float_normalized",
            "c": FeatureSpace.float_discretized(None, bin_boundaries=[0.25, 0.5]),
            "d": FeatureSpace.string_categorical(max_tokens=4, num_oov_indices=2),
        },
        crosses=[FeatureSpace.cross(("c", "d"), 5, output_mode="int")],
        output_mode="dict",
    )
    data = {"a": TENTHS, "b": TENTHS, "c": TENTHS, "d": list("xyxyxzxzxq")}
    space.adapt(data)
    out = space(data)
    x = np.array(TENTHS, "float32")[:, None]
    np.testing.assert_allclose(out["a"].numpy(), 2 * x + 1)
    np.testing.assert_allclose(out["b"].numpy(), (x - x.mean()) / x.std(), atol=1e-5)
    bins = np.digitize(x, [0.25, 0.5])
    np.testing.assert_array_equal(out["c"].numpy(), np.eye(3)[bins[:, 0]])
    words = np.array(data["d"], object)[:, None]
    ids = space.preprocessors["d"](words)
    np.testing.assert_array_equal(out["d"].numpy(), np.eye(4)[ids.numpy()[:, 0]])
    np.testing.assert_array_equal(out["c_X_d"].numpy(), layers.HashedCrossing(5)([bins, ids.numpy()]).numpy())
    assert list(out) == ["a", "b", "c", "d", "c_X_d"] and out["c_X_d"].dtype == "int64"
    assert isinstance(space.crossers["c_X_d"], layers.HashedCrossing)
    assert space(first_row(data))["c_X_d"].shape == (1,) and space(first_row(data))["c"].shape == (3,)


def test_layers_of_ones_own():
    text = layers.TextVectorization(output_mode="tf_idf")
    space = FeatureSpace({"text": FeatureSpace.feature("string", text, "float")})
    space.adapt(Dataset.from_tensor_slices({"text": ["1st string", "2nd string", "3rd string"]}))
    assert space({"text": ["1st string", "2nd string", "3rd string"]}).shape == (3, 5)
    words = layers.TextVectorization(vocabulary=["this", "is"], output_mode="int", output_sequence_length=3)
    known = FeatureSpace(
        {
            "n": "integer_hashed",
            "t": FeatureSpace.feature("string", words, "int"),
            "f": FeatureSpace.feature("float32", layers.Normalization(mean=12.0, variance=5.0), "float"),
        },
        output_mode="dict",
    )
    out = known({"n": [1, 2], "t": ["this is", "it"], "f": [2.0, 3.0]})  # nothing to adapt
    assert out["n"].shape == (2, 32) and out["t"].numpy().tolist() == [[2, 3, 0], [1, 0, 0]]
    np.testing.assert_allclose(out["f"].numpy()[:, 0], (np.array([2.0, 3.0]) - 12) / 5**0.5, rtol=1e-5)


def test_in_a_model_and_in_front_of_one():
    space = FeatureSpace(ALL_TYPES, crosses=[("float_3", "string_1"), ("string_2", "int_2")])
    space.adapt(TEXTS)
    inputs, encoded = space.get_inputs(), space.get_encoded_features()
    assert encoded.shape == (None, 195) and set(inputs) == set(ALL_TYPES)
    outputs = layers.Dense(1, name="out")(encoded)
    model = netlet.Model(inputs=inputs, outputs=outputs)
    model.compile("sgd", "mse")
    data = Dataset.from_tensor_slices((TEXTS, LABELS))
    model.fit(data.batch(4), verbose=0)
    found = model.predict(data.batch(4).map(lambda x, y: x), verbose=0)
    np.testing.assert_allclose(found, model.get_layer("out")(space(TEXTS)).numpy(), rtol=1e-5, atol=1e-6)
    behind = netlet.Model(inputs=encoded, outputs=outputs)
    behind.compile("sgd", "mse")
    behind.fit(data.map(lambda x, y: (space(x), y)).batch(4), verbose=0)
    behind.evaluate(data.batch(4).map(lambda x, y: (space(x), y)), verbose=0)
    assert behind.predict(data.map(lambda x, y: space(x)).batch(4), verbose=0).shape == (10, 1)


@pytest.mark.parametrize("ending", ["netlet", "keras"])
def test_saved_and_saved_again(ending, tmp_path):
    space = FeatureSpace(
        {**ALL_TYPES, "int_1": FeatureSpace.integer_categorical(max_tokens=5, num_oov_indices=2)},
        crosses=[FeatureSpace.cross(("float_3", "string_1"), 32), ("int_1", "int_2")],
    )
    space.adapt(TEXTS)
    expected = space(TEXTS).numpy()
    for name in ("a", "b"):
        space.save(tmp_path / f"{name}.{ending}")
        space = netlet.models.load_model(tmp_path / f"{name}.{ending}")
        assert type(space) is FeatureSpace
        np.testing.assert_array_equal(space(TEXTS).numpy(), expected)
    fresh = FeatureSpace.from_config(space.get_config())
    assert fresh.get_config()["crosses"] == space.get_config()["crosses"] and list(fresh.features) == list(
        space.features
    )


def test_mistakes():
    two = {"f1": "integer_categorical", "f2": "integer_categorical"}
    for call, message in (
        (lambda: FeatureSpace({}), "cannot be None or empty"),
        (lambda: FeatureSpace({"a": "floats"}), "Invalid feature type: floats"),
        (lambda: FeatureSpace(two, crosses=[("f1", "f2")], crossing_dim=None), "`crossing_dim`"),
        (lambda: FeatureSpace(two, crosses=[("f1", "unknown")]), "should be present in"),
        (lambda: FeatureSpace(two, output_mode="unknown"), "`output_mode`"),
        (lambda: FeatureSpace(two)({"f1": [0], "f2": [0]}), r"You need to call `\.adapt"),
        (lambda: FeatureSpace(two).get_encoded_features(), r"You need to call `\.adapt"),
        (lambda: FeatureSpace({"a": "float"})([1.0]), "only be called with a dict"),
        (lambda: FeatureSpace({"a": "float"})({"b": [1.0]}), r"\['a'\] are missing"),
        (lambda: FeatureSpace(two).adapt([(1, 2)]), "without labels"),
        (lambda: FeatureSpace(two).adapt({"f1": [1]}), "expected the column 'f2'"),
        (lambda: FeatureSpace(two).adapt(3), r"Received: int"),
        (lambda: FeatureSpace.feature("string", layers.Identity(), "text"), "`output_mode`"),
        (lambda: FeatureSpace.cross(("a", "b"), 3, "float"), "`output_mode`"),
        (
            lambda: FeatureSpace({"a": FeatureSpace.integer_hashed(3, output_mode="int")})({"a": [1]}),
            "Cannot concatenate",
        ),
        (
            lambda: FeatureSpace({"a": FeatureSpace.feature("float32", layers.Identity(), "one_hot")})({"a": [1.0]}),
            "should return an integer dtype",
        ),
        (
            lambda: FeatureSpace({"a": FeatureSpace.feature("int32", layers.Identity(dtype="int32"), "one_hot")})(
                {"a": [1]}
            ),
            "Try using `output_mode='int'`",
        ),
    ):
        with pytest.raises(ValueError, match=message):
            call()
