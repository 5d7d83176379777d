"""Two checkpoints, or two settings trained with several seeds, compared query by query."""
