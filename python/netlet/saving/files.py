"""Saving and loading of models and weights; the ending of the path chooses the file format."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from netlet.base.exclusive import in_turn
from netlet.distribution.writing import write_once

from .paths import LEGACY_ENDINGS, MODEL_ENDINGS, WEIGHTS_ENDINGS, path_to_read, path_to_write
from .rebuilding import rebuilding, require_weights
from .serialization import CustomObjectScope

# Each function imports its format when it is called: `import netlet` does not pay for the others.


def save_model(model: Any, filepath: Any, overwrite: bool = True, **kwargs: Any) -> None:
    """Saves a model to one file. A model that `load_model` returns continues training where this one stopped.

    The file holds the architecture, the weights, the arguments of `compile`, the optimizer's state, and the counters
    of dropout and shuffling. It holds no code: your own classes and functions are saved by name.

    Args:
        model: the model, built or not.
        filepath: str or path, ending in ".netlet", ".keras" (which Keras 3 opens too) or ".h5" (the file of Keras 2,
            without the counters). Missing directories are created.
        overwrite: whether an existing file may be replaced; default True.
        include_optimizer: whether to save the arguments of `compile` and the optimizer's state; default True.

    Raises:
        ValueError: the path has another ending, the model contains something that cannot be saved, such as a lambda,
            or some of its layers were called but it was not.
        FileExistsError: the file exists and `overwrite` is False.
        OSError: the file cannot be written. An existing file is unchanged, also if the process is killed.
        ImportError: a ".keras" file without h5py.

    Source: Keras 3 `keras.saving.save_model`; the bytes of a ".netlet" file are safetensors.

    >>> import os, tempfile
    >>> import netlet
    >>> model = netlet.Sequential([netlet.Input((3,)), netlet.layers.Dense(2)])
    >>> path = os.path.join(tempfile.mkdtemp(), "model.netlet")
    >>> save_model(model, path)
    >>> load_model(path).count_params()
    8
    """
    include_optimizer = kwargs.pop("include_optimizer", True)
    if kwargs.get("zipped", True) in (None, True):
        kwargs.pop("zipped", None)
    if kwargs:
        raise ValueError(f"The following argument(s) are not supported: {sorted(kwargs)}")
    write_once(lambda: _save_model(model, filepath, overwrite, include_optimizer))


def _save_model(model: Any, filepath: Any, overwrite: bool, include_optimizer: bool) -> None:
    path = path_to_write(filepath, MODEL_ENDINGS, overwrite)
    if path.endswith(".keras"):
        from .keras_file.files import save_model as save
    elif path.endswith(LEGACY_ENDINGS):
        from .keras_file.legacy_writing import save_model as save
    else:
        from .netlet_file.model_file import save_model as save
    with in_turn(model):
        save(model, path, include_optimizer)


def load_model(
    filepath: Any, custom_objects: Mapping[str, Any] | None = None, compile: bool = True, safe_mode: bool = True
) -> Any:
    """Loads a model that `save_model`, `model.save` or Keras wrote.

    Loading runs no code from the file, imports no module that it names, opens no other path, and needs memory in
    proportion to the file's size.

    Args:
        filepath: str or path of a ".netlet", ".keras" or whole-model ".h5" (".hdf5") file. Any other ending is read
            as ".netlet".
        custom_objects: dict of name to class or function, for those of your own that are not decorated with
            `register_keras_serializable`; default none.
        compile: whether to compile the model with the saved arguments and restore its optimizer; default True.
        safe_mode: accepted for compatibility with Keras; loading is always safe.

    Returns:
        The model.

    Raises:
        ValueError: the file has another format, is damaged, contains code, as Keras saves it for a lambda, or names a
            class or function that is neither netlet's, nor registered, nor in `custom_objects`.
        OSError: the file is missing or cannot be read.
        ImportError: a ".keras" or ".h5" file without h5py.

    Source: Keras 3 `keras.saving.load_model`.

    >>> import os, tempfile
    >>> import netlet
    >>> model = netlet.Sequential([netlet.Input((3,)), netlet.layers.Dense(2)])
    >>> path = os.path.join(tempfile.mkdtemp(), "model.netlet")
    >>> model.save(path)
    >>> load_model(path).output_shape
    (None, 2)
    """
    path = path_to_read(filepath)
    if path.endswith(".keras"):
        from .keras_file.files import load_model as load
    elif path.endswith(LEGACY_ENDINGS):
        from .keras_file.legacy import load_model as load
    else:
        from .netlet_file.model_file import load_model as load
    with rebuilding(path), CustomObjectScope(custom_objects):
        return load(path, compile)


def save_weights(
    model: Any, filepath: Any, overwrite: bool = True, max_shard_size: Any = None, objects_to_skip: Any = None
) -> None:
    """Saves the weights of a model, and the state of the training if the model is compiled.

    Args:
        model: a built model.
        filepath: str or path, ending in ".weights.netlet" or ".weights.h5" (which Keras 3 reads too). Missing
            directories are created.
        overwrite: whether an existing file may be replaced; default True.
        max_shard_size: None, the default: netlet writes one file.
        objects_to_skip: for a ".weights.h5" file: list of layers to leave out; default none.

    Raises:
        ValueError: the model has no weights yet, the path has another ending, or `objects_to_skip` for another format.
        FileExistsError: the file exists and `overwrite` is False.
        OSError: the file cannot be written. An existing file is unchanged, also if the process is killed.
        NotImplementedError: `max_shard_size` is given.
        ImportError: a ".weights.h5" file without h5py.

    >>> import os, tempfile
    >>> import netlet
    >>> model = netlet.Sequential([netlet.Input((3,)), netlet.layers.Dense(2)])
    >>> path = os.path.join(tempfile.mkdtemp(), "model.weights.netlet")
    >>> save_weights(model, path)
    >>> os.path.exists(path)
    True
    """
    require_weights(model, "to save")
    if max_shard_size is not None:
        raise NotImplementedError("save_weights: netlet writes one file; expected max_shard_size=None.")
    write_once(lambda: _save_weights(model, filepath, overwrite, objects_to_skip))


def _save_weights(model: Any, filepath: Any, overwrite: bool, objects_to_skip: Any) -> None:
    path = path_to_write(filepath, WEIGHTS_ENDINGS, overwrite)
    if path.endswith(".h5"):
        from .keras_file.files import save_weights as save

        with in_turn(model):
            save(model, path, objects_to_skip)
        return
    if objects_to_skip is not None:
        raise ValueError(f"`objects_to_skip` only supports saving '.weights.h5' files. Received: {path}")
    from .netlet_file.weights_file import save_weights as save_netlet

    with in_turn(model):
        save_netlet(model, path)


def load_weights(model: Any, filepath: Any, skip_mismatch: bool = False, **kwargs: Any) -> None:
    """Loads weights that `save_weights`, `save_model` or Keras wrote.

    ".netlet" files are read in the order of `model.weights`; ".keras" and ".weights.h5" files by the position of each
    layer in the model; ".h5" files of Keras 2 by the order of the layers, or by their names.

    For a compiled model, it also restores the optimizer's state if the file has it and it matches.

    Args:
        model: a built model of the same architecture.
        filepath: str or path of a ".weights.netlet", ".netlet", ".weights.h5", ".keras" or ".h5" (".hdf5") file.
        skip_mismatch: whether to skip weights that are missing or of another shape, with a warning; default False.
            ".netlet" files are then read by name.
        by_name: for a ".h5" file of Keras 2: whether to load the layers whose names are in the file; default False.
        objects_to_skip: for a ".weights.h5" file: list of layers to leave unchanged.

    Raises:
        ValueError: the model is not built, the number or shapes of the weights differ (the message names the first
            layer that differs), or the file is damaged. The model is unchanged then.
        OSError: the file is missing or cannot be read.
        ImportError: a ".keras" or ".h5" file without h5py.

    >>> import os, tempfile
    >>> import netlet
    >>> model = netlet.Sequential([netlet.Input((3,)), netlet.layers.Dense(2, kernel_initializer="ones")])
    >>> path = os.path.join(tempfile.mkdtemp(), "model.weights.netlet")
    >>> model.save_weights(path)
    >>> other = netlet.Sequential([netlet.Input((3,)), netlet.layers.Dense(2)])
    >>> load_weights(other, path)
    >>> other.get_weights()[0].tolist()
    [[1.0, 1.0], [1.0, 1.0], [1.0, 1.0]]
    """
    by_name = kwargs.pop("by_name", None)
    objects_to_skip = kwargs.pop("objects_to_skip", None)
    if kwargs:
        raise ValueError(f"Invalid keyword arguments: {kwargs}")
    path = path_to_read(filepath)
    require_weights(model, "to load into")
    if by_name is not None and (path.endswith(".weights.h5") or not path.endswith(LEGACY_ENDINGS)):
        raise ValueError(f"`by_name` only supports loading legacy '.h5' or '.hdf5' files. Received: {path}")
    if objects_to_skip is not None and not path.endswith(".weights.h5"):
        raise ValueError(f"`objects_to_skip` only supports loading '.weights.h5' files. Received: {path}")
    if path.endswith((".keras", *LEGACY_ENDINGS)):
        from .keras_file.files import load_weights as load

        with rebuilding(path), in_turn(model):
            load(model, path, skip_mismatch, by_name, objects_to_skip)
    else:
        from .netlet_file.weights_file import load_weights as load_netlet

        with rebuilding(path), in_turn(model):
            load_netlet(model, path, skip_mismatch)
