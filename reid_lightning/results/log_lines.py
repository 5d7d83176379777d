"""Format strings of the log lines that `job_status` reads: use them to log these lines."""

RESUMED = "Resuming the run in %s after %d steps (%.3g epochs)."
FINISHED = "The run in %s is finished: all %d epochs are trained and metrics.json holds its scores."
RESULTS = "Results: %s"
ERROR = "Error: %s"
OTHER_PROCESS_FAILED = "Process %d ended with an error; see its message above."
