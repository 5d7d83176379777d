"""The names that `reid_lightning` exports."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import reid_lightning
from reid_lightning import ReIDError, evaluate, train


def test_every_name_is_there_and_nothing_heavy_is_imported_for_it() -> None:
    assert len(reid_lightning.__all__) == 36
    for name in reid_lightning.__all__:
        assert getattr(reid_lightning, name) is not None
    code = "import sys, reid_lightning; assert 'torch' not in sys.modules, 'slow'"
    subprocess.run([sys.executable, "-c", code], check=True)
    with pytest.raises(AttributeError, match="'reid_lightning' has no attribute 'nothing'"):
        _ = reid_lightning.nothing


def test_what_type_checkers_see_is_what_is_there() -> None:
    tree = ast.parse(Path(reid_lightning.__file__).read_text())
    (block,) = [node for node in tree.body if isinstance(node, ast.If)]
    homes = {
        alias.name: str(node.module).removeprefix("reid_lightning.")
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert homes == reid_lightning._HOMES


def test_training_and_evaluation_from_python(
    tiny_overrides: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HYDRA_FULL_ERROR", raising=False)
    run = train(*tiny_overrides)
    assert run.folder.parent == tmp_path / "outputs" and (run.folder / "train.log").is_file()
    data = [o for o in tiny_overrides if o.startswith("data") and "data.p=" not in o]
    scored = evaluate(run.folder / "checkpoints" / "best.ckpt", *data, "trainer.accelerator=cpu")
    for name in ("test/mAP", "test/rank1"):
        assert scored.results[name] == pytest.approx(run.results[name], abs=0.05)
    longer = train(f"resume={run.folder}", "trainer.max_epochs=2")
    assert longer.folder == run.folder and longer.results["epochs"] == 2
    for sweep in (["-m", "seed=0,1"], ["sweep=losses"]):
        with pytest.raises(ReIDError, match="This is a sweep"):
            train(*tiny_overrides, *sweep)
    with pytest.raises(ReIDError, match=r"did you mean loss=semihard\?"):
        train(*tiny_overrides, "loss=semihrad")
    with pytest.raises(ReIDError, match=r"hydra\.run\.dir"):
        train(*tiny_overrides, f"hydra.run.dir='{run.folder}'")
    with pytest.raises(ReIDError, match=r"weights=nowhere is neither"):
        train(*tiny_overrides, "model.weights=nowhere")
