"""A timeline of a recorded step."""

from __future__ import annotations

from typing import Any

from netlet.models import Model
from netlet.training.plan_view import PlanView
from netlet.utils.svg import PHASES

from .arguments import at_least
from .style import MUTED, axes_or_new, label_axes, legend, plain, small_grid_lines


def plan(plan_or_model: Any, *, ax: Any = None, limit: int = 40) -> Any:
    """Plots a timeline of one step: which layer's kernels take how long, in forward, backward and update.

    The step is run 50 times, and each bar is the time of a record, from its start to its end. The longest
    records are shown, in the order of execution. Weights, metrics and optimizers are restored afterwards.

    Args:
        plan_or_model: what `model.plan(...)` returned, or a trained model, whose last training step is used.
        ax: matplotlib axes to draw into; default new ones.
        limit: the most records to show; default 40.

    Returns:
        The axes.

    Raises:
        ValueError: something else, a model without a recorded training step, or `limit` below 1.
        ImportError: matplotlib is not installed.

    Example:

    >>> import numpy as np
    >>> import netlet
    >>> model = netlet.Sequential([netlet.Input((4,)), netlet.layers.Dense(2, name="out")], name="small")
    >>> ax = plan(model.plan(np.zeros((8, 4), "float32")))
    >>> ax.get_title(loc="left")
    "predict step of 'small', batch of 8"
    """
    if isinstance(plan_or_model, Model):
        plan_or_model = plan_or_model.training_plan()
    if not isinstance(plan_or_model, PlanView):
        raise ValueError(
            "plan: expected `plan_or_model` to be a model or what `model.plan` returned, received "
            f"{type(plan_or_model).__name__}."
        )
    limit = at_least("plan", "limit", limit, 1)
    records = plan_or_model.timed_records()
    total = sum(r["seconds"] for r in records)
    unit, factor = ("ms", 1e3) if total >= 1e-3 else ("µs", 1e6)
    longest = sorted(range(len(records)), key=lambda i: -records[i]["seconds"])[:limit]
    starts, start = [], 0.0
    for r in records:
        starts.append(start * factor)
        start += r["seconds"]
    ax = axes_or_new(ax, (7.5, 1.2 + 0.19 * len(longest)))
    labels: set[str] = set()
    for row, i in enumerate(sorted(longest)):
        r = records[i]
        phase = r["phase"]
        spent = sum(other["seconds"] for other in records if other["phase"] == phase)
        label = f"{phase}, {spent * factor:.3g} {unit}"
        ax.barh(
            row, r["seconds"] * factor, left=starts[i], color=PHASES[phase], height=0.75,
            label=None if label in labels else label,
        )  # fmt: skip
        labels.add(label)
    ax.set_yticks(range(len(longest)), [_name(records[i]) for i in sorted(longest)])
    ax.invert_yaxis()
    ax.margins(y=0.01)
    ax.set_xlim(0, total * factor * 1.01)
    small_grid_lines(ax, "x")
    rest = f", {len(longest)} longest of {len(records)} records" if len(longest) < len(records) else ""
    label_axes(ax, f"time in {unit}, {total * factor:.4g} {unit} in all{rest}")
    plain(ax, plan_or_model.title)
    ax.tick_params(axis="y", labelsize=8, colors=MUTED)
    legend(ax, loc="upper right")
    return ax


def _name(record: dict[str, Any]) -> str:
    """The layer, without the model's name, and the kernel."""
    layer = record["layer"].partition("/")[2] or record["layer"]
    return f"{layer}  {record['kernel']}" if layer else record["kernel"]
