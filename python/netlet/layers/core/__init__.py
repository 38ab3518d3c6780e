"""Core layers: Dense, EinsumDense, Embedding, Input, Masking, Identity, Lambda."""
