"""A PyTorch Lightning + Hydra experiment framework for person re-identification."""

__version__ = "0.2.0"
