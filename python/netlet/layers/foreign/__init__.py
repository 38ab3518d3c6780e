"""Layers that call other frameworks: modules of PyTorch, functions of JAX, modules of Flax."""
