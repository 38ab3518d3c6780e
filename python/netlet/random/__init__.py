"""Random numbers: distributions, seed generators, and the global seed.

Every seed that netlet draws (initializers, dropout, shuffling) comes from `make_seed()`: a hash of the global seed and
the number of seeds drawn so far. A program that starts with `utils.set_random_seed(s)` is therefore reproducible bit by
bit.

Arguments that the distributions share:

- `shape`: tuple of integers.
- `dtype`: default `config.floatx()`, for `randint` and `categorical` "int32".
- `seed`: None for the global sequence, an integer, or a `SeedGenerator`. An integer gives the same numbers at each
  call, except that `dropout` continues the sequence of its seed. With the others each call gives new numbers, and so
  does each run of a recorded step.
"""

from __future__ import annotations

from netlet.base.missing import explain_missing

from .draws import categorical, normal, randint, shuffle, truncated_normal, uniform
from .dropping import concrete_noise_shape, dropout, masked_dropout
from .gammas import beta, gamma
from .host import binomial
from .seeds import SeedGenerator, generator, get_state, make_seed, make_seed_if_unset, seeded, set_seed, set_state
from .streams import drawing_at

__all__ = [
    "SeedGenerator",
    "beta",
    "binomial",
    "categorical",
    "concrete_noise_shape",
    "drawing_at",
    "dropout",
    "gamma",
    "generator",
    "get_state",
    "make_seed",
    "make_seed_if_unset",
    "masked_dropout",
    "normal",
    "randint",
    "seeded",
    "set_seed",
    "set_state",
    "shuffle",
    "truncated_normal",
    "uniform",
]

explain_missing(__name__)
