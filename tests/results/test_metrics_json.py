"""What stands in metrics.json beside the scores."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from reid_lightning.results.metrics_json import write_results


@pytest.mark.parametrize("threads", [1, 2])
def test_what_the_last_bits_depend_on(
    threads: int, tmp_path: Path, set_threads: Callable[[int], None]
) -> None:
    set_threads(threads)
    write_results(tmp_path / "metrics.json", {"test/mAP": 0.5})
    content = json.loads((tmp_path / "metrics.json").read_text())
    assert content["threads"] == threads and content["test/mAP"] == 0.5
    assert content["cpu_capability"] == torch.backends.cpu.get_cpu_capability()
    assert content["version/torch"].startswith(torch.__version__.partition("+")[0])
