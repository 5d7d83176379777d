"""What signals do in a rank that a supervisor has started."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from reid_lightning.run.rank_link import SupervisorLink
from reid_lightning.stop_signals import SIGNALS, pass_signals_to, stop_signals


@contextmanager
def rank_signals(link: SupervisorLink) -> Iterator[None]:
    """Report signals to the supervisor, which stops the whole job by one to rank 0.

    The other ranks go on until they are ended: rank 0 needs them for the step that is under way.
    """
    if os.environ["LOCAL_RANK"] == "0":
        with stop_signals(), pass_signals_to(link.report_signal):
            yield
        return
    for signum in SIGNALS:
        if signal.getsignal(signum) is not signal.SIG_IGN:
            signal.signal(signum, lambda s, frame: link.report_signal(s))
    yield
