"""Preprocessing equals Keras's; names of classes are read from a local file."""

from __future__ import annotations

import json

import keras
import numpy as np
import pytest

import netlet
from netlet.applications import imagenet_utils
from netlet.applications.base.files import RemoteFile

IMAGES = np.random.default_rng(0).uniform(0, 255, (2, 4, 5, 3)).astype("float32")


@pytest.mark.parametrize("mode", ["caffe", "tf", "torch"])
@pytest.mark.parametrize("data_format", [None, "channels_last", "channels_first"])
@pytest.mark.parametrize("dtype", ["float32", "float64", "uint8"])
@pytest.mark.parametrize("single", [False, True])
def test_arrays(mode, data_format, dtype, single):
    x = IMAGES.astype(dtype)
    x = np.ascontiguousarray(np.moveaxis(x, -1, 1)) if data_format == "channels_first" else x
    x = x[0] if single else x
    before = x.copy()
    expected = keras.applications.imagenet_utils.preprocess_input(x.copy(), data_format, mode)
    got = imagenet_utils.preprocess_input(x, data_format, mode)
    assert got.dtype == expected.dtype
    np.testing.assert_allclose(got, expected, rtol=1e-6, atol=1e-6)
    np.testing.assert_array_equal(x, before)
    tensor = imagenet_utils.preprocess_input(netlet.ops.convert_to_tensor(x), data_format, mode).numpy()
    np.testing.assert_allclose(tensor, expected, rtol=2e-6, atol=2e-5)


@pytest.mark.parametrize("mode", ["caffe", "tf", "torch"])
def test_symbolic(mode):
    image = netlet.Input((4, 5, 3), dtype="uint8")
    model = netlet.Model(image, imagenet_utils.preprocess_input(image, mode=mode))
    x = IMAGES.astype("uint8")
    expected = keras.applications.imagenet_utils.preprocess_input(x, mode=mode)
    np.testing.assert_allclose(model.predict(x, verbose=0), expected, rtol=2e-6, atol=2e-5)


@pytest.mark.parametrize("module", [m for m in netlet.applications._FILES if m != "imagenet_utils"])
def test_each_network(module):
    ours, theirs = getattr(netlet.applications, module), getattr(keras.applications, module)
    np.testing.assert_allclose(
        ours.preprocess_input(IMAGES.copy()), theirs.preprocess_input(IMAGES.copy()), rtol=1e-6, atol=1e-6
    )
    assert ours.decode_predictions is imagenet_utils.decode_predictions
    assert ours.preprocess_input.__module__ == f"netlet.applications.{module if module != 'resnet50' else 'resnet'}"


def test_errors():
    for arguments, message in [({"mode": "x"}, "`mode`"), ({"data_format": "x"}, "`data_format`")]:
        with pytest.raises(ValueError, match=message):
            imagenet_utils.preprocess_input(IMAGES, **arguments)
    with pytest.raises(ValueError, match="3 channels on axis -1"):
        imagenet_utils.preprocess_input(IMAGES[..., :2])
    with pytest.raises(ValueError, match="expected images, received int"):
        imagenet_utils.preprocess_input(3, mode="tf")


@pytest.fixture
def class_index(tmp_path, monkeypatch):
    """A file of names in Keras's folder, in place of the published one."""
    from netlet.utils.get_file import hash_of

    folder = tmp_path / "keras" / "models"
    folder.mkdir(parents=True)
    path = folder / "imagenet_class_index.json"
    path.write_text(json.dumps({str(i): [f"n{i:08d}", f"name_{i}"] for i in range(1000)}))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(imagenet_utils, "CLASS_INDEX", RemoteFile(imagenet_utils.CLASS_INDEX.url, hash_of(path, "md5")))
    imagenet_utils._class_index.cache_clear()
    yield
    imagenet_utils._class_index.cache_clear()


def test_decode_predictions(class_index):
    scores = np.zeros((2, 1000), "float32")
    scores[0, [3, 7, 900]] = 0.25, 0.5, 0.125
    scores[1, 42] = 1.0
    for given in (scores, netlet.ops.convert_to_tensor(scores)):
        first, second = imagenet_utils.decode_predictions(given, top=3)
        assert [entry[:2] for entry in first] == [(f"n{i:08d}", f"name_{i}") for i in (7, 3, 900)]
        assert [float(entry[2]) for entry in first] == [0.5, 0.25, 0.125]
        assert second[0] == ("n00000042", "name_42", np.float32(1.0))
    for shape in [(1000,), (2, 999)]:
        with pytest.raises(ValueError, match=r"expected scores of shape \(N, 1000\)"):
            imagenet_utils.decode_predictions(np.zeros(shape))
