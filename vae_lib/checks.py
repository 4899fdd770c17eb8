"""What is said of an argument that does not fit: its name, what came and what was expected."""

from numbers import Integral, Real
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def told(value: object) -> str:
    """What came, in a few words: a number or a string itself, of anything else its kind."""
    return repr(value) if isinstance(value, str | Real) else type(value).__name__


def check_tensor(name: str, value: object, *, floating: bool = True) -> None:
    """Raise a ValueError that says what came, unless it is a tensor, of floating-point numbers if so wanted."""
    from torch import Tensor  # here: what else there is to check is checked without torch

    if not isinstance(value, Tensor):
        came, advice = type(value).__name__, ""
        if came == "ndarray":
            came, advice = "a NumPy array", f"; torch.from_numpy({name}) makes one of it"
        elif isinstance(value, list | tuple):
            advice = f"; torch.tensor({name}) makes one of numbers, torch.stack({name}) of tensors"
        raise ValueError(f"{name}: {came}, expected a tensor{advice}")
    if value.is_meta:
        raise ValueError(f"{name}: on the device 'meta', which keeps no numbers")
    if floating and not value.is_floating_point():
        raise ValueError(f"{name}: dtype {value.dtype}, expected floating point")


def check_device(name: str, value: "torch.Tensor | torch.Generator | None", device: "torch.device") -> None:
    """Raise a ValueError unless a tensor, or a generator where there is one, is on the kind of device it has to be."""
    if value is not None and value.device.type != device.type:
        raise ValueError(f"{name}: on the device '{value.device}', expected '{device}'")


def check_count(name: str, value: object, *, least: int = 1) -> None:
    """Raise a ValueError unless the value is a whole number of at least `least`."""
    if not isinstance(value, Integral):
        raise ValueError(f"{name}: {told(value)}, expected a whole number")
    if value < least:
        raise ValueError(f"{name}: {value}, expected at least {least}")


def check_number(name: str, value: object) -> None:
    """Raise a ValueError unless the value is a number."""
    if not isinstance(value, Real):
        raise ValueError(f"{name}: {told(value)}, expected a number")


def check_kind(name: str, value: object, *kinds: type) -> None:
    """Raise a ValueError unless the value is of one of the kinds."""
    if not isinstance(value, kinds):
        raise ValueError(f"{name}: {type(value).__name__}, expected {' or '.join(kind.__name__ for kind in kinds)}")
