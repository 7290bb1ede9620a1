"""One training shared by several processes: torchrun starts them, PyTorch's DDP averages their gradients.

Every process holds the whole model and draws the same batches from the same seed, but computes only its own
part of each (`part`). What is not a gradient and must be the same everywhere (the codebooks' statistics, the
clock, orders) goes through the functions below. Without torchrun each of them hands back what it was given,
so a training by one process is what it would be without this file.

The process of rank 0 leads: it alone writes, validates and looks for orders, and its clock counts.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import inspect
import os
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel

from engine.device import choose_device
from engine.errors import InputError, TrainingStopped

VARIABLES = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")
PATIENCE = dt.timedelta(hours=2)  # while one process builds a data set, the others wait
# the same option, before and since torch 2.13
_OPTIONS = inspect.signature(DistributedDataParallel.__init__).parameters
_SYNC_BUFFERS = "forward_sync_buffers" if "forward_sync_buffers" in _OPTIONS else "broadcast_buffers"
BACKENDS = {"cuda": "cpu:gloo,cuda:nccl"}  # the clock and orders never wait for a GPU


class PartnerLost(TrainingStopped):
    """Another process of the same training ended."""


def launched() -> bool:
    """Whether torchrun started this process as one of several."""
    return all(name in os.environ for name in VARIABLES) and int(os.environ["WORLD_SIZE"]) > 1


def _joined() -> bool:
    return distributed.is_available() and distributed.is_initialized()


def rank() -> int:
    """The number of this process, 0 for the one that leads."""
    return distributed.get_rank() if _joined() else 0


def size() -> int:
    """How many processes train together."""
    return distributed.get_world_size() if _joined() else 1


def leads() -> bool:
    """Whether this process is the one that writes."""
    return rank() == 0


@contextlib.contextmanager
def together(device: str) -> Iterator[None]:
    """While it is entered, the processes that torchrun started know each other; else nothing happens.

    Args:
        device: as in `engine.training.train`; with CUDA each process takes the GPU of its local rank.

    Raises:
        InputError: there is no such device, or the others cannot be reached.
        PartnerLost: another process ended.
    """
    if not launched():
        yield
        return
    if not distributed.is_available():
        raise InputError("this build of PyTorch cannot train in several processes; leave torchrun out")
    chosen = own_device(device)
    if chosen.type == "cuda":
        torch.cuda.set_device(chosen)
    try:
        distributed.init_process_group(BACKENDS.get(chosen.type, "gloo"), timeout=PATIENCE)
    except (RuntimeError, ValueError) as error:
        raise InputError(
            f"the other processes cannot be reached ({error}); check torchrun's rendezvous"
        ) from error
    try:
        yield
    except RuntimeError as error:
        if _from_partners(error):
            raise PartnerLost(
                "another process of this training ended, and its message says why; the last checkpoint is"
                " kept, go on from it with --resume"
            ) from error
        raise
    finally:
        with contextlib.suppress(RuntimeError):
            distributed.destroy_process_group()


def _from_partners(error: RuntimeError) -> bool:
    """Whether an error says that a connection to another process broke; torch has no one type for it."""
    return isinstance(error, distributed.DistError) or any(word in str(error) for word in ("gloo", "NCCL"))


def own_device(name: str) -> torch.device:
    """The device of this process: of several GPUs that of its local rank.

    Raises:
        InputError: there is no such device.
    """
    chosen = choose_device(name)
    if launched() and chosen.type == "cuda" and ":" not in name:
        return choose_device(f"cuda:{os.environ['LOCAL_RANK']}")
    return chosen


def own_threads(threads: int | None) -> int | None:
    """The torch threads of this process: as asked for, else the machine's cores shared out."""
    if threads is not None or not launched():
        return threads
    return max(1, (os.cpu_count() or 1) // int(os.environ["LOCAL_WORLD_SIZE"]))


def own_random_numbers(seed: int, step: int) -> None:
    """Lets the processes that do not lead draw other noise; resumed, other noise than before."""
    if not leads():
        torch.manual_seed(int(np.random.SeedSequence([seed, rank(), step]).generate_state(1)[0]))


def check_batches(**batches: int) -> None:
    """Every process must get equally many, so that the mean of their gradients is the batch's.

    Raises:
        InputError: a batch cannot be divided equally.
    """
    for name, batch in batches.items():
        if batch % size():
            fitting = max(size(), batch - batch % size())
            raise InputError(
                f"training.{name} {batch} cannot be shared equally by {size()} processes;"
                f" choose a multiple, such as {fitting}"
            )


def part(count: int) -> slice:
    """Which of `count` things are this process's."""
    return slice(rank(), count, size())


def shared(module: nn.Module, unused: bool = False) -> nn.Module:
    """The module, or where several processes train, the module with its gradients averaged over them.

    All start from the weights of the process that leads. Buffers are not averaged: what changes them keeps
    them equal (`total`).

    Args:
        module: its forward gives what is minimised.
        unused: whether a step may leave some of its parameters out.
    """
    if size() == 1:
        return module
    options: dict[str, Any] = {_SYNC_BUFFERS: False, "find_unused_parameters": unused}
    return DistributedDataParallel(module, **options)


def total(x: Tensor) -> Tensor:
    """The sum over all processes."""
    if size() > 1:
        x = x.clone()
        distributed.all_reduce(x)
    return x


def mean(x: Tensor) -> Tensor:
    """The mean over all processes."""
    return total(x) / size() if size() > 1 else x


def gathered(x: Tensor, dim: int = 0) -> Tensor:
    """The tensors of all processes, which have one shape, behind each other along `dim`."""
    if size() == 1:
        return x
    parts = [torch.empty_like(x, memory_format=torch.contiguous_format) for _ in range(size())]
    distributed.all_gather(parts, x.contiguous())
    return torch.cat(parts, dim)


def of_leader(x: Tensor) -> Tensor:
    """The tensor of the process that leads; all have one shape."""
    if size() > 1:
        x = x.clone()
        distributed.broadcast(x, 0)
    return x


def numbers_of_leader(numbers: Sequence[float]) -> list[float]:
    """The same of some numbers."""
    if size() == 1:
        return list(numbers)
    return of_leader(torch.tensor(list(numbers), dtype=torch.float64)).tolist()


def text_of_leader(text: str) -> str:
    """The same of a text."""
    if size() == 1:
        return text
    data = text.encode()
    length = int(numbers_of_leader([len(data)])[0])
    padded = data[:length].ljust(length, b"\0")
    return bytes(of_leader(torch.tensor(list(padded), dtype=torch.uint8)).tolist()).decode()


def any_asks(asks: bool) -> bool:
    """Whether any process asks for something."""
    return bool(total(torch.tensor(int(asks)))) if size() > 1 else asks


def wait() -> None:
    """Until all processes have come this far."""
    if size() > 1:
        any_asks(False)
