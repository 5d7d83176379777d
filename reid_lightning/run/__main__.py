"""`python -m reid_lightning.run train …`: a rank of a job, started by its supervisor."""

import os
import sys

from reid_lightning.process import (
    exit_at_signals,
    keep_streams,
    pass_signals_to,
    share_cores,
    stop_signals,
)
from reid_lightning.run.rank_link import SupervisorLink

if __name__ == "__main__":
    keep_streams()
    share_cores()
    with exit_at_signals():
        link = SupervisorLink()  # before the imports, which take seconds
        from reid_lightning.run.rank import run_rank
    # Whichever rank gets a signal reports it: the supervisor stops the job by one to rank 0.
    first = os.environ["LOCAL_RANK"] == "0"
    with stop_signals(stops=first), pass_signals_to(link.report_signal):
        run_rank(link, sys.argv[1], sys.argv[2:])
