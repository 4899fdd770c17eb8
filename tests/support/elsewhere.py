"""A second device on any machine: torch's `meta`, made to remember its numbers, and strict as a real one is.

Meta tensors have shapes and a device, and no numbers. Under `Elsewhere` each operation is also done with numbers, kept
here for each storage, so that `item()`, `cpu()` and a check of values have an answer, and results can be compared with
those of the CPU. An operation on tensors of both devices is refused, as on a graphics card.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map

HERE, THERE = torch.device("cpu"), torch.device("meta")
aten = torch.ops.aten
MOVES = {aten.copy_.default, aten._to_copy.default}
TAKES = {aten.index.Tensor}  # whose indices may be on the CPU


class Mixed(AssertionError):
    """One operation was given tensors of two devices."""


class AnyGenerator(torch.Generator):
    """A generator that says that it is on the device that was asked for: meta has none."""

    home: torch.device

    def __new__(cls, device: torch.device | str = "cpu") -> "AnyGenerator":
        made = super().__new__(cls)
        made.home = torch.device(device)
        return made

    @property
    def device(self) -> torch.device:
        return self.home


class Elsewhere(TorchDispatchMode):
    """While it is on, meta tensors that are made have numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.numbers: dict[int, tuple[object, Tensor]] = {}  # by storage, which is held: its address is not used again

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        given = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)]
        # A single number on the CPU may be combined with any tensor.
        homes = {tensor.device for tensor in given if tensor.ndim or tensor.device == THERE}
        if len(homes) > 1 and operation not in MOVES and not (operation in TAKES and args[0].device == THERE):
            raise Mixed(f"{operation} on tensors of {' and '.join(sorted(map(str, homes)))}")
        home = torch.device(kwargs.get("device") or (THERE if THERE in homes else HERE))
        if operation is aten.copy_.default:
            home = args[0].device
        here_args, here_kwargs = tree_map(self._here, (args, kwargs))
        answer = operation(*here_args, **here_kwargs)
        if home == HERE:
            return answer
        alias = [result.alias_info for result in operation._schema.returns if result.alias_info]
        if alias and alias[0].is_write and args[0].shape == answer.shape:  # its numbers are changed by now
            return args[0]
        if alias:  # a view
            return operation(*args, **kwargs)
        return tree_map(self._there, answer)

    def _here(self, leaf: object) -> object:
        """A meta tensor's numbers, and the CPU for the device."""
        if isinstance(leaf, torch.device):
            return HERE
        if not isinstance(leaf, Tensor) or leaf.device != THERE:
            return leaf
        _, numbers = self.numbers[leaf.untyped_storage()._cdata]
        view = torch.empty(0, dtype=leaf.dtype)
        return view.set_(numbers.untyped_storage(), leaf.storage_offset(), leaf.size(), leaf.stride())

    def _there(self, leaf: object) -> object:
        """A meta tensor that has these numbers."""
        if not isinstance(leaf, Tensor):
            return leaf
        made = torch.empty_strided(leaf.size(), leaf.stride(), dtype=leaf.dtype, device=THERE)
        numbers = torch.empty_strided(leaf.size(), leaf.stride(), dtype=leaf.dtype).copy_(leaf)
        self.numbers[made.untyped_storage()._cdata] = (made.untyped_storage(), numbers)
        return made


@contextmanager
def elsewhere(monkeypatch, modules: list[object]) -> Iterator[torch.device]:
    """The device on which these modules' functions may be run."""
    monkeypatch.setattr(Tensor, "is_meta", property(lambda tensor: False))  # here it does keep numbers
    made = torch.tensor  # which for meta makes one without numbers, and tells no mode
    monkeypatch.setattr(torch, "tensor", lambda data, device=None, **options: made(data, **options).to(device or HERE))
    for module in modules:
        if hasattr(module, "Generator"):
            monkeypatch.setattr(module, "Generator", AnyGenerator)
    with Elsewhere():
        yield THERE
