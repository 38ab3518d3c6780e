"""Preprocessing layers for features, images and text."""
