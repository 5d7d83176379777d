"""The status of a job, read from its logs and results: finished, unfinished or failed."""

import re
from pathlib import Path

from reid_lightning.results import log_lines

STATUS_FINISHED = "finished"


def _pattern(line: str, value: str = ".*") -> str:
    """A regular expression for the format string `line`, with `value` for each of its values."""
    return value.join(map(re.escape, re.split(r"%[\d.]*[dgs]", line)))


_RESUMED = re.compile(_pattern(log_lines.RESUMED))
# Errors that were logged before the job was resumed, or was scored, are past.
_RESUMED_OR_SCORED = re.compile(
    "|".join(map(_pattern, (log_lines.RESUMED, log_lines.RESULTS, log_lines.FINISHED)))
)
_ERROR = re.compile(rf"^(?:\[[^]]*\] )?{_pattern(log_lines.ERROR, '(.*)')}$", re.MULTILINE)
_OTHER_PROCESS_FAILED = re.compile(_pattern(log_lines.OTHER_PROCESS_FAILED))


def read_status(job: Path) -> str:
    """`finished`, `unfinished`, or `failed: ` and the error.

    A scored job that was resumed to train for longer is unfinished until it is scored again.

    Args:
        job: the job's folder.
    """
    logs = [path.read_text() for path in sorted(job.glob("*.log"))]
    if error := _last_error(logs):
        return f"failed: {error}"
    turns = [turn for log in logs for turn in _RESUMED_OR_SCORED.findall(log)[-1:]]
    scored = (job / "metrics.json").is_file() and not any(map(_RESUMED.match, turns))
    return STATUS_FINISHED if scored else "unfinished"


def _last_error(logs: list[str]) -> str | None:
    """The last error in the logs, unless the job was resumed or scored after it.

    That another process failed counts only where that process did not log its own error.
    """
    recent = [_RESUMED_OR_SCORED.split(log)[-1] for log in logs]
    errors: list[str] = [error for log in recent for error in _ERROR.findall(log)]
    causes = [error for error in errors if not _OTHER_PROCESS_FAILED.fullmatch(error)]
    return (causes or errors)[-1] if errors else None
