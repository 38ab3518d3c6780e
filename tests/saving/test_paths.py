"""Which arguments are accepted as a path, and the errors for all others."""

from __future__ import annotations

import os
import pathlib

import pytest

import netlet
from support.saved import small


@pytest.mark.parametrize("kind", [str, pathlib.Path, os.fsencode])
def test_kinds_of_paths(kind, tmp_path):
    path = kind(str(tmp_path / "new" / "deeper" / "model.netlet"))
    small().save(path)
    assert netlet.models.load_model(path).name == "small"


def test_a_path_without_a_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    small().save("model.netlet")
    assert netlet.models.load_model("model.netlet").name == "small"
    assert os.listdir() == ["model.netlet"]


@pytest.mark.parametrize("name", ["m.onnx", "m.pt"])
def test_kinds_of_files_that_are_not_written(name, tmp_path):
    with pytest.raises(ValueError, match=r"does not write '\.\w+' files; .* ends in '\.netlet' or '\.keras' or"):
        small().save(tmp_path / name)
    with pytest.raises(ValueError, match=r"ends in '\.weights\.netlet' or '\.weights\.h5'"):
        small().save_weights(tmp_path / name)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["m.onnx", "m.pt"])
def test_kinds_of_files_that_are_not_read(name, tmp_path):
    with pytest.raises(ValueError, match=r"does not read '\.\w+' files; it reads '\.netlet', '\.keras' and"):
        netlet.models.load_model(tmp_path / name)


@pytest.mark.parametrize("name", ["m.netlet", "m.keras", "m.h5"])
def test_a_missing_file_of_each_format(name, tmp_path):
    with pytest.raises(FileNotFoundError):
        netlet.models.load_model(tmp_path / name)
    with pytest.raises(FileNotFoundError):
        small().load_weights(tmp_path / name)


@pytest.mark.parametrize("name", ["m", "m.net", "netlet", "m.weights.netlet"])
def test_other_endings(name, tmp_path):
    with pytest.raises(ValueError, match=r"'\.netlet'"):
        small().save(tmp_path / name)
    with pytest.raises(ValueError, match=r"must end in '\.weights\.netlet'"):
        small().save_weights(tmp_path / "m.netlet")


@pytest.mark.parametrize("path", [3, None, object(), ["m.netlet"]])
def test_what_is_no_path(path):
    with pytest.raises(TypeError, match="Expected a path"):
        small().save(path)
    with pytest.raises(TypeError, match="Expected a path"):
        netlet.models.load_model(path)


def test_overwrite(tmp_path):
    path = tmp_path / "model.netlet"
    small().save(path)
    before = path.read_bytes()
    with pytest.raises(FileExistsError, match="overwrite=True"):
        small().save(path, overwrite=False)
    assert path.read_bytes() == before
    small().save(path)
    assert path.read_bytes() != before  # other random weights
    with pytest.raises(FileExistsError):
        small().save_weights(_touched(tmp_path / "m.weights.netlet"), overwrite=False)


def _touched(path):
    path.write_bytes(b"")
    return path


def test_a_directory_in_the_way(tmp_path):
    (tmp_path / "m.netlet").mkdir()
    with pytest.raises(IsADirectoryError):
        small().save(tmp_path / "m.netlet")


def test_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        netlet.models.load_model(tmp_path / "missing.netlet")
    with pytest.raises(FileNotFoundError):
        small().load_weights(tmp_path / "missing.weights.netlet")


def test_arguments_that_are_not_supported(tmp_path):
    with pytest.raises(ValueError, match="save_format"):
        small().save(tmp_path / "m.netlet", save_format="h5")
