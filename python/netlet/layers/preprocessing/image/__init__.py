"""Images: sizes, scales, random augmentation."""
