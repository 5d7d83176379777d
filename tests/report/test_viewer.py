import json
from pathlib import Path

import numpy as np

from reid_lightning.report.page import write_report
from reid_lightning.report.viewer import queries_json
from reid_lightning.results.per_query import Query, QueryScores
from reid_lightning.results.retrieved import Result, Retrieved
from reid_lightning.results.runs import Run, read_runs
from tests.run_folders import MakeRun


def read(make_run: MakeRun, name: str = "a") -> Run:
    return read_runs([make_run(name, ["x=one"], score=0.5)])[0]


def test_pictures_are_named_from_the_pages_folder(make_run: MakeRun, tmp_path: Path) -> None:
    (data,) = json.loads(queries_json([read(make_run)], tmp_path / "reports" / "friday"))
    assert data["query_url"] == data["gallery_url"] == "../.."
    assert data["queries"] == [
        ["a.jpg", "1", "1", "", 2, 1, 0.5, [[0, 0, 0.25], [1, 1, 0.5]]],
        ["b.jpg", "2", "1", "", 0, 0, 0, [[0, 0, 0.75]]],
    ]
    assert data["items"] == [["<b>.jpg", "3", "3", ""], ["<b>.jpg", "1", "2", ""]]
    assert data["note"] == ""


def test_text_cannot_end_the_script(make_run: MakeRun, tmp_path: Path) -> None:
    run = read(make_run)._replace(name="</script><b>\u2028\ud800")
    text = queries_json([run], tmp_path)
    assert "<" not in text and text.isascii() and json.loads(text)[0]["name"] == run.name


def test_a_run_without_results_or_pictures_says_so(make_run: MakeRun, tmp_path: Path) -> None:
    run = read(make_run)
    (data,) = json.loads(queries_json([run._replace(retrieved=None)], tmp_path))
    assert "has no retrieved.parquet" in data["note"] and len(data["queries"]) == 2
    (tmp_path / "a.jpg").unlink()
    (data,) = json.loads(queries_json([run], tmp_path))
    assert data["note"].startswith("The pictures are not where this run found them, in ")


def test_market_1501_fits_into_a_page(make_run: MakeRun, tmp_path: Path) -> None:
    names = [f"{n:04}_c{n % 6 + 1}s1_{n:06}_00.jpg" for n in range(16_000)]
    count = 3368
    queries = [Query(names[n], str(n), "1", "") for n in range(count)]
    ones = np.ones(count)
    scores = QueryScores(queries, ones.astype(int), ones, ones / 3)
    results = {
        n: [
            Result(names[(7 * n + r) % 16_000], str(r), "1", "person", False, 0.123456, "")
            for r in range(10)
        ]
        for n in range(count)
    }
    run = read(make_run)._replace(queries=scores, retrieved=Retrieved(tmp_path, tmp_path, results))
    assert len(queries_json([run, run], tmp_path)) < 10 * 2**20, "of two runs"


def test_a_run_of_version_0_1_is_reported_with_what_it_has(
    make_run: MakeRun, tmp_path: Path
) -> None:
    run = make_run("old", ["loss=hard"])
    for name in ("status.json", "retrieved.parquet", "camera_pairs.csv", "findings.pt"):
        (run / name).unlink()
    (run / "per_query.csv").write_text(
        "query,pid,camid,matches,first_match,AP,INP\na.jpg,1,0,2,1,0.5,1.0\n"
    )
    page = write_report([run], tmp_path / "report").read_text()
    assert "50.0" in page and "CMC curves" in page and "What could not be read" not in page
    queries = (tmp_path / "report" / "queries.html").read_text()
    assert '["a.jpg","1","1","",2,1,0.5,[]]' in queries, "its camera 0 is 1 in the file names"
