"""Tensors and their operators, variables, gradient tapes and symbolic graphs, which layers and models are built on."""
