"""Keras's "Structured data classification with FeatureSpace", with `tensorflow` replaced by netlet in the imports."""

import numpy as np
import pandas as pd

import netlet as keras
import netlet as tf
from netlet.utils import FeatureSpace


def heart(count=240):
    """A frame with the columns of Cleveland's heart disease data; the target depends on some of them."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "age": rng.integers(29, 77, count),
            "sex": rng.integers(0, 2, count),
            "cp": rng.integers(0, 5, count),
            "trestbps": rng.integers(94, 200, count),
            "chol": rng.integers(126, 564, count),
            "fbs": rng.integers(0, 2, count),
            "restecg": rng.integers(0, 3, count),
            "thalach": rng.integers(71, 202, count),
            "exang": rng.integers(0, 2, count),
            "oldpeak": rng.uniform(0, 6, count).round(1),
            "slope": rng.integers(1, 4, count),
            "ca": rng.integers(0, 4, count),
            "thal": rng.choice(["fixed", "normal", "reversible"], count),
        }
    )
    risk = (frame["age"] - 53) / 14 + (frame["thal"] == "reversible") * 2.0 - frame["sex"] + frame["ca"] * 0.5 - 1
    frame["target"] = (risk > 0).astype(int)
    return frame


def dataframe_to_dataset(dataframe):
    dataframe = dataframe.copy()
    labels = dataframe.pop("target")
    ds = tf.data.Dataset.from_tensor_slices((dict(dataframe), labels))
    ds = ds.shuffle(buffer_size=len(dataframe))
    return ds


def test_feature_space(tmp_path):
    keras.utils.set_random_seed(1)
    dataframe = heart()
    val_dataframe = dataframe.sample(frac=0.2, random_state=1337)
    train_dataframe = dataframe.drop(val_dataframe.index)
    train_ds = dataframe_to_dataset(train_dataframe)
    val_ds = dataframe_to_dataset(val_dataframe)
    for x, y in train_ds.take(1):
        assert set(x) == set(dataframe.columns) - {"target"} and y in (0, 1)
    train_ds = train_ds.batch(32)
    val_ds = val_ds.batch(32)

    feature_space = FeatureSpace(
        features={
            # Categorical features encoded as integers
            "sex": "integer_categorical",
            "cp": "integer_categorical",
            "fbs": "integer_categorical",
            "restecg": "integer_categorical",
            "exang": "integer_categorical",
            "ca": "integer_categorical",
            # Categorical feature encoded as string
            "thal": "string_categorical",
            # Numerical features to discretize
            "age": "float_discretized",
            # Numerical features to normalize
            "trestbps": "float_normalized",
            "chol": "float_normalized",
            "thalach": "float_normalized",
            "oldpeak": "float_normalized",
            "slope": "float_normalized",
        },
        # We create additional features by hashing value co-occurrences of the following groups of categorical features.
        crosses=[("sex", "age"), ("thal", "ca")],
        # The hashing space for these co-occurrences will be 32-dimensional.
        crossing_dim=32,
        # Our utility will one-hot encode all categorical features and concat all features into a single vector.
        output_mode="concat",
    )
    train_ds_with_no_labels = train_ds.map(lambda x, _: x)
    feature_space.adapt(train_ds_with_no_labels)
    for x, _ in train_ds.take(1):
        preprocessed_x = feature_space(x)
        assert (
            preprocessed_x.shape == (32, feature_space.get_encoded_features().shape[-1])
            and preprocessed_x.dtype == "float32"
        )

    preprocessed_train_ds = train_ds.map(lambda x, y: (feature_space(x), y), num_parallel_calls=tf.data.AUTOTUNE)
    preprocessed_train_ds = preprocessed_train_ds.prefetch(tf.data.AUTOTUNE)
    preprocessed_val_ds = val_ds.map(lambda x, y: (feature_space(x), y), num_parallel_calls=tf.data.AUTOTUNE)
    preprocessed_val_ds = preprocessed_val_ds.prefetch(tf.data.AUTOTUNE)

    dict_inputs = feature_space.get_inputs()
    encoded_features = feature_space.get_encoded_features()
    x = keras.layers.Dense(32, activation="relu")(encoded_features)
    x = keras.layers.Dropout(0.5)(x)
    predictions = keras.layers.Dense(1, activation="sigmoid")(x)
    training_model = keras.Model(inputs=encoded_features, outputs=predictions)
    training_model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
    inference_model = keras.Model(inputs=dict_inputs, outputs=predictions)

    history = training_model.fit(
        preprocessed_train_ds, epochs=20, validation_data=preprocessed_val_ds, verbose=0
    ).history
    assert history["val_accuracy"][-1] > 0.75

    sample = {
        "age": 60,
        "sex": 1,
        "cp": 1,
        "trestbps": 145,
        "chol": 233,
        "fbs": 1,
        "restecg": 2,
        "thalach": 150,
        "exang": 0,
        "oldpeak": 2.3,
        "slope": 3,
        "ca": 0,
        "thal": "fixed",
    }
    input_dict = {name: keras.ops.convert_to_tensor([value]) for name, value in sample.items()}
    predictions = inference_model.predict(input_dict, verbose=0)
    direct = training_model.predict(feature_space({name: [value] for name, value in sample.items()}), verbose=0)
    np.testing.assert_allclose(predictions, direct, rtol=1e-5)
    feature_space.save(tmp_path / "space.keras")
    again = keras.models.load_model(tmp_path / "space.keras")
    np.testing.assert_array_equal(again(input_dict), feature_space(input_dict))
