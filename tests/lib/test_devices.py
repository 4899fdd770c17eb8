"""The device of the input decides: every public function on a second device, against the same on the CPU."""

import sys

import pytest
import torch
from device_calls import CALLS, MADE_ON_THE_CPU, READ, At, parts, with_tensors
from elsewhere import HERE, Mixed, elsewhere
from torch import Generator, Tensor
from torch.testing import assert_close

from vae_lib import data, latent, models, objectives, synthetic, train
from vae_lib.distributions import DiagonalGaussian
from vae_lib.models import ModelConfig
from vae_lib.train import TrainConfig

MODULES = [module for name, module in sys.modules.items() if name.startswith("vae_lib")]


@pytest.fixture
def there(monkeypatch):
    with elsewhere(monkeypatch, MODULES) as home:
        yield home


def test_every_public_function_with_tensors_is_called_here_or_has_its_reason():
    assert with_tensors() == CALLS.keys() | MADE_ON_THE_CPU.keys() and not CALLS.keys() & MADE_ON_THE_CPU.keys()


@pytest.mark.parametrize("name", CALLS)
def test_what_is_given_elsewhere_is_computed_there_and_comes_to_the_same(name, monkeypatch):
    expected = list(parts(CALLS[name](At(HERE))))  # before: the second device makes all slower
    with elsewhere(monkeypatch, MODULES) as there:
        came = list(parts(CALLS[name](At(there))))
        homes_and_numbers = [(part.device, part.cpu()) if isinstance(part, Tensor) else (there, part) for part in came]
    assert {home for home, _ in homes_and_numbers} <= ({HERE, there} if name in READ else {there})
    here = [numbers for _, numbers in homes_and_numbers]
    assert len(here) == len(expected)
    for ours, theirs in zip(here, expected, strict=True):
        if isinstance(theirs, str | bytes):
            assert ours == theirs
        else:
            assert_close(torch.as_tensor(ours), torch.as_tensor(theirs), equal_nan=True)


def test_the_second_device_has_numbers_and_refuses_what_is_on_another(there):
    """Planted: were mixed operations let through, the test above would see no forgotten device."""
    a = torch.arange(3.0, device=there)
    assert (2 * a[1:]).tolist() == [2.0, 4.0] and a.cpu().device == HERE and a.max().item() == 2.0
    a[0] = 7.0
    assert a.sum().item() == 10.0
    for mix in (
        lambda: a + torch.zeros(3),
        lambda: a.index_select(0, torch.tensor([0])),
        lambda: torch.zeros(3)[a.long()],
    ):
        with pytest.raises(Mixed):
            mix()
    with pytest.raises(TypeError, match="meta"):
        a.numpy()


X, Z = torch.full((4, 784), 0.5), torch.zeros(4, 2)


def on(device: torch.device) -> dict:
    """Calls that need a generator of this device, each with one argument left open."""
    at = At(device)
    return {
        "rsample": at.q.rsample,
        "sample": at.q.sample,
        "pixels": at.pixels.sample,
        "binarize": lambda generator: data.binarize(at.x, generator=generator),
        "prior": lambda generator: at.vae.sample(3, generator=generator),
        "elbo": lambda generator: objectives.elbo(at.vae, at.x, generator=generator),
        "pca": lambda generator: at.pca.sample(3, generator=generator),
    }


@pytest.mark.parametrize("name", on(HERE))
def test_a_generator_of_another_device_is_named(name, there):
    with pytest.raises(ValueError, match="^generator: on the device 'cpu', expected 'meta'$"):
        on(there)[name](generator=Generator())
    with pytest.raises(ValueError, match="^generator: on the device 'meta', expected 'cpu'$"):
        on(HERE)[name](generator=models.Generator(there))


@pytest.mark.parametrize(
    ("name", "call"),
    {
        "log_var": lambda at, other: DiagonalGaussian(at.z, other.z),
        "x": lambda at, other: at.q.log_prob(other.z),
        "end": lambda at, other: latent.interpolate(at.z[0], other.z[1], 3),
        "latents": lambda at, other: synthetic.render(at.labels, other.latents, at.wobble),
        "wobble": lambda at, other: synthetic.render(at.labels, at.latents, other.wobble),
    }.items(),
)
def test_two_inputs_on_two_devices_are_named(name, call, there):
    with pytest.raises(ValueError, match=f"^{name}: on the device 'meta', expected 'cpu'$"):
        call(At(HERE), At(there))


@pytest.mark.parametrize("name", ["train", "held_out"])
def test_training_images_that_lie_elsewhere_are_named_before_anything_is_trained(name, there):
    model = ModelConfig(hidden=(8,), latent=2).build().to(there)
    before = [value.cpu() for value in model.state_dict().values()]
    images = {"train": X.to(there), "held_out": X.to(there)} | {name: X}
    with pytest.raises(ValueError, match=f"^{name}: on the device 'cpu', the model is on 'meta'$"):
        train.fit(model, images["train"], images["held_out"], TrainConfig(epochs=1))
    assert all(torch.equal(old, new.cpu()) for old, new in zip(before, model.state_dict().values(), strict=True))


def test_static_binarisation_is_one_data_set_on_every_device(there):
    """On a device's own generator the same seed would draw another data set."""
    x = synthetic.sample(5, seed=0).images
    assert torch.equal(data.binarize_static(x.to(there)).cpu(), data.binarize_static(x))
