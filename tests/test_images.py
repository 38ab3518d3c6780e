"""Images as arrays and files: Keras's functions on the same files are the reference."""

from __future__ import annotations

import io
import pathlib

import keras
import numpy as np
import pytest
from keras.src.utils import dataset_utils
from PIL import Image

import netlet
from netlet import utils
from support.child import run_child

EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 2 2\n%%EndComments\nshowpage\n%%EOF\n"
RNG = np.random.default_rng(0)


def image(channels=3, size=(11, 8)):
    return RNG.integers(0, 256, (*size, channels)).astype("float32")


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("scale", [True, False])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_arrays_to_images_and_back(channels, scale, data_format):
    x = image(channels)
    x = x.transpose(2, 0, 1) if data_format == "channels_first" else x
    ours, theirs = (lib.utils.array_to_img(x, data_format, scale) for lib in (netlet, keras))
    assert ours.mode == theirs.mode and ours.tobytes() == theirs.tobytes()
    arrays = [lib.utils.img_to_array(theirs, data_format, dtype="float64") for lib in (netlet, keras)]
    np.testing.assert_array_equal(*arrays)
    assert arrays[0].dtype == np.float64 and utils.img_to_array(ours).dtype == np.float32


def test_grey_values_above_255_and_constant_images():
    wide = np.array([[[300.0], [70000.0]]])
    assert utils.array_to_img(wide, scale=False).mode == keras.utils.array_to_img(wide, scale=False).mode == "I"
    assert utils.array_to_img(np.full((2, 2, 3), 7.0)).getextrema() == ((0, 0),) * 3


@pytest.mark.parametrize("ending", ["png", "jpg", "bmp"])
@pytest.mark.parametrize("color_mode", ["rgb", "rgba", "grayscale"])
def test_saved_and_loaded(tmp_path, ending, color_mode):
    path = tmp_path / f"a.{ending}"
    utils.save_img(path, image())
    ours, theirs = (np.asarray(lib.utils.load_img(path, color_mode)) for lib in (netlet, keras))
    np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear", "bicubic", "lanczos", "box", "hamming"])
@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize("size", [(5, 7), (16, 4), (11, 8)])
def test_loaded_in_another_size(tmp_path, interpolation, keep, size):
    path = str(tmp_path / "a.png")
    utils.save_img(path, image())
    options = {"target_size": size, "interpolation": interpolation, "keep_aspect_ratio": keep}
    ours, theirs = (np.asarray(lib.utils.load_img(path, **options)) for lib in (netlet, keras))
    np.testing.assert_array_equal(ours, theirs)


def test_files_in_memory_and_transparency(tmp_path):
    file = io.BytesIO()
    utils.save_img(file, image(), file_format="png")
    assert utils.load_img(io.BytesIO(file.getvalue())).size == (8, 11)
    with pytest.warns(UserWarning, match="no transparency"):
        utils.save_img(tmp_path / "a.jpg", image(4))
    assert utils.load_img(tmp_path / "a.jpg").mode == "RGB"


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: utils.array_to_img(np.ones((2, 2))), ValueError, "rank 3"),
        (lambda: utils.array_to_img(np.ones((2, 2, 2))), ValueError, "1, 3 or 4 channels"),
        (lambda: utils.array_to_img(np.ones((2, 2, 3)), "last"), ValueError, "`data_format`"),
        (lambda: utils.img_to_array(np.ones(2)), ValueError, "rank 2 or 3"),
        (lambda: utils.img_to_array(np.ones((2, 2)), "first"), ValueError, "`data_format`"),
        (lambda: utils.array_to_img(np.ones((2, 2, 3), complex)), TypeError, "real numbers as `x`, .* complex128"),
        (lambda: utils.img_to_array(np.ones((2, 2), "M8[D]")), TypeError, "real numbers as `img`"),
        (lambda: utils.load_img(3), TypeError, "received int"),
        (lambda: utils.load_img(io.BytesIO(), "cmyk"), ValueError, "`color_mode`"),
        (lambda: utils.load_img(io.BytesIO(), interpolation="area"), ValueError, "`interpolation`"),
    ],
)
def test_bad_arguments(call, error, message):
    with pytest.raises(error, match=message):
        call()


def iptc_with(content):
    """An IPTC file, whose image is another file."""
    fields = [(60, b"\1\0"), (20, b"\0\0\0\2"), (30, b"\0\0\0\2"), (120, b"\0\0\0\5")]
    parts = [bytes((0x1C, 3, tag)) + len(value).to_bytes(2, "big") + value for tag, value in fields]
    return b"".join([*parts, bytes((0x1C, 8, 10)), len(content).to_bytes(2, "big"), content])


def test_files_that_pillow_gives_to_a_program_are_refused(monkeypatch, tmp_path):
    from PIL import EpsImagePlugin

    called = []
    monkeypatch.setattr(EpsImagePlugin, "Ghostscript", lambda *args: called.append(args) or Image.new("RGB", (2, 2)).im)
    for number, content in enumerate((EPS, iptc_with(EPS))):
        path = tmp_path / f"{number}.png"
        path.write_bytes(content)
        with Image.open(path, formats=["EPS", "IPTC"]) as opened:
            opened.load()
        assert len(called) == number + 1
    called.clear()
    for number in range(2):
        with pytest.raises(OSError, match=rf"load_img: cannot identify the image file .*{number}.png.* EPS files are"):
            utils.load_img(tmp_path / f"{number}.png")
    assert not called


def test_without_pillow():
    run_child("""
        import sys
        sys.modules["PIL"] = None
        import netlet
        for call in (lambda: netlet.utils.array_to_img([[[1]]]), lambda: netlet.utils.load_img("a.png")):
            try:
                call()
            except ImportError as e:
                assert "needs Pillow: pip install 'netlet[images]'" in str(e), e
            else:
                raise AssertionError
    """)


# ---- data sets -------------------------------------------------------------------------------------------------------
@pytest.fixture
def folder(tmp_path):
    for i, name in enumerate(["cat", "dog", "dog/deeper"]):
        (tmp_path / name).mkdir()
        for k, ending in enumerate(["png", "JPG", "bmp", "gif"][: 3 + i % 2]):
            utils.save_img(tmp_path / name / f"{k}.{ending}", image(3, (9 + k, 7)))
    (tmp_path / "cat" / "notes.txt").write_text("no image")
    return tmp_path


def by_keras(path, color_mode, size, **options):
    x = keras.utils.img_to_array(keras.utils.load_img(path, color_mode))
    return np.asarray(keras.ops.image.resize(x, size, **options))


@pytest.mark.parametrize("color_mode", ["rgb", "rgba", "grayscale"])
@pytest.mark.parametrize("options", [{}, {"crop_to_aspect_ratio": True}, {"pad_to_aspect_ratio": True}], ids=str)
def test_images_of_a_folder(folder, color_mode, options, capsys):
    data = utils.image_dataset_from_directory(
        folder, color_mode=color_mode, image_size=(6, 5), batch_size=4, seed=2, **options
    )
    assert "Found 10 files belonging to 2 classes." in capsys.readouterr().out
    paths, labels, names = dataset_utils.index_directory(
        str(folder), "inferred", (".png", ".jpg", ".bmp", ".gif", ".jpeg"), None, shuffle=True, seed=2, verbose=False
    )
    assert (data.file_paths, data.labels.tolist(), data.class_names) == (paths, labels.tolist(), names)
    images, found = (np.concatenate(parts) for parts in zip(*data))
    assert images.dtype == "float32" and found.tolist() == labels.tolist()
    expected = [by_keras(path, color_mode, (6, 5), **options) for path in paths]
    np.testing.assert_allclose(images, np.stack(expected), atol=2e-4)


def test_files_are_shuffled_again_after_each_epoch_with_their_labels(folder):
    data = utils.image_dataset_from_directory(folder, image_size=4, seed=1, batch_size=4, verbose=False)
    paths = list(data.file_paths)
    images, labels = (np.concatenate(parts) for parts in zip(*data))
    later, found = (np.concatenate(parts) for parts in zip(*data))
    order = [int(np.flatnonzero((images == x).all((1, 2, 3)))[0]) for x in later]
    assert order != list(range(10)) and sorted(order) == list(range(10)) and data.file_paths == paths
    np.testing.assert_array_equal(found, labels[order])


def test_splits_single_images_and_training(folder):
    training, validation = utils.image_dataset_from_directory(
        folder, image_size=8, validation_split=0.3, subset="both", seed=1, batch_size=3, verbose=False
    )
    assert (len(training.file_paths), len(validation.file_paths)) == (7, 3)
    single = utils.image_dataset_from_directory(folder, labels=None, image_size=8, batch_size=None, verbose=False)
    assert len(single) == 10 and next(iter(single)).shape == (8, 8, 3)
    model = netlet.Sequential([netlet.layers.Rescaling(1 / 255), netlet.layers.Flatten(), netlet.layers.Dense(2)])
    model.compile("sgd", netlet.losses.SparseCategoricalCrossentropy(from_logits=True))
    history = model.fit(training.cache().prefetch(2), validation_data=validation, epochs=2, verbose=0).history
    assert np.isfinite(history["val_loss"]).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"color_mode": "cmyk"}, "`color_mode`"),
        ({"image_size": (1, 2, 3)}, "`image_size`"),
        ({"interpolation": "area"}, "`interpolation`"),
        ({"data_format": "channels_first"}, "`data_format`"),
        ({"labels": [1]}, "10 `labels`"),
        ({"subset": "training"}, "both `subset` and `validation_split`"),
    ],
)
def test_bad_arguments_of_folders(folder, arguments, message):
    with pytest.raises(ValueError, match=f"^image_dataset_from_directory: .*{message}"):
        utils.image_dataset_from_directory(folder, verbose=False, **arguments)


def test_an_empty_folder(tmp_path):
    (tmp_path / "a").mkdir()
    with pytest.raises(ValueError, match=r"has too few \.bmp/\.gif/\.jpeg/\.jpg/\.png files: 0"):
        utils.image_dataset_from_directory(pathlib.Path(tmp_path), verbose=False)
