"""On which device a job runs, and in how many processes of this machine."""

from dataclasses import dataclass

import pytorch_lightning as pl
import torch
from omegaconf import DictConfig

from reid_lightning.errors import ReIDError
from reid_lightning.run.made import made


@dataclass(frozen=True)
class Processes:
    """The devices of a job on this machine, and how many processes it starts for them.

    The count is 1 where a launcher (torchrun, SLURM, or this program) has started them already.
    The world size is that of all machines.
    """

    devices: tuple[torch.device, ...]
    count: int
    world_size: int

    @property
    def on_cpu(self) -> bool:
        """Whether the job runs on the CPU."""
        return self.devices[0].type == "cpu"

    @property
    def hardware(self) -> str:
        """`cpu`, or the models of the GPUs, on which the last bits of embeddings depend."""
        gpus = {torch.cuda.get_device_name(d) for d in self.devices if d.type == "cuda"}
        return " and ".join(sorted(gpus)) or self.devices[0].type


def plan_processes(config: DictConfig) -> Processes:
    """The processes that `trainer` needs on this machine.

    Raises:
        ReIDError: there is no GPU, the device lacks the half precision or the synchronised
            BatchNorm asked for, or several machines are asked for without a launcher.
    """
    if not _has_accelerator(config.trainer.get("accelerator")):
        raise ReIDError(
            "There is no GPU on this machine that torch can use, and trainer=gpu (or "
            "trainer.accelerator) asks for one: leave it out, or set trainer=cpu."
        )
    # In full precision: Lightning would quietly choose another half precision for a CPU.
    probe = made(
        "trainer",
        config.trainer,
        pl.Trainer,
        _convert_="all",
        logger=False,
        enable_checkpointing=False,
        precision="32-true",
    )
    parallel = getattr(probe.strategy, "parallel_devices", None)
    devices = tuple(parallel or [probe.strategy.root_device])
    if devices[0].type == "cpu":
        _check_cpu(config.trainer)
    environment = getattr(probe.strategy, "cluster_environment", None)
    if environment is not None and environment.creates_processes_externally:
        return Processes(devices, 1, probe.world_size)
    if probe.num_nodes > 1:
        raise ReIDError(
            f"trainer.num_nodes={probe.num_nodes} needs a launcher that starts the processes on "
            "every one of them, such as torchrun or srun."
        )
    return Processes(devices, probe.num_devices, probe.num_devices)


def _has_accelerator(name: str | None) -> bool:
    if name == "cuda":
        return torch.cuda.is_available()
    return name != "gpu" or torch.cuda.is_available() or torch.backends.mps.is_available()


def _check_cpu(trainer: DictConfig) -> None:
    if str(trainer.precision) in ("16", "16-mixed", "16-true"):
        raise ReIDError(
            f"trainer.precision={trainer.precision} needs a GPU, and this run is on the "
            "CPU: use trainer.precision=bf16-mixed or 32-true."
        )
    if trainer.sync_batchnorm:
        raise ReIDError(
            "trainer.sync_batchnorm=true needs GPUs: torch's synchronised BatchNorm refuses "
            "the CPU."
        )
