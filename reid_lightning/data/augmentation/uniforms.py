"""The random numbers that decide what augmentation does to each picture."""

import numpy as np

Uniforms = np.ndarray  # float64 [pictures, columns] in [0, 1), on the host
