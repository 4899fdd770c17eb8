"""Shapes, seeds, matched layers, and every complaint about bad input."""

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn
from torch.testing import assert_close

from vae_lib.distributions import Bernoulli, DiagonalGaussian
from vae_lib.models import PIXELS, VAE, Autoencoder, Decoder, ModelConfig, check_images, mlp

CONFIGS = {
    "default": ModelConfig(),
    "narrow": ModelConfig(hidden=(16,), latent=1),
    "no hidden layer": ModelConfig(hidden=(), latent=3),
    "gaussian": ModelConfig(hidden=(16, 8), latent=3, likelihood="gaussian"),
    "convolutional": ModelConfig(convolutional=True, latent=3),
    "convolutional gaussian": ModelConfig(convolutional=True, latent=3, likelihood="gaussian"),
    "autoencoder": ModelConfig(hidden=(16,), latent=3, variational=False),
    "convolutional autoencoder": ModelConfig(convolutional=True, latent=3, variational=False),
}
every_config = pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)


def parameters(module: nn.Module) -> list[tuple[int, ...]]:
    return [tuple(p.shape) for p in module.parameters()]


@every_config
def test_encoder_and_decoder_have_the_promised_shapes(config, digits):
    model, x = config.build(), digits[:5]
    code = model.encode(x)
    assert isinstance(model, VAE) == isinstance(code, DiagonalGaussian) == config.variational
    z = code.mean if config.variational else code
    assert z.shape == (5, config.latent)
    assert model.latent == config.latent
    if config.variational:
        assert code.log_var.shape == (5, config.latent)
        assert model.prior.mean.shape == (config.latent,)
    decoded = model.decode(z)
    assert isinstance(decoded, DiagonalGaussian if config.likelihood == "gaussian" else Bernoulli)
    assert decoded.mean.shape == (5, PIXELS)
    assert decoded.log_prob(x).shape == (5,)


@every_config
def test_each_of_many_samples_is_decoded_as_if_alone(config, digits):
    """(S, B, D) and (R, S, B, D): convolutions want one batch axis, so the others are folded and unfolded."""
    model = config.build()
    z = torch.randn(2, 4, 5, config.latent, generator=torch.Generator().manual_seed(0))
    many = model.decode(z)
    assert many.mean.shape == (2, 4, 5, PIXELS)
    assert many.log_prob(digits[:5]).shape == (2, 4, 5)
    assert_close(many.mean, torch.stack([torch.stack([model.decode(one).mean for one in row]) for row in z]))
    assert_close(model.decode(z[0]).mean, many.mean[0])


@every_config
def test_an_images_code_does_not_depend_on_its_batch(config, digits):
    model = config.build()
    code = model.encode(digits[:5])
    alone = model.encode(digits[3:4])
    if config.variational:
        assert_close(alone.log_var[0], code.log_var[3], atol=1e-5, rtol=1e-4)
        code, alone = code.mean, alone.mean
    assert_close(alone[0], code[3], atol=1e-5, rtol=1e-4)


def test_the_encoders_first_half_is_the_mean_and_its_second_the_log_variance(digits):
    model = ModelConfig(hidden=(8,), latent=3).build()
    code, raw = model.encode(digits[:5]), model.encoder(digits[:5])
    assert torch.equal(code.mean, raw[:, :3])
    assert torch.equal(code.log_var, raw[:, 3:])


def test_hidden_layers_run_inwards_and_the_decoder_mirrors_them():
    model = ModelConfig(hidden=(30, 10), latent=4).build()
    linear = [
        [(m.in_features, m.out_features) for m in part.modules() if isinstance(m, nn.Linear)]
        for part in model.children()
    ]
    assert linear == [[(784, 30), (30, 10), (10, 8)], [(4, 10), (10, 30), (30, 784)]]


def test_mlp_bends_between_layers_and_not_after_the_last():
    network = mlp(2, 5, 3)
    first, last = network[0], network[-1]
    x = torch.randn(7, 2, generator=torch.Generator().manual_seed(0))
    assert_close(network(x), (x @ first.weight.T + first.bias).clamp(min=0) @ last.weight.T + last.bias)
    assert network(x).min() < 0  # no rectifier at the end


@every_config
def test_the_same_seed_gives_the_same_weights_and_another_other_ones(config):
    first, again, other = (config.build(seed=seed).state_dict() for seed in (3, 3, 4))
    assert all(torch.equal(first[key], again[key]) for key in first)
    assert not all(torch.equal(first[key], other[key]) for key in first)


def test_weights_depend_on_the_seed_alone_and_the_global_generator_is_untouched():
    first = ModelConfig(hidden=(8,)).build(seed=0)
    torch.manual_seed(123)
    state = torch.get_rng_state()
    again = ModelConfig(hidden=(8,)).build(seed=0)
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(first.encoder[0].weight, again.encoder[0].weight)


@pytest.mark.parametrize("convolutional", [False, True])
@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
def test_vae_and_autoencoder_differ_in_the_encoders_last_layer_only(convolutional, likelihood):
    kinds = {"hidden": (16, 8), "latent": 3, "convolutional": convolutional, "likelihood": likelihood}
    vae, autoencoder = (ModelConfig(variational=v, **kinds).build() for v in (True, False))
    assert isinstance(autoencoder, Autoencoder)
    assert parameters(vae.decoder) == parameters(autoencoder.decoder)
    assert parameters(vae.encoder)[:-2] == parameters(autoencoder.encoder)[:-2]
    (weight, bias), (ae_weight, ae_bias) = parameters(vae.encoder)[-2:], parameters(autoencoder.encoder)[-2:]
    assert weight == (2 * ae_weight[0], ae_weight[1])
    assert bias == (2 * ae_bias[0],)


def test_a_gaussian_decoder_has_one_variance_learned_for_all_pixels():
    model = CONFIGS["gaussian"].build()
    decoded = model.decode(torch.zeros(1, 3))
    assert decoded.log_var.numel() == 1
    assert decoded.log_var.requires_grad
    decoded.log_prob(torch.full((1, PIXELS), 0.5)).backward()
    assert model.decoder.log_var.grad.abs() > 0


def test_convolutions_see_the_image_as_rows_of_28_pixels():
    """A shift by four pixels moves the first layers' maps by two: true only where rows and columns are kept apart."""
    encoder = ModelConfig(convolutional=True).build().encoder
    image = torch.zeros(28, 28)
    image[8:14, 9:13] = torch.rand(6, 4, generator=torch.Generator().manual_seed(0))
    for shift in ((4, 0), (0, 4)):
        still, moved = (encoder[:2](x.flatten()[None]) for x in (image, image.roll(shift, (0, 1))))
        assert_close(moved, still.roll((shift[0] // 2, shift[1] // 2), (2, 3)))


def test_samples_are_decoded_draws_from_the_prior():
    model = ModelConfig(hidden=(8,), latent=3).build()
    drawn = model.sample(6, generator=torch.Generator().manual_seed(0))
    z = torch.randn(6, 3, generator=torch.Generator().manual_seed(0))
    assert_close(drawn.mean, model.decoder.network(z).sigmoid())


def poisoned(value: float) -> torch.Tensor:
    x = torch.full((2, PIXELS), 0.5)
    x[1, 5] = value
    return x


BAD_IMAGES = [
    (torch.zeros(PIXELS), r"^x: shape \(784,\), expected \(B, 784\); x\.reshape\(1, 784\) is a batch of this one"),
    (
        torch.zeros(28, 28),
        r"^x: shape \(28, 28\), expected \(B, 784\); x\.reshape\(1, 784\) is a batch of this one image",
    ),
    (torch.zeros(2, 28, 28), r"^x: shape \(2, 28, 28\), expected \(B, 784\); flatten images with x\.flatten\(1\)$"),
    (
        torch.zeros(2, 1, 28, 28),
        r"^x: shape \(2, 1, 28, 28\), expected \(B, 784\); flatten images with x\.flatten\(1\)$",
    ),
    (
        torch.zeros(8, 12288),
        r"^x: shape \(8, 12288\), expected \(B, 784\): grey images of 28 by 28 pixels, a row for each$",
    ),
    (torch.zeros(8, 3, 64, 64), r"^x: shape \(8, 3, 64, 64\), expected \(B, 784\): grey images of 28 by 28 pixels"),
    (torch.zeros(PIXELS, 2), r"^x: shape \(784, 2\), expected \(B, 784\): grey images"),
    (torch.zeros(()), r"^x: shape \(\), expected \(B, 784\)"),
    (torch.zeros(2, 783), r"^x: shape \(2, 783\), expected \(B, 784\)"),
    (torch.zeros(0, PIXELS), r"^x: an empty batch, shape \(0, 784\)"),
    (torch.zeros(2, PIXELS, dtype=torch.uint8), r"^x: dtype torch\.uint8, expected torch\.float32 in \[0, 1\]; divide"),
    (torch.zeros(2, 28, 28, dtype=torch.uint8), r"^x: dtype torch\.uint8, expected torch\.float32 in \[0, 1\]; divide"),
    (
        torch.zeros(2, PIXELS, dtype=torch.float64),
        r"^x: dtype torch\.float64, expected torch\.float32; x\.float\(\) is$",
    ),
    (torch.zeros(2, PIXELS, device="meta"), "^x: on the device 'meta', which keeps no numbers"),
    (
        np.zeros((2, PIXELS), np.float32),
        r"^x: a NumPy array, expected a tensor; torch\.from_numpy\(x\) makes one of it$",
    ),
    (Image.new("L", (28, 28)), "^x: Image, expected a tensor$"),
    ([[0.0] * PIXELS], r"^x: list, expected a tensor; torch\.tensor\(x\) makes one of numbers"),
    (None, "^x: NoneType, expected a tensor$"),
    (poisoned(255.0), r"^x: values from 0\.5 to 255, expected \[0, 1\]"),
    (poisoned(-0.1), r"^x: values from -0\.1 to 0\.5, expected \[0, 1\]"),
    (poisoned(float("nan")), r"^x: values from nan to nan, expected \[0, 1\]"),
    (poisoned(float("inf")), r"^x: values from 0\.5 to inf, expected \[0, 1\]"),
]


@pytest.mark.parametrize(("x", "complaint"), BAD_IMAGES)
@pytest.mark.parametrize("variational", [True, False])
def test_encoders_name_what_is_wrong_with_images(x, complaint, variational):
    with pytest.raises(ValueError, match=complaint):
        ModelConfig(hidden=(8,), variational=variational).build().encode(x)


def test_good_images_come_back_unchanged(digits):
    before = digits.clone()
    assert check_images(digits) is digits
    assert torch.equal(digits, before)


def test_what_the_messages_advise_helps(digits):
    model = ModelConfig(hidden=(8,)).build()
    x = digits[:2].view(2, 28, 28)
    byte = (255 * x).to(torch.uint8)
    for fitting in (x.flatten(1), x[0].reshape(1, 784), x.double().flatten(1).float(), (byte / 255).flatten(1)):
        assert check_images(fitting) is fitting
    assert torch.equal(check_images(torch.from_numpy(digits.numpy())), digits)
    assert model.decode(torch.zeros(20)[None]).mean.shape == (1, PIXELS)


@pytest.mark.parametrize("variational", [True, False])
def test_what_lies_elsewhere_than_the_model_is_named(variational, digits):
    """A device that every machine has."""
    model = ModelConfig(hidden=(8,), variational=variational).build().to("meta")
    with pytest.raises(ValueError, match="^x: on the device 'cpu', the model is on 'meta'$"):
        model.encode(digits)
    with pytest.raises(ValueError, match="^z: on the device 'cpu', the model is on 'meta'$"):
        model.decode(torch.zeros(2, 20))


def test_latents_of_another_type_than_the_weights_are_named():
    model = ModelConfig(hidden=(8,)).build()
    with pytest.raises(ValueError, match="^z: dtype torch.float64, the model's is torch.float32$"):
        model.decode(torch.zeros(2, 20, dtype=torch.float64))
    assert model.double().decode(torch.zeros(2, 20, dtype=torch.float64)).mean.dtype == torch.float64


def test_a_code_without_its_batch_axis_is_told_how_to_get_one():
    with pytest.raises(ValueError, match=r"^z: shape \(20,\), .*; z\[None\] is a batch of one$"):
        ModelConfig(hidden=(8,)).build().decode(torch.zeros(20))


@pytest.mark.parametrize("shape", [(20,), (5, 19), (2, 5, 21)])
def test_decoders_name_what_is_wrong_with_latents(shape):
    with pytest.raises(ValueError, match=r"^z: shape \(.*\), expected \(\.\.\., B, 20\)"):
        ModelConfig(hidden=(8,)).build().decode(torch.zeros(shape))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("latent", 0),
        ("latent", -1),
        ("hidden", (512, 0)),
        ("hidden", (-1,)),
        ("likelihood", "laplace"),
        ("likelihood", ""),
        ("likelihood", None),
        ("latent", None),
        ("latent", "20"),
        ("latent", 2.0),
        ("hidden", 400),
        ("hidden", "400"),
        ("hidden", (400.0,)),
        ("hidden", None),
    ],
)
def test_configurations_name_the_bad_value(name, value):
    with pytest.raises(ValueError, match=f"^{name}: .*, expected"):
        ModelConfig(**{name: value})


def test_a_decoder_of_an_unknown_likelihood_is_refused():
    with pytest.raises(ValueError, match="^likelihood: 'poisson', expected 'bernoulli' or 'gaussian'"):
        Decoder(mlp(2, 784), latent=2, likelihood="poisson")
