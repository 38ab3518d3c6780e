"""ReportCheckpointCallback: what Ray Train learns of a training."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence

from netlet.base.extras import needs
from netlet.distribution.last_checkpoint import note_checkpoint

from .callback import Callback, Logs

_MODEL = "model.netlet"


class ReportCheckpointCallback(Callback):
    """Reports the metrics of each epoch, and the model as a checkpoint, to Ray Train.

    It belongs in the function of `distribution.ray_trainer`, on all workers. A checkpoint is a folder with the file
    "model.netlet". Ray keeps it where `ray.train.RunConfig(storage_path=)` says, and gives the last one to workers that
    it starts again after a failure: `ray.train.get_checkpoint()`.

    Args:
        metrics: names of logs to report; a dict {name in the report: name in the logs}; None (the default) for all
            logs.
        checkpoint_every: epochs between checkpoints; 0 for none. Metrics are reported after each epoch. 1 by default.

    Raises:
        ImportError: Ray is not installed.
        KeyError: the logs have no metric of that name.
        RuntimeError: it is used outside of a worker of Ray Train.
        ValueError: checkpoint_every is no integer, or negative.

    Source: Ray Train, `ray.train.tensorflow.keras.ReportCheckpointCallback`.

    Example:

    >>> model.fit(x, y, callbacks=[ReportCheckpointCallback()])  # doctest: +SKIP
    """

    def __init__(
        self, metrics: str | Sequence[str] | Mapping[str, str] | None = None, checkpoint_every: int = 1
    ) -> None:
        super().__init__()
        if isinstance(checkpoint_every, bool) or not isinstance(checkpoint_every, int) or checkpoint_every < 0:
            raise ValueError(
                f"ReportCheckpointCallback(checkpoint_every=): expected 0 or a positive integer, received "
                f"{checkpoint_every!r}."
            )
        names = [metrics] if isinstance(metrics, str) else metrics
        self._metrics = {name: name for name in names} if names and not isinstance(names, Mapping) else names
        self._every = checkpoint_every
        self._train = needs("ray.train", "ray", "ReportCheckpointCallback")

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        report = self._report_of(logs or {})
        if not self._every or (epoch + 1) % self._every:
            self._train.report(report)
            return
        with tempfile.TemporaryDirectory() as folder:
            self.model.save(os.path.join(folder, _MODEL))
            first = self._train.get_context().get_world_rank() == 0
            self._train.report(report, checkpoint=self._train.Checkpoint.from_directory(folder) if first else None)
        note_checkpoint(f"{self._train.get_context().get_experiment_name()} in Ray's storage", epoch + 1)

    def _report_of(self, logs: Mapping[str, float]) -> dict[str, float]:
        if self._metrics is None:
            return dict(logs)
        assert isinstance(self._metrics, Mapping)
        missing = sorted(set(self._metrics.values()) - set(logs))
        if missing:
            raise KeyError(
                f"ReportCheckpointCallback(metrics=): expected names among {sorted(logs)}, received {missing}."
            )
        return {name: logs[log] for name, log in self._metrics.items()}
