"""Data sets. `digits` needs no network; the others are downloaded once and verified, or read from local files."""

from netlet.base.missing import explain_missing

from . import cifar10, cifar100, digits, fashion_mnist, imdb, mnist

__all__ = ["cifar10", "cifar100", "digits", "fashion_mnist", "imdb", "mnist"]


explain_missing(__name__)
