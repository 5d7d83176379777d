"""What the keys of train.yaml and evaluate.yaml may hold."""

from typing import Annotated, Any, Literal

from annotated_types import Ge, Gt, Le
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf

from reid_lightning.distances import RankingDistance
from reid_lightning.errors import ReIDError
from reid_lightning.metrics.ranking import AveragePrecision
from reid_lightning.run.check_config import check_config
from reid_lightning.run.config_schema import Node, Nodes
from reid_lightning.run.typed_command import typed_command
from reid_lightning.signatures import (
    Count,
    FilePath,
    Natural,
    NonNegative,
    PartialShare,
    Positive,
    Share,
    Size,
    Text,
    check_argument,
)

LARGEST_RATE = 100  # of learning: above it, one step loses the weights

_TRAINER = Node(
    {
        "max_epochs": Count,
        "precision": Literal["32-true", "bf16-mixed", "16-mixed", "32", "bf16", "16", 32, 16],
        "check_val_every_n_epoch": Count,
        "accumulate_grad_batches": Count,
        "num_nodes": Count,
        "gradient_clip_val": NonNegative | None,
        "log_every_n_steps": Natural,
        "min_epochs": Natural | None,
        "min_steps": Natural | None,
        "val_check_interval": Annotated[float, Gt(0), Le(1)] | Count | Text | None,
    },
    partial=False,
)
_OPTIMIZER = Node(
    {
        "lr": Annotated[float, Ge(0), Le(LARGEST_RATE)],
        "maximize": Literal[False],
        "dampening": PartialShare,
        "weight_decay": NonNegative,
        "momentum": PartialShare,
        "betas": tuple[PartialShare, PartialShare],
    },
    partial=True,
)
# Of pytorch-metric-learning, without annotations: at 0 or below, its losses vanish or turn round.
_LOSS_TERMS: dict[str, Any] = {
    **dict.fromkeys(("temperature", "scale", "gamma", "alpha", "beta"), Positive),
    **dict.fromkeys(("margin", "pos_margin", "neg_margin", "epsilon", "base"), float),
}
_SEED = Annotated[int, Ge(0), Le(2**32 - 1)]
# Values first: groups refer to them, and errors should name what was typed.
_TRAINING: dict[str, Any] = {
    "version": Text,
    "seed": _SEED,
    "resume": Text | None,
    "checkpoint_every_n_steps": Count | None,
    "cuda_graphs": bool,
    "recipe": Any,  # of a data set, for other groups to refer to
    "distill": {
        "checkpoint": list[Text] | Text | None,
        "logit_weight": NonNegative,
        "distance_weight": NonNegative,
        "temperature": Positive,
    },
    "model": Node(partial=False),
    "loss": Node(within=_LOSS_TERMS, partial=False),
    "optimizer": _OPTIMIZER,
    "scheduler": Node(),
    "augmentation": Node(),
    "trainer": _TRAINER,
    "callbacks": Nodes({"ema": Node({"decay": PartialShare}, optional=True)}),
    "logger": Node(optional=True, partial=False),
    "data": Node({"join": list[Text]}, beside="reader", partial=False),
    "metric": Node(partial=False),
}
RETRIEVAL = Nodes(
    {"flip": bool | None, "multi_query": bool | None, "spatial_temporal": {"file": Text | None}}
)
DATA_TO_SCORE = Node({"height": Size | None, "width": Size | None}, beside="reader", partial=False)
_EVALUATION: dict[str, Any] = {
    "checkpoint": Text | None,
    "version": Text,
    "seed": _SEED,
    "recipe": Any,
    "openset": bool,
    "findings": {"queries": Natural, "length": Count},
    "model": Node(optional=True, partial=False),
    "augmentation": Node(),
    "trainer": _TRAINER,
    "data": DATA_TO_SCORE,
    "metric": {"distance": RankingDistance | None, "ap": AveragePrecision, "extra_scores": Nodes()},
    "retrieval": RETRIEVAL,
}
_DIRECTION = Literal["minimize", "maximize"]
# Of Hydra's plugins, which find them late or fail on them.
_SWEEP: dict[str, dict[str, Any]] = {
    "sweeper": {
        "direction": _DIRECTION | list[_DIRECTION],
        "max_batch_size": Count | None,
        "max_failure_rate": Share,
        "n_jobs": Count,
        "n_trials": Count,
    },
    "launcher": {"n_jobs": Annotated[int, Le(-1)] | Count},
}


def check_sweep_config(config: DictConfig) -> None:
    """Raise a `ReIDError` about the first value of Hydra's plugins that runs no sweep."""
    for group, annotations in _SWEEP.items():
        values: Any = OmegaConf.to_container(config.hydra[group], enum_to_str=True)
        for name in annotations.keys() & values.keys():
            check_argument(f"hydra.{group}.{name}", values[name], annotations[name])


_DATA: dict[str, Any] = {
    "version": Text,
    "seed": _SEED,
    "recipe": Any,
    "trainer": Any,  # a data set's recipe may hold both
    "augmentation": Node(),
    "data": Node(beside="reader", partial=False),
    "sheet": FilePath | None,
    "export": Literal["market1501", "table"] | None,
    "export_to": FilePath | None,
}


def check_data_config(config: DictConfig) -> None:
    """Raise a `ReIDError` about the first value of `reid data` that cannot be meant."""
    check_config(config, _DATA)


def check_training_config(config: DictConfig) -> None:
    """Raise a `ReIDError` about the first value of a training that cannot be meant."""
    check_config(config, _TRAINING)


def check_evaluation_config(config: DictConfig) -> None:
    """Raise a `ReIDError` about the first value of an evaluation that cannot be meant."""
    command, checkpoint = typed_command("evaluate"), config.get("checkpoint")
    if checkpoint is None and config.get("model") is None:
        raise ReIDError(
            f"Name what to score: a checkpoint, {command} "
            f"checkpoint=outputs/RUN/checkpoints/best.ckpt, or weights of others, {command} "
            "model=osnet model.weights=FILE"
        )
    typed = HydraConfig.get().overrides.task
    if checkpoint is not None and any(o.lstrip("+").startswith("model.weights=") for o in typed):
        raise ReIDError(
            "checkpoint=… and model.weights=… are two sets of weights: leave one of them out."
        )
    check_config(config, _EVALUATION)
    if config.data.get("join"):
        raise ReIDError("data.join is of a training: an evaluation scores data=… alone.")
