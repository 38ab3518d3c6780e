"""Data sets. `digits` needs no network; the others are downloaded once and verified, or read from local files."""

from netlet.base.missing import explain_missing

from . import boston_housing, california_housing, cifar10, cifar100, digits, fashion_mnist, imdb, mnist, reuters

__all__ = [
    "boston_housing",
    "california_housing",
    "cifar10",
    "cifar100",
    "digits",
    "fashion_mnist",
    "imdb",
    "mnist",
    "reuters",
]


explain_missing(__name__)
