"""Files of weights by path, Keras's and netlet's; files that would be downloaded."""

from __future__ import annotations

import numpy as np
import pytest

import netlet
from netlet import applications
from netlet.applications.base import files, network
from netlet.applications.base.own_layers import CustomScaleLayer, LayerScale, StochasticDepth
from netlet.utils.get_file import hash_of

FORM = {"input_shape": (32, 32, 3), "alpha": 0.35, "include_top": False, "pooling": "avg"}
X = np.random.default_rng(0).standard_normal((2, 32, 32, 3)).astype("float32")


def moved(model, seed=0):
    rng = np.random.default_rng(seed)
    model.set_weights([w + 0.1 * rng.random(w.shape).astype("float32") for w in model.get_weights()])
    return model


@pytest.fixture(scope="module")
def keras_model():
    import keras

    return moved(keras.applications.MobileNetV2(weights=None, **FORM))


@pytest.mark.parametrize("ending", [".weights.h5", ".h5", ".keras"])
def test_files_that_keras_saved(keras_model, tmp_path, ending):
    path = tmp_path / f"model{ending}"
    if ending == ".weights.h5":
        keras_model.save_weights(path)
    else:
        keras_model.save(path)
    ours = applications.MobileNetV2(weights=str(path), **FORM)
    for got, expected in zip(ours.get_weights(), keras_model.get_weights(), strict=True):
        np.testing.assert_array_equal(got, expected)
    if ending != ".weights.h5":
        loaded = netlet.saving.load_model(path, compile=False)
        np.testing.assert_array_equal(loaded.predict(X, verbose=0), ours.predict(X, verbose=0))


def test_a_file_of_another_form(tmp_path):
    path = tmp_path / "a.weights.h5"
    applications.MobileNetV2(weights=None, **FORM).save_weights(path)
    with pytest.raises(ValueError, match="block_1_project"):
        applications.MobileNetV2(weights=str(path), **{**FORM, "alpha": 0.5})


FAMILIES = [
    ("MobileNet", {"alpha": 0.25}),
    ("MobileNetV2", {"alpha": 0.35}),
    ("MobileNetV3Small", {"alpha": 0.35}),
    ("EfficientNetB0", {}),
]
SLOW_FAMILIES = [
    *((name, {}) for name in ("EfficientNetV2B0", "ConvNeXtTiny", "ResNet50", "ResNet50V2", "VGG16", "DenseNet121")),
    *((name, {}) for name in ("Xception", "InceptionV3", "InceptionResNetV2", "NASNetMobile")),
]


def check_round_trip(tmp_path, name, arguments, ending):
    size = 75 if name.startswith(("Incep", "Xcep")) else 32
    model = getattr(applications, name)(weights=None, include_top=False, input_shape=(size, size, 3), **arguments)
    moved(model)
    path = tmp_path / f"model{ending}"
    model.save(path)
    loaded = netlet.saving.load_model(path)
    x = np.random.default_rng(0).standard_normal((1, size, size, 3)).astype("float32")
    np.testing.assert_array_equal(loaded.predict(x, verbose=0), model.predict(x, verbose=0))
    assert [layer.name for layer in loaded.layers] == [layer.name for layer in model.layers]
    return path


@pytest.mark.parametrize(("name", "arguments"), FAMILIES)
def test_netlet_files(tmp_path, name, arguments):
    check_round_trip(tmp_path, name, arguments, ".netlet")


@pytest.mark.slow
@pytest.mark.parametrize(("name", "arguments"), FAMILIES + SLOW_FAMILIES)
def test_keras_loads_what_netlet_saved(tmp_path, name, arguments):
    import keras

    check_round_trip(tmp_path, name, arguments, ".netlet")
    path = check_round_trip(tmp_path, name, arguments, ".keras")
    theirs = keras.saving.load_model(path)
    ours = netlet.saving.load_model(path)
    assert [layer.name for layer in theirs.layers] == [layer.name for layer in ours.layers]
    for a, b in zip(theirs.get_weights(), ours.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


# ---- layers of these networks ----------------------------------------------------------------------------------------
def test_own_layers_are_saved_under_names_of_keras(tmp_path):
    import keras

    a = netlet.Input((4, 4, 3))
    x = LayerScale(0.5, 3)(a)
    x = StochasticDepth(0.25)(x)
    model = netlet.Model(a, CustomScaleLayer(0.3)([a, x]))
    x = np.random.default_rng(0).random((2, 4, 4, 3)).astype("float32")
    for ending in (".netlet", ".keras"):
        path = tmp_path / f"m{ending}"
        model.save(path)
        loaded = netlet.saving.load_model(path)
        np.testing.assert_allclose(loaded.predict(x, verbose=0), x + 0.3 * 0.5 * x, rtol=1e-6)
    theirs = keras.saving.load_model(tmp_path / "m.keras")
    np.testing.assert_allclose(np.asarray(theirs(x, training=False)), x + 0.3 * 0.5 * x, rtol=1e-6)
    theirs.save(tmp_path / "theirs.keras")
    loaded = netlet.saving.load_model(tmp_path / "theirs.keras")
    assert [type(layer).__name__ for layer in loaded.layers] == [type(layer).__name__ for layer in theirs.layers]


def test_stochastic_depth_drops_whole_samples_and_keeps_the_mean():
    netlet.utils.set_random_seed(0)
    x = np.ones((4000, 2, 3), "float32")
    y = StochasticDepth(0.25)(x, training=True).numpy()
    assert np.ptp(y, axis=(1, 2)).max() == 0
    np.testing.assert_allclose(np.unique(y), [0.0, 1 / 0.75], rtol=1e-6)
    assert abs(y.mean() - 1) < 0.05


# ---- downloads -------------------------------------------------------------------------------------------------------
@pytest.fixture
def folders(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return [tmp_path / "cache" / "netlet" / "models", tmp_path / "keras" / "models"]


def test_local_files_come_first_if_their_hash_is_right(folders, monkeypatch):
    asked = []
    monkeypatch.setattr(files, "get_file", lambda name, url, **options: asked.append((name, url, options)) or "got")
    for folder in folders:
        folder.mkdir(parents=True)
        (folder / "w.h5").write_text(folder.parent.name)
    right = [hash_of(folder / "w.h5", "md5") for folder in folders]
    assert files.local_path(files.RemoteFile("https://x.org/w.h5", right[0])) == str(folders[0] / "w.h5")
    assert files.local_path(files.RemoteFile("https://x.org/w.h5", right[1])) == str(folders[1] / "w.h5")
    assert files.local_path(files.RemoteFile("https://x.org/w.h5")) == str(folders[0] / "w.h5")
    assert asked == []
    assert files.local_path(files.RemoteFile("https://x.org/w.h5", "0" * 64)) == "got"
    assert asked == [("w.h5", "https://x.org/w.h5", {"file_hash": "0" * 64, "cache_subdir": "models"})]


def test_imagenet_weights(keras_model, tmp_path, monkeypatch):
    """The file that would be downloaded is the one of the form, and is loaded."""
    path, wanted = tmp_path / "w.h5", []
    keras_model.save_weights(tmp_path / "w.weights.h5")
    keras_model.save(path)

    def local_path(file):
        wanted.append(file)
        return str(path)

    monkeypatch.setattr(network, "local_path", local_path)
    with pytest.warns(UserWarning, match="those for 224 are loaded"):
        ours = applications.MobileNetV2(**FORM)
    np.testing.assert_array_equal(ours.get_weights()[0], keras_model.get_weights()[0])
    start = "mobilenet_v2/mobilenet_v2_weights_tf_dim_ordering_tf_kernels_0.35_224_no_top.h5"
    assert wanted[0].url == files.PUBLISHED + start
