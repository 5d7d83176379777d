"""Who is on which picture, and which camera took it: all that ranking knows of pictures."""

from typing import NamedTuple

from torch import Tensor


class Identities(NamedTuple):
    """The pid and camid of every query [queries] and of every gallery picture [gallery]."""

    query_pids: Tensor
    query_camids: Tensor
    gallery_pids: Tensor
    gallery_camids: Tensor
