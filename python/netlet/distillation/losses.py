"""Losses between what a teacher and a student compute."""

from __future__ import annotations

from typing import Any

from netlet import losses, ops
from netlet.base import tree
from netlet.saving import deserialize_keras_object, serialize_keras_object


def loss_functions(loss: Any) -> Any:
    """A structure of losses with functions and Loss objects in place of names; None stays None."""
    return tree.map_structure(lambda item: losses.get(item) if isinstance(item, str) else item, loss)


def _check_some(kind: str, loss: Any) -> None:
    if all(item is None for item in tree.flatten(loss)):
        raise ValueError(f"{kind}: expected `loss` with at least one loss, received none.")


def _check_structure(kind: str, what: str, expected: Any, received: Any) -> None:
    if tree.paths(expected) != tree.paths(received):
        raise ValueError(
            f"{kind}: expected {what} in the structure of the teacher's outputs {tree.paths(expected)}, received "
            f"{tree.paths(received)}."
        )


class DistillationLoss:
    """Base of the losses of a Distiller. A subclass defines `compute_loss`.

    >>> from netlet import ops
    >>> class SumOfDifferences(DistillationLoss):
    ...     def compute_loss(self, teacher_outputs, student_outputs, **kwargs):
    ...         return ops.sum(ops.abs(teacher_outputs - student_outputs))
    >>> float(SumOfDifferences().compute_loss(ops.ones((2,)), ops.zeros((2,))))
    2.0
    """

    def compute_loss(self, teacher_outputs: Any, student_outputs: Any, **kwargs: Any) -> Any:
        """The loss of a batch.

        Args:
            teacher_outputs: Tensor (B, ...), or a structure of them.
            student_outputs: the same of the student.
            **kwargs: for subclasses.

        Returns:
            A scalar Tensor.

        Raises:
            NotImplementedError: a subclass does not define it.
        """
        raise NotImplementedError(f"{type(self).__name__} must implement compute_loss().")

    def validate_outputs(self, teacher_outputs: Any, student_outputs: Any) -> None:
        """Checks that outputs of the two models can be compared.

        Args:
            teacher_outputs: structure of symbolic or other tensors.
            student_outputs: structure of symbolic or other tensors.

        Raises:
            ValueError: they have different structures; subclasses compare more.
        """
        _check_structure(type(self).__name__, "the student's outputs", teacher_outputs, student_outputs)

    def validate_model_compatibility(self, teacher: Any, student: Any) -> None:
        """Checks that the loss can be used with two models; subclasses define what that takes.

        Args:
            teacher: the trained model.
            student: the model to be trained.

        Raises:
            ValueError: in subclasses: the models do not fit the loss.
        """


class FeatureDistillation(DistillationLoss):
    """Loss between outputs of a teacher's and a student's layer: sum over the outputs of the mean of `loss`.

    Args:
        loss: name or Loss, or a structure of them like the outputs, with None for outputs to ignore. "mse" by default.
        teacher_layer_name: the teacher's layer; None (the default): its outputs.
        student_layer_name: the student's layer; None (the default): its outputs.

    Raises:
        ValueError: no loss.

    >>> from netlet import ops
    >>> float(FeatureDistillation("mse").compute_loss(ops.ones((2, 3)), ops.zeros((2, 3))))
    1.0
    """

    def __init__(
        self, loss: Any = "mse", teacher_layer_name: str | None = None, student_layer_name: str | None = None
    ) -> None:
        _check_some("FeatureDistillation", loss)
        self.loss = loss_functions(loss)
        self.teacher_layer_name, self.student_layer_name = teacher_layer_name, student_layer_name

    def validate_model_compatibility(self, teacher: Any, student: Any) -> None:
        for what, model, name in (
            ("teacher", teacher, self.teacher_layer_name),
            ("student", student, self.student_layer_name),
        ):
            if name is None:
                continue
            if getattr(model, "inputs", None) is None:
                raise ValueError(
                    f"FeatureDistillation: expected the {what} to be a Functional or Sequential model, since "
                    f"`{what}_layer_name` is given, received {type(model).__name__}."
                )
            try:
                model.get_layer(name=name)
            except ValueError as error:
                raise ValueError(f"In {what} model: {error}") from None

    def validate_outputs(self, teacher_outputs: Any, student_outputs: Any) -> None:
        super().validate_outputs(teacher_outputs, student_outputs)
        _check_structure("FeatureDistillation", "`loss`", teacher_outputs, self.loss)

    def compute_loss(self, teacher_outputs: Any, student_outputs: Any, **kwargs: Any) -> Any:
        parts = zip(*map(tree.flatten, (self.loss, teacher_outputs, student_outputs)), strict=True)
        return total_of([ops.mean(loss(teacher, student)) for loss, teacher, student in parts if loss is not None])

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor.

        Returns:
            {argument: plain value}, from which `from_config` makes an equal one.

        Raises:
            ValueError: an argument that has no config, such as a lambda.
        """
        return {
            "loss": serialize_keras_object(self.loss),
            "teacher_layer_name": self.teacher_layer_name,
            "student_layer_name": self.student_layer_name,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """Makes the loss from its config.

        Args:
            config: what `get_config` returned.

        Returns:
            An object of this class.

        Raises:
            ValueError: the config names something unknown.
        """
        return cls(**{**config, "loss": deserialize_keras_object(config["loss"])})


class LogitsDistillation(DistillationLoss):
    """Loss between the logits of both models, divided by a temperature (Hinton, Vinyals and Dean, 2015).

    The Kullback-Leibler divergence compares softmax(logits / temperature) and is multiplied by temperature². Other
    losses compare logits / temperature.

    Args:
        temperature: positive number, 3 by default; larger numbers make the teacher's distribution softer.
        loss: name or Loss, or a structure of them like the outputs, with None for outputs to ignore. "kl_divergence" by
            default.

    Raises:
        ValueError: no loss, or a temperature that is not a positive number.

    >>> from netlet import ops
    >>> x = ops.convert_to_tensor([[1.0, 2.0]])
    >>> float(LogitsDistillation(2.0).compute_loss(x, x))
    0.0
    """

    def __init__(self, temperature: float = 3.0, loss: Any = "kl_divergence") -> None:
        _check_some("LogitsDistillation", loss)
        if isinstance(temperature, bool) or not isinstance(temperature, (int, float)) or not temperature > 0:
            raise ValueError(f"LogitsDistillation: expected temperature to be positive, received {temperature!r}.")
        self.temperature, self.loss = temperature, loss_functions(loss)

    def validate_outputs(self, teacher_outputs: Any, student_outputs: Any) -> None:
        super().validate_outputs(teacher_outputs, student_outputs)
        _check_structure("LogitsDistillation", "`loss`", teacher_outputs, self.loss)

    def compute_loss(self, teacher_outputs: Any, student_outputs: Any, **kwargs: Any) -> Any:
        parts = zip(*map(tree.flatten, (self.loss, teacher_outputs, student_outputs)), strict=True)
        return total_of([self._one(loss, teacher, student) for loss, teacher, student in parts if loss is not None])

    def _one(self, loss: Any, teacher: Any, student: Any) -> Any:
        teacher, student = ops.divide(teacher, self.temperature), ops.divide(student, self.temperature)
        if isinstance(loss, losses.KLDivergence) or loss is losses.kl_divergence:
            value = ops.mean(loss(ops.softmax(teacher, axis=-1), ops.softmax(student, axis=-1)))
            return ops.multiply(value, self.temperature**2)
        return ops.mean(loss(teacher, student))

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor.

        Returns:
            {argument: plain value}, from which `from_config` makes an equal one.

        Raises:
            ValueError: an argument that has no config, such as a lambda.
        """
        return {"temperature": self.temperature, "loss": serialize_keras_object(self.loss)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """Makes the loss from its config.

        Args:
            config: what `get_config` returned.

        Returns:
            An object of this class.

        Raises:
            ValueError: the config names something unknown.
        """
        return cls(**{**config, "loss": deserialize_keras_object(config["loss"])})


def total_of(parts: list[Any]) -> Any:
    """The sum of scalars."""
    return parts[0] if len(parts) == 1 else ops.sum(ops.stack(parts))
