"""All that Lightning runs: module, checkpoints, learning-rate schedules, callbacks, loggers."""
