"""Loggers: metrics.csv, which every run has, and TensorBoard or W&B beside it."""
