"""Preprocessing of images: resizing, rescaling, random augmentation."""
