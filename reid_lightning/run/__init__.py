"""Start, end, resume and sweep runs: the only room that knows Hydra."""
