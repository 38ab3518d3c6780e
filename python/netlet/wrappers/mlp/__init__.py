"""Multilayer perceptrons with scikit-learn's arguments: recorded steps over one block of weights, and their solvers."""
