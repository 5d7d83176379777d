"""Imported once, for all processes that `warm_start` forks: libraries, and what they first make."""

import gc

import numpy as np
import pandas  # noqa: F401

# Not wandb, whose temporary folder, made at its import, the first process to end would remove.
import reid_lightning.run.evaluation  # noqa: F401
import reid_lightning.run.training  # noqa: F401
from reid_lightning.metrics.cpu.exact import squared_norms

squared_norms(0, 1, np.ones((1, 1), np.float32), np.empty(1))  # fills numba's tables of types
gc.collect()
gc.freeze()  # what is here is not looked through again, in every process
