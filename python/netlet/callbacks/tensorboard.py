"""TensorBoard."""

from __future__ import annotations

import os
import time
import warnings
from typing import Any

import numpy as np

from .callback import Callback, Logs
from .event_file import EventFile


class TensorBoard(Callback):
    """Writes event files that TensorBoard shows: `tensorboard --logdir logs`. Needs the extra `netlet[tensorboard]`.

    It writes to the folders "train" and "validation" of `log_dir`:

    - "epoch_loss", "epoch_accuracy", ..., "epoch_learning_rate" after each epoch;
    - "evaluation_loss_vs_iterations", ... after each evaluation or validation;
    - "batch_loss", ... with a number as `update_freq`;
    - the model's graph, histograms of its weights, and the times of a training step's kernels.

    Args:
        log_dir: path of the folder; "logs" by default.
        histogram_freq: number of epochs between histograms of all weights; 0 (the default): none.
        write_graph: whether to write the graph of a Sequential or functional model; True by default.
        write_images: whether to write the weights also as images, with the histograms; False by
            default.
        write_steps_per_second: whether to write the training steps per second of each epoch, and of each batch with a
            number as `update_freq`; False by default.
        update_freq: "epoch" (the default), or the number of batches between writings; "batch" is 1. With a number,
            `fit` returns to Python after every batch.
        profile_batch: the number of a batch, counted from 1 over all epochs, or (first, last). After the last of them
            a table of the training step's kernels with their times is written, as text: `model.plan(...).profile()`.
            0 (the default): none. Nothing is written with `run_eagerly`.
        embeddings_freq: number of epochs between copies of the tables of `Embedding` layers for the projector;
            0 (the default): none.
        embeddings_metadata: {name of an Embedding layer: name of the file with the rows' labels}, or one such name for
            all; None by default.

    Raises:
        ImportError: the package tensorboard is not installed.
        ValueError: `profile_batch` or `embeddings_metadata` has another form.

    Source: Keras 3, `keras.callbacks.TensorBoard`.

    Example:

    >>> callback = TensorBoard("logs/first", histogram_freq=1)
    >>> callback.log_dir
    'logs/first'
    """

    only_writes = True

    def __init__(
        self,
        log_dir: str | os.PathLike[str] = "logs",
        histogram_freq: int = 0,
        write_graph: bool = True,
        write_images: bool = False,
        write_steps_per_second: bool = False,
        update_freq: str | int = "epoch",
        profile_batch: Any = 0,
        embeddings_freq: int = 0,
        embeddings_metadata: str | dict[str, str] | None = None,
    ) -> None:
        super().__init__()
        if not (update_freq in ("batch", "epoch") or (isinstance(update_freq, int) and update_freq >= 1)):
            raise ValueError(
                f'TensorBoard(update_freq=): expected "batch", "epoch" or a number >= 1, received {update_freq!r}.'
            )
        self.log_dir = os.fspath(log_dir)
        self.histogram_freq = histogram_freq
        self.write_graph = write_graph
        self.write_images = write_images
        self.write_steps_per_second = write_steps_per_second
        self.update_freq = 1 if update_freq == "batch" else update_freq
        self.embeddings_freq = embeddings_freq
        self.embeddings_metadata = embeddings_metadata
        self._profiled_batch = _last_batch(profile_batch)
        self._train, self._validation = (EventFile(os.path.join(self.log_dir, n)) for n in ("train", "validation"))
        self._batch = 0  # training batches so far
        self._epoch_began = self._batch_began = 0.0
        self._steps_before = 0

    def set_model(self, model: Any) -> None:
        super().set_model(model)
        if self.write_graph and type(model).__name__ in ("Functional", "Sequential"):
            self._write_model()
        if self.embeddings_freq:
            self._embeddings = _embedding_files(model, self.embeddings_metadata)

    def _write_model(self) -> None:
        try:
            text = self.model.to_json()
        except Exception as error:
            warnings.warn(f"Model failed to serialize as JSON. Ignoring... {error}", stacklevel=2)
            return
        self._train.model("keras", text, 0)

    def _wants_batches(self, phase: str) -> bool:
        """Only training batches, and only for what is written after batches."""
        return phase == "train" and (self.update_freq != "epoch" or self._profiled_batch > 0)

    # ---- the hooks -------------------------------------------------------------------------------------------------
    def on_train_begin(self, logs: Logs = None) -> None:
        self._batch = 0

    def on_train_end(self, logs: Logs = None) -> None:
        self._release()

    def _release(self) -> None:
        self._train.close()
        self._validation.close()

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        if self.write_steps_per_second:
            self._steps_before = self._steps()
            self._epoch_began = time.perf_counter()

    def on_train_batch_begin(self, batch: int, logs: Logs = None) -> None:
        self._batch += 1
        self._batch_began = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        seconds = time.perf_counter() - self._batch_began
        if self.update_freq != "epoch" and self._batch % int(self.update_freq) == 0:
            if self.write_steps_per_second:
                self._train.scalar("batch_steps_per_second", 1 / seconds, self._batch)
            self._scalars(self._train, "batch_{}", logs, self._batch)
        if self._batch == self._profiled_batch:
            self._write_profile()

    def on_test_end(self, logs: Logs = None) -> None:
        if self.model.optimizer is not None:
            self._scalars(self._validation, "evaluation_{}_vs_iterations", logs, self._steps())
            self._validation.flush()

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        train = {name: value for name, value in (logs or {}).items() if not name.startswith("val_")}
        validation = {name[4:]: value for name, value in (logs or {}).items() if name.startswith("val_")}
        if train:
            train.update(_learning_rates(self.model.optimizer))
            if self.write_steps_per_second:
                steps = self._steps() - self._steps_before
                train["steps_per_second"] = steps / (time.perf_counter() - self._epoch_began)
        self._scalars(self._train, "epoch_{}", train, epoch)
        self._scalars(self._validation, "epoch_{}", validation, epoch)
        if self.histogram_freq and epoch % self.histogram_freq == 0:
            self._write_weights(epoch)
        if self.embeddings_freq and epoch % self.embeddings_freq == 0:
            self._write_embeddings(epoch)
        self._train.flush()
        self._validation.flush()

    # ---- what is written -------------------------------------------------------------------------------------------
    def _steps(self) -> int:
        """Updates that the optimizer has made."""
        return int(self.model.optimizer.iterations)

    @staticmethod
    def _scalars(file: EventFile, tag: str, logs: Logs, step: int) -> None:
        for name, value in (logs or {}).items():
            if np.ndim(value) == 0:
                file.scalar(tag.format(name), value, step)

    def _write_weights(self, epoch: int) -> None:
        for layer in self.model.layers:
            for weight in layer.weights:
                name, values = weight.path.replace(":", "_"), weight.numpy()
                self._train.histogram(f"{name}/histogram", values, epoch)
                if self.write_images and (image := _as_image(values)) is not None:
                    self._train.image(f"{name}/image", image, epoch)

    def _write_profile(self) -> None:
        try:
            view = self.model.training_plan()
        except ValueError:  # its steps run eagerly
            return
        self._train.text(f"batch_{self._batch}", f"```\n{view.profile()}\n```", self._batch)

    def _write_embeddings(self, epoch: int) -> None:
        """Writes each table as tab-separated values, and the projector's list of tables; the last epoch is shown."""
        os.makedirs(self.log_dir, exist_ok=True)
        entries = []
        for layer, labels in self._embeddings:
            table = f"{layer.name}-{epoch}.tsv"
            np.savetxt(os.path.join(self.log_dir, table), layer.embeddings.numpy(), "%.9g", "\t")
            metadata = f'  metadata_path: "{labels}"\n' if labels else ""
            entries.append(f'embeddings {{\n  tensor_name: "{layer.name}"\n  tensor_path: "{table}"\n{metadata}}}\n')
        with open(os.path.join(self.log_dir, "projector_config.pbtxt"), "w") as file:
            file.writelines(entries)


def _last_batch(profile_batch: Any) -> int:
    """The last batch of `profile_batch`; 0 for none."""
    if isinstance(profile_batch, str):
        profile_batch = [int(part) for part in profile_batch.split(",")]
    pair = [profile_batch, profile_batch] if isinstance(profile_batch, int) else list(profile_batch)
    if len(pair) != 2 or not all(isinstance(n, int) for n in pair) or not 0 <= pair[0] <= pair[1]:
        raise ValueError(
            "profile_batch must be a non-negative integer or 2-tuple of positive integers. A pair of positive integers "
            f"signifies a range of batches to profile. Found: {profile_batch}"
        )
    return int(pair[1])


def _learning_rates(optimizer: Any) -> dict[str, float]:
    """The learning rate by its name in the logs: one, or one for each optimizer of a MultiOptimizer."""
    optimizer = getattr(optimizer, "inner_optimizer", optimizer)
    if hasattr(optimizer, "optimizers"):
        return {f"learning_rate_{o.name}": float(o.learning_rate) for o in optimizer.optimizers}
    return {} if optimizer is None else {"learning_rate": float(optimizer.learning_rate)}


def _as_image(values: np.ndarray) -> np.ndarray | None:
    """A weight as an image: a bias is one row, a matrix lies on its longer side, a volume shows its first slice."""
    values = np.squeeze(values)
    if values.ndim == 1:
        return values[None]
    if values.ndim == 2:
        return values.T if values.shape[0] > values.shape[1] else values
    return values[:, :, 0] if values.ndim == 3 else None


def _embedding_files(model: Any, labels: str | dict[str, str] | None) -> list[tuple[Any, str | None]]:
    """(Embedding layer, name of the file with its labels) for each of the model's."""
    layers = [layer for layer in model.layers if hasattr(layer, "embeddings")]
    if not isinstance(labels, dict):
        return [(layer, labels) for layer in layers]
    if unknown := sorted(set(labels) - {layer.name for layer in layers}):
        raise ValueError(
            "Unrecognized `Embedding` layer names passed to `keras.callbacks.TensorBoard` `embeddings_metadata` "
            f"argument: {unknown}"
        )
    return [(layer, labels.get(layer.name)) for layer in layers]
