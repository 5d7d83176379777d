"""Retrieval steps by the names of their YAML files, without a run of Hydra's."""

from collections.abc import Sequence

from reid_lightning.errors import ReIDError
from reid_lightning.retrieval import Retrieval
from reid_lightning.run.build_retrieval import build_steps
from reid_lightning.run.compose_group import compose_group
from reid_lightning.run.config_keys import RETRIEVAL


def load_retrieval(names: Sequence[str], options: Sequence[str]) -> Retrieval:
    """The steps of an evaluation with `retrieval=[NAMES]`.

    Args:
        names: such as `["flip", "rerank"]`.
        options: as they are typed: `["retrieval.rerank.k1=10"]`.

    Raises:
        ReIDError: a name or an option is unknown, or a step needs pids, cameras or times.
    """
    config = compose_group("retrieval", [f"retrieval=[{','.join(names)}]", *options], RETRIEVAL)
    for name in ("multi_query", "spatial_temporal"):
        if config.get(name):
            raise ReIDError(
                f"retrieval=[{name}] needs to know who is on the pictures, or when they were "
                "taken: a search takes flip, expansion, database and rerank."
            )
    return build_steps(config)
