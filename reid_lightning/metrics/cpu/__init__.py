"""The compiled ranking: ranks by counting, with near ties of float32 recomputed exactly."""
