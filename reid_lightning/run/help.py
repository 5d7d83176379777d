"""`--help`: every choice, and every key of the configuration with its YAML's comment."""

from collections.abc import Sequence
from pathlib import Path

from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.utils import create_config_search_path
from hydra.core.config_loader import ConfigLoader
from hydra.core.config_search_path import SearchPathElement
from hydra.core.object_type import ObjectType
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf, open_dict

from reid_lightning.files import read_yaml
from reid_lightning.run.config_files import CONF, check_own_files
from reid_lightning.run.hydra_app import TypedArguments
from reid_lightning.run.override_errors import check_overrides
from reid_lightning.run.typed_command import typed_command
from reid_lightning.run.yaml_comments import KeyPath, first_comment, read_comments, with_comments

_EXAMPLES = {
    "train": {"choice": "loss=semihard", "sweep": "loss=hard,semihard seed=0,1,2"},
    "data": {"choice": "data=cuhk03_np", "sweep": "data=market1501,cuhk03_np"},
    "evaluate": {"choice": "data=cuhk03_np", "sweep": "'retrieval=[],[flip],[flip,rerank]'"},
}
_FLAGS = ("--help", "-h")
_USAGE = """usage: {command} GROUP=CHOICE … KEY=VALUE …

{first}
{command} {choice} --help shows the keys of another choice, --hydra-help Hydra's own options;
-m runs every combination of values: {sweep}.

# Groups: choose one file each ([a,b]: several)

{groups}

# Keys: all can be set, as in trainer.max_epochs=20

{keys}"""


def asks_for_help(arguments: Sequence[str]) -> bool:
    """Whether `--help` is among the typed arguments."""
    return any(flag in arguments for flag in _FLAGS)


def help_text(name: str, arguments: Sequence[str]) -> str:
    """What `--help` prints.

    Args:
        name: `train`, `evaluate` or `data`.
        arguments: as typed; the keys shown are those of the configuration that they compose.
    """
    typed = TypedArguments.parse(arguments)
    check_own_files(typed.own_configs)
    check_overrides(typed.overrides, typed.own_configs)
    own, overrides = typed.own_configs, _composable(typed.overrides)
    search_path = create_config_search_path(str(CONF))
    if own:
        # Before the last one, which has to be Hydra's schema.
        search_path.get_path().insert(-1, SearchPathElement("command-line", f"file://{own}"))
    loader = ConfigLoaderImpl(search_path)
    config = loader.load_configuration(name, overrides, RunMode.RUN)
    with open_dict(config):
        del config["hydra"]
    _without_selects(config)
    comments = dict[KeyPath, str]()
    for entry in loader.compute_defaults_list(name, overrides, RunMode.RUN).defaults:
        if text := _read(str(entry.config_path), own):
            above = tuple(filter(None, (entry.package or "").split(".")))
            found = read_comments(text).items()
            comments |= {(*above, *path): comment for path, comment in found}
    defaults = read_yaml(CONF / f"{name}.yaml")["defaults"]
    groups = [group for entry in defaults if entry != "_self_" for group in entry]
    listed = [_group(loader, group, own) for group in groups]
    keys = with_comments(OmegaConf.to_yaml(config), comments)
    return _USAGE.format(
        command=typed_command(name),
        **_EXAMPLES[name],
        first=first_comment(_read(name, own)),
        groups="\n\n".join(filter(None, listed)),
        keys=keys,
    )


def _composable(overrides: Sequence[str]) -> list[str]:
    """The overrides with the first value of everything that is swept."""
    found = []
    for override in OverridesParser.create().parse_overrides(list(overrides)):
        key = override.get_key_element()
        if override.is_sweep_override():
            found.append(f"{key}={next(iter(override.sweep_string_iterator()))}")
        elif key not in ("resume", "resume_sweep"):
            found.append(str(override.input_line))
    return found


def _without_selects(node: DictConfig) -> None:
    """Put the values in place of `${oc.select:…}`, which a set's recipe decides."""
    for key in list(node):
        value = node._get_node(key)
        if isinstance(value, DictConfig) and not OmegaConf.is_interpolation(node, key):
            _without_selects(value)
        elif str(value).startswith("${oc.select:"):
            node[key] = node[key]


def _group(loader: ConfigLoader, group: str, own: Path | None) -> str:
    choices = loader.get_group_options(group, ObjectType.CONFIG)
    width = max(map(len, choices), default=0)
    lines = [f"  {c:<{width}}  {first_comment(_read(f'{group}/{c}', own))}" for c in choices]
    return "\n".join([f"{group}=", *lines]) if choices else ""


def _read(path: str, own: Path | None) -> str:
    """The text of a configuration file of ours or the user's; none of Hydra's own."""
    folders = [CONF, *([own] if own else [])]
    files = [folder / f"{path}.yaml" for folder in folders]
    return next((file.read_text(encoding="utf-8") for file in files if file.is_file()), "")
