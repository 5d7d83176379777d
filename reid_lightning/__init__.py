"""A PyTorch Lightning + Hydra experiment framework for person re-identification."""
