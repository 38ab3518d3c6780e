"""Recording a model's step: once for each shape of batch, replayed natively afterwards."""

from __future__ import annotations

from typing import Any

from .. import _core, config
from ..graph import trial
from ..utils.tree import flatten
from ..variable import storage_epoch
from . import results
from .data import ArrayData, pack_batch


class RecordedStep:
    """A plan, and what has to be read after it ran."""

    def __init__(self, plan: _core.Plan, outputs: Any, logs: dict[str, _core.Tensor], epoch: int, batch: int) -> None:
        self.plan, self.batch = plan, batch
        self.outputs = outputs  # predict: the structure of outputs, with one recorded Tensor a leaf
        self.logs = logs  # a train_step of the user's own: the values that it returns
        self.epoch = epoch

    def read_logs(self, model: Any) -> dict[str, Any]:
        """The metrics as they stand, and what a train_step of the user's own returned at the last run."""
        logs: dict[str, Any] = model.get_metrics_result()
        logs.update({name: results.as_number(value.numpy()) for name, value in self.logs.items()})
        return logs


class StepCache:
    """The recorded steps of one model, by mode, batch size and the shapes and dtypes of the arrays."""

    def __init__(self) -> None:
        self._steps: dict[Any, RecordedStep] = {}

    def clear(self) -> None:
        self._steps.clear()

    def get(self, model: Any, mode: str, data: ArrayData, batch: int, check_finite: bool = True) -> RecordedStep:
        leaves = data.leaves()
        key = (mode, batch, check_finite, _skeleton(data), tuple((t.shape[1:], t.dtype) for t in leaves))
        step = self._steps.get(key)
        # A variable that moved since (an optimizer gathered it into its segment) left its old memory to this plan.
        if step is None or step.epoch != storage_epoch():
            step = self._steps[key] = record(model, mode, data, batch, check_finite)
        return step


def _skeleton(data: ArrayData) -> str:
    def shape_of(s: Any) -> Any:
        if isinstance(s, dict):
            return {k: shape_of(v) for k, v in sorted(s.items())}
        if isinstance(s, (list, tuple)):
            return [shape_of(v) for v in s]
        return None if s is None else 0

    return repr((shape_of(data.x), shape_of(data.y), shape_of(data.sample_weight)))


def record(model: Any, mode: str, data: ArrayData, batch: int, check_finite: bool) -> RecordedStep:
    """Runs `model.train_step`, `test_step` or `predict_step` once on a recording tape."""
    ensure_built(model, data)
    tape = _core.Tape(record=True, trains=mode == "train")
    tape.set_step(model._step_cell)
    outputs: Any = None
    logs: dict[str, _core.Tensor] = {}
    flag = _core.tensor(0, dtype="int32") if check_finite and mode == "train" else None
    if mode == "train":
        # Gradients side by side in the optimizer's segment, so that one kernel updates all parameters.
        targets, rows = model.optimizer.gradient_targets(), model.optimizer.gradient_rows()
        for v in model.trainable_variables:
            if id(v) in targets:
                tape.set_grad_target(v._tensor, targets[id(v)], rows.get(id(v)))
    with tape:
        model._finite_flag = flag
        try:
            tensors = [source(tape, model, data, i, batch, gather=mode == "train") for i in range(len(data.leaves()))]
            rows = pack_batch(data, tensors)
            if mode == "predict":
                outputs = model.predict_step(rows)
            else:
                returned = model.train_step(rows) if mode == "train" else model.test_step(rows)
                logs = _keep(returned)
                if mode == "train":
                    _core.increment(model._step_cell)
        finally:
            model._finite_flag = None
        if flag is not None:
            tape.guard(flag)
        plan = tape.compile([_output(t) for t in flatten(outputs)] if mode == "predict" else [])
    return RecordedStep(plan, outputs, logs, storage_epoch(), batch)


def _output(value: Any) -> _core.Tensor:
    tensor = getattr(value, "_tensor", value)
    return tensor if isinstance(tensor, _core.Tensor) else _core.tensor(tensor)


def _keep(returned: Any) -> dict[str, _core.Tensor]:
    """Recorded values that a train_step returns are copied, at each run, to where Python can read them."""
    kept = {}
    for name, value in (returned or {}).items():
        if isinstance(value, _core.Tensor) and value.recorded:
            kept[name] = _core.empty(value.shape, value.dtype)
            _core.assign(value, kept[name])
    return kept


def source(tape: _core.Tape, model: Any, data: ArrayData, i: int, batch: int, gather: bool) -> _core.Tensor:
    """The i-th array as the step sees it: `batch` rows, in the dtype that the model computes with."""
    part, index = _position(model, data, i)
    leaf = data.leaves()[i]
    wanted = _dtype(model, part, index, leaf)
    shape = (batch, *leaf.shape[1:])
    name = part if index is None else f"{part}[{index}]"
    if gather:
        t = tape.feed(shape, leaf.dtype, wanted, name)
    else:
        t = tape.input(shape, leaf.dtype, name)
        t = t if leaf.dtype == wanted else _core.cast(t, wanted)
    return t


def cast_to_model(model: Any, data: ArrayData, i: int) -> _core.Tensor:
    """All rows of the i-th array as an eager step sees them."""
    part, index = _position(model, data, i)
    leaf = data.leaves()[i]
    return _core.cast(leaf, _dtype(model, part, index, leaf))


def _position(model: Any, data: ArrayData, i: int) -> tuple[str, int | None]:
    """Where the i-th array goes: x, y or sample_weight, and to which of the model's inputs or outputs."""
    for part in ("x", "y", "sample_weight"):
        structure = getattr(data, part)
        leaves = [t for t in flatten(structure) if t is not None]
        if i >= len(leaves):
            i -= len(leaves)
            continue
        if isinstance(structure, dict):
            keys = [k for k in sorted(structure) if structure[k] is not None]
            names = _names(model, "input" if part == "x" else "output")
            if len(keys) == len(leaves) and keys[i] in names:
                return part, names.index(keys[i])
        return part, i if len(leaves) > 1 else None
    raise IndexError(i)


def _names(model: Any, end: str) -> list[str]:
    """What the inputs or outputs are called in a dict of arrays, in the order of `model.inputs` or `outputs`."""
    structure = getattr(getattr(model, "_function", None), f"{end}s_struct", None)
    return sorted(structure) if isinstance(structure, dict) else list(getattr(model, f"{end}_names", None) or [])


def _spec(model: Any, end: str, index: int) -> Any:
    """The symbolic input or output of that index, where the model is a graph."""
    specs = getattr(model, end, None) or []
    return specs[index] if index < len(specs) else None


def _dtype(model: Any, part: str, index: int | None, leaf: _core.Tensor) -> str:
    compute = getattr(model, "compute_dtype", None) or config.floatx()
    if compute not in ("float32", "float64"):
        compute = config.floatx()
    floating = config.is_float(leaf.dtype)
    if part == "x":
        spec = _spec(model, "fed_inputs", index or 0)
        if spec is not None:
            return str(spec.dtype)
        return compute if floating else "int32" if leaf.dtype == "int64" else leaf.dtype
    if part == "y" and not floating and model._wants_integer_labels(index or 0):
        return "int32"
    spec = _spec(model, "outputs", index or 0)
    return str(spec.dtype) if spec is not None and str(spec.dtype) in ("float32", "float64") else compute


def ensure_built(model: Any, data: ArrayData) -> None:
    """Creates the model's weights, before anything that points at them is recorded."""
    if getattr(model, "_built_for_training", False) and model.built:
        return
    leaves = data.leaves()
    count = len([t for t in flatten(data.x) if t is not None])
    # A trial on a tape that is thrown away; layers that only run eagerly get values.
    with _core.Tape(record=not model.run_eagerly) as tape, trial(), model.fed():
        if model.run_eagerly:
            tensors = [cast_to_model(model, data, i) for i in range(count)]
        else:
            tensors = [source(tape, model, data, i, 2, gather=False) for i in range(count)]
        model(pack_batch(data, tensors + leaves[count:]).x)
    model._built_for_training = True
