"""Distiller: trains a student model with a teacher model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from netlet import metrics, ops
from netlet.base import tree
from netlet.models import Model
from netlet.saving import deserialize_keras_object, serialize_keras_object

from .losses import loss_functions, total_of

_OUTPUT = "final_output"


class Distiller(Model):
    """Trains a student on labels and on what a teacher computes. Called, it is the student.

    loss = w * student loss + (1 - w) * sum of weight * distillation loss, with w = `student_loss_weight`. The teacher
    is frozen and runs as at inference. With a `student_layer_name`, the student runs a second time for its features.

    Args:
        teacher: trained model.
        student: model to be trained, with inputs and outputs of the same shapes and dtypes.
        distillation_losses: a DistillationLoss, or a list of them.
        distillation_loss_weights: a number for each loss of a list; None (the default): 1.
        student_loss_weight: w, from 0 to 1; 0.5 by default.
        name: "distiller" by default.
        **kwargs: arguments of `Model`.

    Raises:
        ValueError: arguments of other kinds, or models that do not fit each other or a loss.

    Example:

    >>> import numpy as np
    >>> import netlet
    >>> from netlet.distillation import LogitsDistillation
    >>> teacher, student = (netlet.Sequential([netlet.Input((4,)), netlet.layers.Dense(3)]) for _ in range(2))
    >>> distiller = Distiller(teacher, student, LogitsDistillation(temperature=2.0))
    >>> distiller.compile("sgd", netlet.losses.SparseCategoricalCrossentropy(from_logits=True))
    >>> history = distiller.fit(np.ones((8, 4)), np.zeros(8, "int32"), verbose=0)
    >>> sorted(history.history)
    ['distillation_loss', 'loss', 'student_loss', 'total_loss']
    """

    _teacher_features: Any
    _student_features: Any

    def __init__(
        self,
        teacher: Any,
        student: Any,
        distillation_losses: Any,
        distillation_loss_weights: Sequence[float] | None = None,
        student_loss_weight: float = 0.5,
        name: str = "distiller",
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        for what, model in (("teacher", teacher), ("student", student)):
            if not isinstance(model, Model):
                raise ValueError(f"Distiller: expected a Model as {what}, received {type(model).__name__}.")
        for end in ("inputs", "outputs"):
            _check_alike(end, getattr(teacher, end, None), getattr(student, end, None))
        weight = student_loss_weight
        if isinstance(weight, bool) or not isinstance(weight, (int, float)) or not 0 <= weight <= 1:
            raise ValueError(f"Distiller: expected student_loss_weight from 0 to 1, received {weight!r}.")
        if distillation_losses is None:
            raise ValueError("Distiller: expected a DistillationLoss or a list of them, received None.")
        several = isinstance(distillation_losses, (list, tuple))
        used = list(distillation_losses) if several else [distillation_losses]
        weights = [1.0] * len(used)
        if several and distillation_loss_weights is not None:
            weights = list(distillation_loss_weights)
        if len(weights) != len(used):
            raise ValueError(
                f"Distiller: expected a weight for each of {len(used)} distillation losses, received {len(weights)}."
            )
        for loss in used:
            loss.validate_model_compatibility(teacher, student)
        self.teacher, self.student = teacher, student
        self.student_loss_weight = student_loss_weight
        self.distillation_losses, self.distillation_loss_weights = used, weights
        # They share the layers of the two models, which track them.
        object.__setattr__(self, "_teacher_features", _features(teacher, [_layer(l, "teacher") for l in used]))
        object.__setattr__(self, "_student_features", _features(student, [_layer(l, "student") for l in used]))
        teacher.trainable = False
        self.student_loss_tracker = metrics.Mean(name="student_loss")
        self.distillation_loss_tracker = metrics.Mean(name="distillation_loss")
        self.total_loss_tracker = metrics.Mean(name="total_loss")
        self._student_loss: Any = None

    def compile(  # type: ignore[override]
        self, optimizer: Any = "adam", loss: Any = None, metrics: Any = None, **kwargs: Any
    ) -> None:
        """Configures the training of the student.

        Args:
            optimizer: see `Model.compile`; "adam" by default.
            loss: the student's loss on the labels, or a structure of them like its outputs.
            metrics: list of metrics; None by default.
            **kwargs: other arguments of `Model.compile`.

        Raises:
            ValueError: no loss, or metrics that are not a list.
        """
        if loss is None:
            raise ValueError("Distiller.compile: expected `loss`, the student's loss on the labels, received None.")
        if metrics is not None and not isinstance(metrics, (list, tuple)):
            raise ValueError(f"Distiller.compile: expected a list as metrics, received {type(metrics).__name__}.")
        self._student_loss = loss_functions(loss)
        super().compile(optimizer=optimizer, loss=None, metrics=metrics, **kwargs)

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None, **kwargs: Any) -> Any:
        """The student's outputs."""
        return self.student(inputs, training=training, mask=mask, **kwargs)

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        """The loss of a batch, which also updates the three metrics. `sample_weight` is not used, as in Keras."""
        if y_pred is None:
            y_pred = self(x, training=training)
        student: Any = 0.0
        if self.student_loss_weight > 0 and y is not None:
            parts = zip(*map(tree.flatten, (self._student_loss, y, y_pred)), strict=True)
            student = total_of([ops.mean(loss(true, pred)) for loss, true, pred in parts])
        distilled: Any = 0.0
        if self.student_loss_weight < 1:
            distilled = self._distillation_loss(x, y_pred, training)
        weight = self.student_loss_weight
        total = ops.add(ops.multiply(student, weight), ops.multiply(distilled, 1.0 - weight))
        for tracker, value in (
            (self.student_loss_tracker, student),
            (self.distillation_loss_tracker, distilled),
            (self.total_loss_tracker, total),
        ):
            tracker.update_state(value)
        return total

    def _distillation_loss(self, x: Any, y_pred: Any, training: bool) -> Any:
        if self._teacher_features is None:
            taught = {_OUTPUT: self.teacher(x, training=False)}
        else:
            taught = self._teacher_features(x, training=False)
        learned = {} if self._student_features is None else self._student_features(x, training=training)
        parts = []
        for loss, weight in zip(self.distillation_losses, self.distillation_loss_weights, strict=True):
            names = _layer(loss, "teacher"), _layer(loss, "student")
            teacher = taught[names[0] or _OUTPUT]
            student = y_pred if names[1] is None else learned[names[1]]
            loss.validate_outputs(teacher, student)
            value = loss.compute_loss(teacher, student)
            if len(getattr(value, "shape", ())):
                raise ValueError(
                    f"{type(loss).__name__}.compute_loss: expected a scalar, received shape {tuple(value.shape)}."
                )
            parts.append(ops.multiply(value, weight))
        return total_of(parts)

    def get_config(self) -> dict[str, Any]:
        """The arguments, with both models."""
        return {
            "name": self.name,
            "teacher": serialize_keras_object(self.teacher),
            "student": serialize_keras_object(self.student),
            "distillation_losses": [serialize_keras_object(loss) for loss in self.distillation_losses],
            "distillation_loss_weights": list(self.distillation_loss_weights),
            "student_loss_weight": self.student_loss_weight,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        """Makes a Distiller from a config of `get_config`."""
        made = {name: deserialize_keras_object(config[name], custom_objects) for name in ("teacher", "student")}
        used = [deserialize_keras_object(c, custom_objects) for c in config["distillation_losses"]]
        return cls(**{**config, **made, "distillation_losses": used})


def _layer(loss: Any, of: str) -> str | None:
    """The name of the layer of the teacher or student that a loss compares; None: the model's outputs."""
    name: str | None = getattr(loss, f"{of}_layer_name", None)
    return name


def _features(model: Any, names: list[str | None]) -> Any:
    """A model with the outputs of these layers by name and those of the model; None if there is no layer."""
    layers = {name: model.get_layer(name=name).output for name in names if name is not None}
    if not layers:
        return None
    outputs = {_OUTPUT: model.output, **layers}
    return Model(inputs=model.inputs, outputs=outputs, name=f"{model.name}_features")


def _check_alike(end: str, teacher: Any, student: Any) -> None:
    """Raises ValueError if the symbolic inputs or outputs of the models differ in number, shape or dtype."""
    if teacher is None or student is None:
        return
    described = [[(tuple(t.shape), str(t.dtype)) for t in tree.flatten(side)] for side in (teacher, student)]
    alike = len(described[0]) == len(described[1]) and all(
        a[1] == b[1]
        and len(a[0]) == len(b[0])
        and all(m is None or n is None or m == n for m, n in zip(a[0], b[0], strict=True))
        for a, b in zip(*described, strict=True)
    )
    if not alike:
        raise ValueError(
            f"Distiller: expected {end} of the student like the teacher's {described[0]}, received {described[1]}."
        )
