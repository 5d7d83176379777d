"""No step asks the device for a number, but for the loss of the step before, which is done."""

from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from graph_stand_in import SmallBackbone
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate
from torch.utils._python_dispatch import TorchDispatchMode

from reid_lightning.data.augmentation import cropped, jitter
from reid_lightning.engine.teacher import Teacher, TeacherNetwork
from reid_lightning.models import Embedder
from reid_lightning.run.build import build_module

CONF = str(Path(__file__).parents[2] / "conf")
ASKING = ("_local_scalar_dense", "nonzero", "masked_select", "is_nonzero", "equal", "_unique2")
RECIPE = ["loss=semihard", "loss.margin=soft", "loss.distance=euclidean", "loss.normalize=false"]
IN_THE_FOLDER = ("best", "last", "findings", "status")  # callbacks that write into a run's own


def by_mask(indices: Any) -> bool:
    """Whether a tensor is indexed by a mask, whose size the host must know."""
    given = [i for i in indices if i is not None] if isinstance(indices, list | tuple) else []
    return any(i.dtype == torch.bool for i in given)


class Asked(TorchDispatchMode):
    """Counts the operations that a GPU would have to be waited for."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = func.overloadpacket.__name__
        if name in ASKING or (name.startswith("index") and by_mask(args[1])):
            self.names.append(name)
        return func(*args, **(kwargs or {}))


class Count(pl.Callback):
    """Counts from the end of the second step to the end of the sixth: loader, step, callbacks."""

    def __init__(self) -> None:
        self.mode = Asked()

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        if batch_idx == 1:
            self.mode.__enter__()
        if batch_idx == 5:
            self.mode.__exit__(None, None, None)


def test_indexing_by_a_mask_counts_as_asking() -> None:
    x = torch.arange(3)
    with Asked() as asked:
        _ = x[x > 1]
        _ = x[[0, 1]]
    assert asked.names == ["index"]


@pytest.mark.parametrize(
    "chosen",
    [
        *(
            [f"loss={loss}"]
            for loss in ("softmax", "triplet", "hard", "semihard", "batch_all", "quadruplet")
        ),
        ["data.device_store=true"],
        ["+trainer.accumulate_grad_batches=2"],
        ["distill.checkpoint=x"],
        ["callbacks=averaged", *RECIPE],
        ["callbacks=averaged", "distill.checkpoint=x", "model.parts=2", *RECIPE],
    ],
    ids=" ".join,
)
def test_four_steps_ask_four_times(
    chosen: list[str], tiny_overrides: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Batches are augmented as on a GPU.
    monkeypatch.setattr(cropped, "cropped_input_numba", cropped.cropped_input_torch)
    monkeypatch.setattr(jitter, "jitter_numba", jitter.jitter_torch)
    with initialize_config_dir(CONF, version_base="1.3"):
        common = [*tiny_overrides, "augmentation=strong", "data.k=2"]
        config = compose(
            "train", [*common, *chosen, *(f"~callbacks.{name}" for name in IN_THE_FOLDER)]
        )
    datamodule = instantiate(config.data)
    module = build_module(config, datamodule.num_classes)
    if config.distill.checkpoint:
        weights = {"logit_weight": 1.0, "distance_weight": 1.0, "temperature": 4.0}
        network = Embedder(SmallBackbone(), datamodule.num_classes)
        module.teacher = Teacher([TeacherNetwork(network, 32, 20, "cosine")], **weights)
    count = Count()
    callbacks = [*(instantiate(c) for c in config.callbacks.values()), count]
    instantiate(
        config.trainer,
        callbacks=callbacks,
        logger=False,
        enable_checkpointing=False,
        limit_train_batches=8,
        limit_val_batches=0,
        enable_progress_bar=False,
    ).fit(module, datamodule)
    assert count.mode.names == ["_local_scalar_dense"] * 4
