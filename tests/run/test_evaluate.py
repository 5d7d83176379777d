"""evaluate.py as a user types it: steps of retrieval, embeddings kept, pictures added."""

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from reid_lightning.results.findings import read_findings
from reid_lightning.results.open_set import read_det_curves

STEPS = ["flip", "multi_query", "database", "expansion", "spatial_temporal", "rerank"]


@pytest.fixture(scope="module")
def checkpoint(
    tmp_path_factory: pytest.TempPathFactory, script: Callable, tiny_overrides: list[str]
) -> Path:
    cwd = tmp_path_factory.mktemp("cwd")
    ema = ["callbacks=averaged", "callbacks.ema.decay=0.8"]
    script("train.py", *tiny_overrides, *ema, "hydra.run.dir=run", cwd=cwd)
    return cwd / "run" / "checkpoints" / "best.ckpt"


@pytest.fixture(scope="module")
def evaluate(checkpoint: Path, script: Callable, tiny_overrides: list[str]) -> Callable:
    own = ("data", "trainer.accelerator")
    given = [o for o in tiny_overrides if o.startswith(own) and "height" not in o]

    def run(*overrides: str, cwd: Path, check: bool = True) -> tuple[dict, str]:
        if (cwd / "e").exists():  # a folder belongs to one evaluation
            shutil.rmtree(cwd / "before", ignore_errors=True)
            (cwd / "e").rename(cwd / "before")
        arguments = [f"checkpoint={checkpoint}", *given, *overrides, "hydra.run.dir=e"]
        done = script("evaluate.py", *arguments, cwd=cwd, check=check)
        path = cwd / "e" / "metrics.json"
        results = json.loads(path.read_text()) if path.is_file() else {}
        return results, done.stdout + done.stderr

    return run


def test_all_steps_at_once_and_what_they_leave(evaluate: Callable, tmp_path: Path) -> None:
    plain, _ = evaluate(cwd=tmp_path)
    results, _ = evaluate(f"retrieval=[{','.join(STEPS)}]", cwd=tmp_path)
    assert plain["trained_seed"] == 0 and len(plain["trained_settings"]) == 32
    assert plain["retrieval"] == "none" and results["retrieval"] == "+".join(STEPS)
    assert results["test/mAP"] != plain["test/mAP"]
    assert 0 < results["test/mAP"] <= 1 and results["test/queries"] == plain["test/queries"]
    for name in ("spatial_temporal.pt", "spatial_temporal.png"):
        assert (tmp_path / "e" / name).stat().st_size > 1000
    again, _ = evaluate(
        f"retrieval=[{','.join(STEPS)}]",
        "retrieval.spatial_temporal.file=before/spatial_temporal.pt",
        cwd=tmp_path,
    )
    assert again["test/mAP"] == results["test/mAP"]


def test_averaged_weights_score_as_in_their_run(
    evaluate: Callable, checkpoint: Path, tmp_path: Path
) -> None:
    results, _ = evaluate(cwd=tmp_path)
    trained = json.loads((checkpoint.parent.parent / "metrics.json").read_text())
    assert results["test/mAP"] == pytest.approx(trained["test/mAP"], abs=1e-9)


def test_per_query_results_have_the_score_as_their_mean(evaluate: Callable, tmp_path: Path) -> None:
    results, _ = evaluate("metric.distance=euclidean", cwd=tmp_path)
    with (tmp_path / "e" / "per_query.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == results["test/queries"]
    mean = sum(float(row["AP"]) for row in rows) / len(rows)
    assert mean == pytest.approx(results["test/mAP"], abs=1e-9)
    first = sum(row["first_match"] == "1" for row in rows) / len(rows)
    assert first == pytest.approx(results["test/rank1"], abs=1e-9)


def test_findings_are_of_what_was_scored(evaluate: Callable, tmp_path: Path) -> None:
    """Also with a step, which takes junk out of the gallery and ranks by distances of its own."""
    evaluate("retrieval=[rerank]", "findings.queries=2", cwd=tmp_path)
    found = read_findings(tmp_path / "e" / "findings.pt")
    with (tmp_path / "e" / "per_query.csv").open() as file:
        rows = {row["query"]: row for row in csv.DictReader(file)}
    lowest = min(float(row["AP"]) for row in rows.values())
    assert float(rows[found.worst[0].query.path.name]["AP"]) == lowest
    for one in (*found.worst, *found.best):
        counted = [shown.verdict for shown in one.gallery if shown.verdict != "junk"]
        first = int(rows[one.query.path.name]["first_match"])
        assert "hit" not in counted[: first - 1] and counted[first - 1 : first] in ([], ["hit"])
        assert one.query.path.is_absolute() and all(
            shown.picture.path.is_file() for shown in one.gallery
        )
    assert len(found.worst) == len(found.best) == 2 and found.positive.isfinite().all()


def test_pictures_are_embedded_once_and_scores_are_the_same(
    evaluate: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REID_CACHE", str(tmp_path / "cache"))
    first, output = evaluate("trainer.devices=2", cwd=tmp_path)
    assert "Embeddings are in the cache" not in output
    second, output = evaluate(cwd=tmp_path)
    assert "Embeddings are in the cache" in output, "those of any number of processes"
    assert first["images_per_second"] > 0 and second["images_per_second"] is None
    assert len(list((tmp_path / "cache").glob("*.embeddings"))) == 1
    assert not list((tmp_path / "cache").glob("*.partial"))
    assert {k: v for k, v in first.items() if k.startswith("test/")} == {
        k: v for k, v in second.items() if k.startswith("test/")
    }


def test_further_distractors_join_the_gallery(
    evaluate: Callable, tiny_set: Path, tmp_path: Path
) -> None:
    extra = tmp_path / "extra"
    shutil.copytree(tiny_set / "bounding_box_train", extra)
    next(extra.glob("*.jpg")).rename(extra / "named as it likes.jpg")
    plain, _ = evaluate(cwd=tmp_path)
    results, output = evaluate(f"data.extra_gallery=[{extra}]", cwd=tmp_path)
    assert results["test/gallery"] == plain["test/gallery"] + len(list(extra.iterdir()))
    assert results["test/queries"] == plain["test/queries"]
    assert results["test/mAP"] < plain["test/mAP"] and "is not the official" not in output


WRONG = {
    "no times": (
        ["data.clock=none", "retrieval=[spatial_temporal]"],
        "needs times, and synthetic has none",
    ),
    "average precision": (["metric.ap=foo"], "metric.ap=foo must be step or trapezoid"),
    "distance": (
        ["metric.distance=squared"],
        "metric.distance=squared must be cosine or euclidean",
    ),
    "neighbours": (
        ["retrieval=[rerank]", "retrieval.rerank.k2=2.5"],
        "k2=2.5 must be an integer of 1 or more",
    ),
    "no number": (
        ["retrieval=[rerank]", "retrieval.rerank.weight=nan"],
        "weight=nan must be a number from 0 to 1",
    ),
    "a part": (["+trainer.limit_predict_batches=1"], "would leave pictures out"),
    "not of ours": (
        ["retrieval=[spatial_temporal]", "retrieval.spatial_temporal.file=note.txt"],
        "note.txt cannot be read as a PyTorch file",
    ),
    "several machines": (["+trainer.num_nodes=2"], "evaluate.py starts its own processes"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_input_is_reported_in_one_sentence(
    case: str, evaluate: Callable, tmp_path: Path
) -> None:
    overrides, message = WRONG[case]
    (tmp_path / "note.txt").write_text("some words")
    _, output = evaluate(*overrides, cwd=tmp_path, check=False)
    assert message in output and "Error: " in output and "Traceback" not in output


def test_an_open_set_is_scored_beside_the_closed_one(evaluate: Callable, tmp_path: Path) -> None:
    plain, _ = evaluate(cwd=tmp_path)
    results, output = evaluate("openset=true", "metric.distance=euclidean", cwd=tmp_path)
    assert not [name for name in plain if "openset" in name]
    shares = {k: x for k, x in results.items() if k.startswith("test/openset/")}
    names = [f"FNIR_rank{r}_FPIR{f}" for r in (1, 20) for f in (1, 10)] + ["TAR_FAR0.1", "TAR_FAR1"]
    assert [*shares] == [f"test/openset/{name}" for name in names]
    assert all(0 <= share <= 1 for share in shares.values())
    searched = results["openset/mated"] + results["openset/non_mated"]
    assert searched + results["openset/left_out"] == results["test/queries"]
    assert results["openset/gallery"] < results["test/gallery"]
    assert "FNIR at FPIR 1%" in output and "TAR at FAR 0.1%" in output
    assert (tmp_path / "e" / "openset.png").stat().st_size > 1000
    curves = read_det_curves(tmp_path / "e" / "openset.csv")
    for rank, (fpir, fnir) in curves.items():
        at_ten = fnir[(fpir <= 0.1).nonzero().max()].item()
        assert at_ten == pytest.approx(results[f"test/openset/FNIR_rank{rank}_FPIR10"])


def test_an_open_set_is_not_ranked_by_what_cannot_be_compared(
    evaluate: Callable, tmp_path: Path
) -> None:
    _, output = evaluate("openset=true", "retrieval=[rerank]", cwd=tmp_path, check=False)
    assert "leave rerank out of retrieval=[…]" in output and "Traceback" not in output
    _, output = evaluate("openset=1", cwd=tmp_path, check=False)
    assert "openset=1 must be true or false" in output
