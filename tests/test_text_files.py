"""Texts in folders: the order, labels and splits are those of Keras's index of a folder."""

from __future__ import annotations

import numpy as np
import pytest
from keras.src.utils import dataset_utils

import netlet
from netlet.utils import text_dataset_from_directory


@pytest.fixture
def folder(tmp_path):
    for i, name in enumerate(["good", "bad", "bad/deeper", "so so", ".hidden"]):
        (tmp_path / name).mkdir()
        for k in range(3 + i):
            (tmp_path / name / f"{k}.{'TXT' if k == 1 else 'txt'}").write_text(f"{name} film {k} é")
    (tmp_path / "good" / "notes.md").write_text("no text")
    (tmp_path / "alone.txt").write_text("alone")
    return tmp_path


def read(dataset):
    batches = list(dataset)
    if not isinstance(batches[0], tuple):
        return np.concatenate(batches).tolist(), None
    texts, labels = zip(*batches)
    return np.concatenate(texts).tolist(), np.concatenate(labels)


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("class_names", [None, ["so so", "bad"]])
def test_files_and_labels_are_those_of_keras(folder, shuffle, class_names):
    ours = text_dataset_from_directory(folder, class_names=class_names, shuffle=shuffle, seed=3, batch_size=4)
    paths, labels, names = dataset_utils.index_directory(
        str(folder), "inferred", (".txt",), class_names, shuffle=shuffle, seed=3
    )
    assert (ours.file_paths, ours.labels.tolist(), ours.class_names) == (paths, labels.tolist(), names)
    texts, found = read(ours)
    assert texts == [open(path).read() for path in paths]  # noqa: SIM115
    assert found.dtype == "int32" and found.tolist() == labels.tolist()
    assert len(ours) == -(-len(paths) // 4)
    training, validation = text_dataset_from_directory(
        folder, class_names=class_names, shuffle=shuffle, seed=3, validation_split=0.3, subset="both"
    )
    for part, name in ((training, "training"), (validation, "validation")):
        expected = dataset_utils.get_training_or_validation_split(paths, labels, 0.3, name)
        assert (part.file_paths, part.labels.tolist()) == (expected[0], expected[1].tolist())
        alone = text_dataset_from_directory(
            folder, class_names=class_names, shuffle=shuffle, seed=3, validation_split=0.3, subset=name
        )
        assert alone.file_paths == part.file_paths


def test_kinds_of_labels(folder, capsys):
    arguments = {"shuffle": False, "batch_size": None}
    texts, labels = zip(*text_dataset_from_directory(folder, label_mode="categorical", **arguments))
    assert "Found 18 files belonging to 3 classes." in capsys.readouterr().out
    assert texts[0] == "bad film 0 é"
    assert np.sum(labels, 0).tolist() == [9, 3, 6]
    binary = text_dataset_from_directory(folder, label_mode="binary", class_names=["good", "bad"], verbose=False)
    assert capsys.readouterr().out == ""
    _, labels = next(iter(binary))
    assert labels.dtype == "float32" and labels.shape == (12, 1)
    assert list(text_dataset_from_directory(folder / "good", None, **arguments)) == [
        f"good film {k} é" for k in range(3)
    ]
    assert read(text_dataset_from_directory(folder / "good", label_mode=None, labels=None, seed=1))[1] is None
    given = text_dataset_from_directory(folder / "good", labels=[5, 7, 5], shuffle=False)
    assert given.class_names == ["5", "7"] and read(given)[1].tolist() == [5, 7, 5]


def test_long_and_broken_texts(folder):
    for path in (folder / "good").glob("*"):
        path.write_bytes(b"\xff\xfegood film " * 1000)
    texts, _ = read(text_dataset_from_directory(folder, class_names=["good"], max_length=7))
    vocabulary = netlet.layers.TextVectorization()
    vocabulary.adapt(texts)
    assert vocabulary.get_vocabulary(False) == [b"\xff\xfegood".decode("utf-8", "surrogateescape")]
    assert vocabulary(texts).numpy().tolist() == [[2]] * 3


def test_a_model_of_files(folder):
    data = text_dataset_from_directory(folder, seed=1, batch_size=6, class_names=["bad", "good"])
    text = netlet.layers.TextVectorization(output_mode="multi_hot")
    text.adapt(data)
    assert {"bad", "good", "film"} <= set(text.get_vocabulary())
    model = netlet.Sequential([text, netlet.layers.Dense(1, "sigmoid")])
    model.compile(netlet.optimizers.Adam(0.1), "binary_crossentropy", metrics=["accuracy"])
    assert model.fit(data, epochs=20, verbose=0).history["accuracy"][-1] == 1.0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"labels": "all"}, "expected 'inferred', None or a list"),
        ({"labels": [1]}, "expected 26 `labels` .* received 1"),
        ({"labels": [1], "class_names": ["a"]}, "expected `labels='inferred'` with `class_names`"),
        ({"class_names": ["good", "none"]}, r"expected `class_names` among .* received \['none'\]"),
        ({"label_mode": "words"}, "`label_mode`"),
        ({"label_mode": "binary"}, "expected 2 classes"),
        ({"validation_split": 2, "subset": "both"}, "expected `validation_split` between 0 and 1"),
        ({"validation_split": 0.5}, "expected both `subset` and `validation_split`"),
        ({"validation_split": 0.5, "subset": "test"}, "as `subset`"),
        ({"validation_split": 0.5, "subset": "both"}, "expected a `seed`"),
        ({"validation_split": 0.01, "subset": "both", "seed": 1}, "too few"),
        ({"format": "torch"}, "`format`"),
        ({"batch_size": 0}, "`batch_size`"),
        ({"max_length": -1}, "`max_length`"),
    ],
)
def test_arguments_that_do_not_fit(folder, arguments, message):
    with pytest.raises(ValueError, match=message):
        text_dataset_from_directory(folder, **arguments)


def test_folders_without_texts(tmp_path):
    with pytest.raises(ValueError, match="too few"):
        text_dataset_from_directory(tmp_path)
    with pytest.raises(FileNotFoundError):
        text_dataset_from_directory(tmp_path / "nowhere")
