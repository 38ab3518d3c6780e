"""Numbers and categories: normalization, buckets, one-hot encoding."""
