"""A run with a damaged file, in a report: its score is shown as it was, or what is damaged is."""

import shutil
import tempfile
from pathlib import Path

import pytest
from attempt import Refused, attempt
from budget import examples
from damage import damaged
from hypothesis import given
from hypothesis import strategies as st
from run_folders import MakeRun

from reid_lightning.report.figures.distance_plot import distance_plot
from reid_lightning.report.page import write_report
from reid_lightning.report.rows import rows_of
from reid_lightning.report.score_table import compare_scores, order_rows
from reid_lightning.report.settings import compare_settings
from reid_lightning.results.runs import read_runs
from reid_lightning.results.sweep_summary import sweep_table, write_summary

FILES = (
    *("metrics.json", "metrics.csv", "per_query.csv", "status.json", "findings.pt"),
    *("retrieved.parquet", "camera_pairs.csv"),
    *(".hydra/config.yaml", ".hydra/overrides.yaml"),
)


@pytest.fixture
def sweep(make_run: MakeRun, tmp_path: Path) -> Path:
    for name, score in (("0", 0.625), ("1", 0.375)):
        make_run(f"sweep/{name}", [f"x={name}", "y=1"], score=score)
    return tmp_path / "sweep"


@pytest.mark.parametrize("name", FILES)
@examples(12)
@given(data=st.data())
def test_no_damage_shows_another_score(name: str, data: st.DataObject, sweep: Path) -> None:
    whole = (sweep / "0" / name).read_bytes()
    others = [(sweep / "0" / other).read_bytes() for other in FILES if other != name]
    content = data.draw(damaged(whole, others))
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(shutil.copytree(sweep, Path(folder) / "sweep"))
        (copy / "0" / name).write_bytes(content)

        def shown() -> list:
            runs = read_runs([copy])
            rows_shown = rows_of(runs)
            assert compare_settings(rows_shown) and compare_scores(order_rows(rows_shown))
            rows = write_summary(copy)
            assert sweep_table(rows)
            scores = {run.folder.name: run.results.get("test/mAP") for run in runs}
            summary = {row["folder"]: row["test/mAP"] for row in rows}
            problems = [problem for run in runs for problem in run.problems]
            return [scores, summary, problems, {run.folder.name: run.status for run in runs}]

        scores, summary, problems, statuses = attempt(shown)
        assert scores["1"] == summary["1"] == 0.375
        if name == "metrics.json":  # whose digits have no checksum
            assert scores["0"] == summary["0"] is None or 0 <= scores["0"] <= 1
        else:
            assert scores["0"] in (0.625, None) and summary["0"] in (0.625, None)
        assert scores["0"] is not None or problems or statuses["0"] != "finished"


@examples(3)
@given(data=st.data(), name=st.sampled_from(["metrics.csv", "metrics.json", "findings.pt"]))
def test_a_page_is_written_whatever_is_damaged(
    data: st.DataObject, name: str, sweep: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow_map = "reid_lightning.report.run_section.embedding_map"
    monkeypatch.setattr(slow_map, lambda findings: distance_plot(findings))
    content = data.draw(damaged((sweep / "0" / name).read_bytes()))
    with tempfile.TemporaryDirectory() as folder:
        run = Path(shutil.copytree(sweep / "0", Path(folder) / "run"))
        (run / name).write_bytes(content)
        page = attempt(lambda: write_report([run], run / "report").read_text())
    assert not isinstance(page, Refused)
    assert name == "metrics.json" or "62.5" in page
