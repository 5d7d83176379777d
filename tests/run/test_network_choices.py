"""Networks other than the default: trained, resumed, and scored from their checkpoint alone."""

import json
from pathlib import Path

import pytest
from conftest import Run

NETWORKS = {
    "mobilenet_v2": ["model.width=0.35", "model.parts=2", "model.last_stride=1", "loss=semihard"],
    "timm": ["model.name=test_resnet", "model.pooling=gem"],
    "osnet": ["model.width=0.25", "model.embedding=64"],
    "resnet50": ["model.last_stride=1"],
    "mobilenetv4": ["model.name=mobilenetv4_conv_small"],
    "repvit": ["model.name=repvit_m0_9"],
    "fastvit": ["model.name=fastvit_t8"],
    "swin": ["model.name=swin_tiny_patch4_window7_224"],
}
OURS = ("mobilenet_v2", "osnet", "resnet50")
FAST = ("mobilenet_v2", "timm")


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[] if n in FAST else pytest.mark.slow) for n in NETWORKS]
)
def test_a_network_is_trained_resumed_and_scored(
    name: str, tiny_overrides: list[str], script: Run, tmp_path: Path
) -> None:
    model = f"model={name if name in OURS else 'timm'}"
    if model == "model=timm":
        pytest.importorskip("timm")
    common = [o for o in tiny_overrides if not o.startswith("model.width")]
    train = [*common, model, *NETWORKS[name], "hydra.run.dir=run"]
    script("train.py", *train, cwd=tmp_path)
    script("train.py", "resume=run", "trainer.max_epochs=2", cwd=tmp_path)
    own = ("data", "trainer.accelerator")
    data = [o for o in common if o.startswith(own) and "height" not in o]
    last = "checkpoint=run/checkpoints/last.ckpt"
    script("evaluate.py", last, *data, "hydra.run.dir=scored", cwd=tmp_path)
    trained, scored = (
        json.loads((tmp_path / run / "metrics.json").read_text()) for run in ("run", "scored")
    )
    assert trained["epochs"] == 2 and 0 < scored["test/mAP"] <= 1
    unknown = [*train[:-1], "model.name=resnet5O" if model == "model=timm" else "model.depth=3"]
    refused = script("train.py", *unknown, "hydra.run.dir=x", cwd=tmp_path, check=False)
    said = refused.stdout + refused.stderr
    assert refused.returncode == 1 and "Traceback" not in said
    assert ("did you mean resnet50" if model == "model=timm" else "has no key depth") in said
