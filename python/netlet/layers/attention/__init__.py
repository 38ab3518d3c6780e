"""Attention, and what belongs to it: masks, projections, position embeddings."""
