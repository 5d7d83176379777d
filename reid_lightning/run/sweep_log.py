"""What a sweep tells about its jobs: which of them begins, and what is new in it."""

import logging
import math
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException

from reid_lightning.results.run_card import run_card
from reid_lightning.results.status import STATUS_FILE, read_status_file
from reid_lightning.run.held_sweep import held_sweep
from reid_lightning.run.typed_command import typed_command
from reid_lightning.run.user_errors import in_sweep

log = logging.getLogger(__name__)

RESULT = {"result": True}  # of a record that every job shows, though it may equal another's

_said = set[str]()  # on the console, by the jobs that this process has run


def begin_job_log() -> None:
    """Say which job of its sweep begins; leave what earlier jobs have said to the log file."""
    if not in_sweep():
        return
    for handler in logging.root.handlers:
        if getattr(handler, "stream", None) in (sys.stdout, sys.stderr):
            handler.addFilter(_NewLines())
    hydra = HydraConfig.get()
    sweep = Path(hydra.sweep.dir)
    number, count = int(hydra.job.num) + 1, read_status_file(sweep).get("jobs")
    of_all = f" of {count}" if count else ""
    left = _seconds_left(sweep, number, count) if count and held_sweep() else None
    about = f" (about {_duration(left)} left)" if left is not None else ""
    name = run_card(Path(hydra.runtime.output_dir)).name
    log.info("Job %d%s: %s%s", number, of_all, name, about)


def log_results_folder(folder: Path) -> None:
    """Say where a job's results are, and how to look at them: a sweep says that at its end."""
    page = "" if in_sweep() else f" (on one page: {typed_command('report')} {folder})"
    log.info("Results: %s%s", folder, page)


def count_jobs(sweeper: Mapping[str, Any], overrides: Sequence[str]) -> int | None:
    """How many jobs a sweep will have; None where that is not known beforehand.

    Args:
        sweeper: Hydra's configuration of it.
        overrides: as typed; they take the place of the sweeper's `params`.
    """
    if trials := sweeper.get("n_trials"):
        return int(trials)
    params = [f"{key}={value}" for key, value in (sweeper.get("params") or {}).items()]
    if not str(sweeper.get("_target_")).endswith("BasicSweeper"):
        return None
    try:
        parsed = OverridesParser.create().parse_overrides([*params, *overrides])
        values = {
            o.get_key_element(): len(list(o.sweep_string_iterator()))
            if o.is_sweep_override()
            else 1
            for o in parsed
        }
    except (HydraException, AssertionError):  # a glob of files, say
        return None
    return math.prod(values.values())


class _NewLines(logging.Filter):
    """Passes what no earlier job has said, and every error, epoch and result (`extra=RESULT`)."""

    def __init__(self) -> None:
        super().__init__()
        self.before = frozenset(_said)

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        own = (
            record.name.startswith("reid_lightning.engine") or RESULT.keys() <= vars(record).keys()
        )
        if own or record.levelno >= logging.ERROR:
            return True
        _said.add(text)
        return text not in self.before


def _seconds_left(sweep: Path, number: int, count: int) -> float | None:
    """The time of this job and those after it, by those that have ended; they run one by one."""
    read = [read_status_file(file.parent) for file in sweep.rglob(STATUS_FILE)]
    ended = [float(job["seconds"]) for job in read if isinstance(job.get("seconds"), int | float)]
    if not ended:
        return None
    # Of a resumed sweep, later jobs may have ended before.
    return sum(ended) / len(ended) * max(1, min(count - number + 1, count - len(ended)))


def _duration(seconds: float) -> str:
    for unit, name, most in ((1, "s", 90), (60, "min", 5400), (3600, "h", 172_800)):
        if seconds < most:
            return f"{max(1, round(seconds / unit))} {name}"
    return f"{round(seconds / 86_400)} days"
