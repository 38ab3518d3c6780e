"""Training, evaluation and prediction: data sources, recorded steps, and results."""
