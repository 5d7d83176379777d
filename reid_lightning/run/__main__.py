"""`python -m reid_lightning.run train …`: a rank of a job, started by its supervisor."""

import sys

from reid_lightning.run.rank_link import SupervisorLink
from reid_lightning.run.rank_signals import rank_signals
from reid_lightning.stop_signals import exit_at_signals

if __name__ == "__main__":
    link = SupervisorLink()  # before the imports, which take seconds
    with exit_at_signals():
        from reid_lightning.run.rank import run_rank
    with rank_signals(link):
        run_rank(link, sys.argv[1], sys.argv[2:])
