"""OneCycle and Cyclic against PyTorch's schedulers.

The expected rates are what `optimizer.param_groups[0]["lr"]` was in each step, with torch 2.13.0, one float64 parameter
and `torch.optim.SGD([p], lr=1.0, momentum=0.9)`:

    OneCycleLR(optimizer, 0.4, total_steps=20, ...) and CyclicLR(optimizer, 0.1, 0.5, ...),  step() after each step
"""

from __future__ import annotations

import numpy as np
import pytest

import netlet
from netlet.optimizers import schedules

# fmt: off
CASES = {
    "one cycle": (
        schedules.OneCycle(0.4, 20),
        [0.016, 0.0526687371, 0.148668737, 0.267331263, 0.363331263, 0.4, 0.394985602, 0.380193853, 0.356366471,
         0.324698262, 0.286777201, 0.244504809, 0.2000008, 0.155496791, 0.113224399, 0.0753033384, 0.043635129,
         0.0198077472, 0.00501599751, 1.6e-06],
    ),
    "one cycle, linear": (  # pct_start=0.25, anneal_strategy="linear", div_factor=10, final_div_factor=100
        schedules.OneCycle(0.4, 20, 0.25, "linear", 10, 100),
        [0.04, 0.13, 0.22, 0.31, 0.4, 0.37336, 0.34672, 0.32008, 0.29344, 0.2668, 0.24016, 0.21352, 0.18688, 0.16024,
         0.1336, 0.10696, 0.08032, 0.05368, 0.02704, 0.0004],
    ),
    "one cycle, three phases": (  # pct_start=0.35, three_phase=True
        schedules.OneCycle(0.4, 20, 0.35, three_phase=True),
        [0.016, 0.0417231225, 0.112, 0.208, 0.304, 0.374276878, 0.4, 0.374276878, 0.304, 0.208, 0.112, 0.0417231225,
         0.016, 0.0152078302, 0.0129882196, 0.00978078945, 0.00622081055, 0.00301338038, 0.000793769832, 1.6e-06],
    ),
    "cyclic": (  # step_size_up=4
        schedules.Cyclic(0.1, 0.5, 4),
        [0.1, 0.2, 0.3, 0.4, 0.5, 0.4, 0.3, 0.2] * 3,
    ),
    "cyclic, halved": (  # step_size_up=4, step_size_down=3, mode="triangular2"
        schedules.Cyclic(0.1, 0.5, 4, 3, "triangular2"),
        [0.1, 0.2, 0.3, 0.4, 0.5, 0.366666667, 0.233333333, 0.1, 0.15, 0.2, 0.25, 0.3, 0.233333333, 0.166666667, 0.1,
         0.125, 0.15, 0.175, 0.2, 0.166666667, 0.133333333, 0.1, 0.1125, 0.125],
    ),
    "cyclic, shrinking": (  # step_size_up=5, step_size_down=2, mode="exp_range", gamma=0.9
        schedules.Cyclic(0.1, 0.5, 5, 2, "exp_range", 0.9),
        [0.1, 0.172, 0.2296, 0.27496, 0.309952, 0.336196, 0.2062882, 0.1, 0.134437377, 0.161987278, 0.183682826,
         0.200419391, 0.212971815, 0.150837317, 0.1, 0.116471291, 0.129648323, 0.140025236, 0.148030283,
         0.154034069, 0.124315331, 0.1, 0.107878167, 0.114180701],
    ),
}
# fmt: on


@pytest.mark.parametrize("case", CASES)
def test_rates_are_pytorch_s(case):
    schedule, expected = CASES[case]
    rates = schedule(np.arange(len(expected)))
    np.testing.assert_allclose(rates, expected, rtol=1e-8)
    assert [float(schedule(i)) for i in range(len(expected))] == rates.tolist()
    again = schedules.deserialize(schedules.serialize(schedule))
    assert type(again) is type(schedule) and again.get_config() == schedule.get_config()
    np.testing.assert_array_equal(again(np.arange(30)), schedule(np.arange(30)))


@pytest.mark.parametrize("pct_start", [0.0, 0.05, 1.0])
@pytest.mark.parametrize("three_phase", [False, True])
def test_phases_without_steps(pct_start, three_phase):
    rates = schedules.OneCycle(0.4, 20, pct_start, three_phase=three_phase)(np.arange(40))
    assert np.isfinite(rates).all() and rates.max() <= 0.4 + 1e-12 and rates.min() > 0


def test_one_cycle_keeps_its_last_rate():
    rates = schedules.OneCycle(0.4, 20)(np.array([19, 20, 1000]))
    np.testing.assert_allclose(rates, 0.4 / 25 / 1e4, rtol=1e-9)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: schedules.OneCycle(0.4, 0), "`total_steps` must be > 0"),
        (lambda: schedules.OneCycle(0.4, 20, 1.5), "`pct_start` must be between 0 and 1"),
        (
            lambda: schedules.OneCycle(0.4, 20, anneal_strategy="cosine"),
            "expected 'cos' or 'linear', received 'cosine'",
        ),
        (lambda: schedules.Cyclic(0.1, 0.5, 0), "`step_size_up` must be > 0"),
        (lambda: schedules.Cyclic(0.1, 0.5, 4, -1), "`step_size_down` must be > 0"),
        (lambda: schedules.Cyclic(0.1, 0.5, mode="square"), "expected 'triangular', .* received 'square'"),
    ],
)
def test_bad_arguments(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_recorded_fit_follows_the_schedule():
    schedule = schedules.Cyclic(0.0, 0.25, 2)
    model = netlet.Sequential([netlet.Input((1,)), netlet.layers.Dense(1, use_bias=False, kernel_initializer="ones")])
    model.compile(netlet.optimizers.SGD(schedule), "mse")
    model.fit(np.ones((6, 1)), np.zeros((6, 1)), batch_size=1, verbose=0)
    np.testing.assert_allclose(model.get_weights()[0], np.prod(1 - 2 * schedule(np.arange(6))), rtol=1e-6)
