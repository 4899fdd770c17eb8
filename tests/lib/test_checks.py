"""Wrong calls of the package's functions: each is answered with a ValueError that names the argument."""

import numpy as np
import pytest
import torch

from vae_lib import data, evaluate, figures, latent, live, objectives, recipes, train
from vae_lib.distributions import (
    Bernoulli,
    DiagonalGaussian,
    check_unit_interval,
    kl_to_standard_normal,
    standard_normal,
)
from vae_lib.models import PIXELS, VAE, Autoencoder, Decoder, ModelConfig, check_images, conv_decoder, conv_encoder, mlp
from vae_lib.train import TrainConfig

WRONG = {
    "None": None,
    "list": [[0.5]],
    "array": np.zeros((2, PIXELS), np.float32),
    "string": "x",
    "ints": torch.ones(2, 2).int(),
}

CONFIG = ModelConfig(hidden=(4,), latent=2)
VAE_2, AE_2 = CONFIG.build(), ModelConfig(hidden=(4,), latent=2, variational=False).build()
IMAGES, CODES, LABELS = (
    torch.full((4, PIXELS), 0.5),
    torch.randn(4, 2, generator=torch.Generator().manual_seed(0)),
    torch.tensor([0, 1, 0, 1]),
)
Q = standard_normal(2)

# A function, and a right value for each of its arguments, in their order.
CALLS = {
    "DiagonalGaussian": (DiagonalGaussian, {"mean": CODES, "log_var": CODES}),
    "DiagonalGaussian.rsample": (lambda samples: Q.rsample(samples if samples is not None else "None"), {"samples": 3}),
    "DiagonalGaussian.log_prob": (Q.log_prob, {"x": CODES}),
    "Bernoulli": (Bernoulli, {"logits": CODES}),
    "Bernoulli.log_prob": (Bernoulli(CODES).log_prob, {"x": CODES.sigmoid()}),
    "kl_to_standard_normal": (kl_to_standard_normal, {"q": Q}),
    "standard_normal": (standard_normal, {"dimensions": 2}),
    "check_unit_interval": (check_unit_interval, {"x": IMAGES}),
    "mlp": (lambda sizes: mlp(2, sizes), {"sizes": 3}),
    "conv_encoder": (conv_encoder, {"codes": 2}),
    "conv_decoder": (conv_decoder, {"latent": 2}),
    "Decoder": (
        lambda network, latent, likelihood: Decoder(network, latent=latent, likelihood=likelihood),
        {"network": mlp(2, 3), "latent": 2, "likelihood": "gaussian"},
    ),
    "VAE": (VAE, {"encoder": VAE_2.encoder, "decoder": VAE_2.decoder}),
    "Autoencoder": (Autoencoder, {"encoder": AE_2.encoder, "decoder": AE_2.decoder}),
    "VAE.encode": (VAE_2.encode, {"x": IMAGES}),
    "VAE.decode": (VAE_2.decode, {"z": CODES}),
    "VAE.sample": (VAE_2.sample, {"n": 3}),
    "Autoencoder.encode": (AE_2.encode, {"x": IMAGES}),
    "Autoencoder.decode": (AE_2.decode, {"z": CODES}),
    "check_images": (check_images, {"x": IMAGES}),
    "elbo": (objectives.elbo, {"model": VAE_2, "x": IMAGES}),
    "reconstruction": (objectives.reconstruction, {"model": AE_2, "x": IMAGES}),
    "log_weights": (
        lambda model, x, samples: objectives.log_weights(model, x, samples=samples),
        {"model": VAE_2, "x": IMAGES, "samples": 2},
    ),
    "iwae_bound": (
        lambda model, x, samples: objectives.iwae_bound(model, x, samples=samples),
        {"model": VAE_2, "x": IMAGES, "samples": 2},
    ),
    "log_likelihood": (
        lambda model, x, samples: evaluate.log_likelihood(model, x, samples=samples),
        {"model": VAE_2, "x": IMAGES, "samples": 2},
    ),
    "codes": (evaluate.codes, {"model": VAE_2, "x": IMAGES}),
    "active_units": (
        lambda model, x, threshold: evaluate.active_units(model, x, threshold=threshold),
        {"model": VAE_2, "x": IMAGES, "threshold": 0.01},
    ),
    "linear_probe": (
        evaluate.linear_probe,
        {"train": CODES, "train_labels": LABELS, "test": CODES, "test_labels": LABELS},
    ),
    "frechet_distance": (evaluate.frechet_distance, {"a": CODES, "b": CODES}),
    "prior_quantiles": (latent.prior_quantiles, {"n": 3}),
    "manifold": (latent.manifold, {"model": VAE_2, "axes": (0, 1), "n": 3}),
    "traversal": (latent.traversal, {"model": VAE_2, "z": CODES[0], "dimension": 1, "values": torch.ones(3)}),
    "interpolate": (latent.interpolate, {"start": CODES[0], "end": CODES[1], "n": 3}),
    "binarize": (
        lambda images: data.binarize(images, generator=torch.Generator()),
        {"images": IMAGES},
    ),
    "binarize_static": (data.binarize_static, {"images": IMAGES}),
    "fit": (
        train.fit,
        {"model": CONFIG.build(), "train": IMAGES, "held_out": IMAGES, "config": TrainConfig(epochs=1)},
    ),
    "objective": (train.objective, {"model": VAE_2, "x": IMAGES}),
    "binarized": (train.binarized, {"images": IMAGES, "config": TrainConfig()}),
    "mean_terms": (train.mean_terms, {"model": VAE_2, "x": IMAGES}),
    "get": (recipes.get, {"recipe": "vae-20"}),
    "plot_digits": (lambda images: figures.plot_digits(images, columns=2), {"images": IMAGES}),
    "plot_latents": (figures.plot_latents, {"points": CODES, "labels": LABELS}),
    "plot_field": (
        lambda x, y, values: figures.plot_field(x, y, values, xlabel="x", ylabel="y", label="p"),
        {"x": torch.linspace(0, 1, 4), "y": torch.linspace(0, 1, 4), "values": torch.ones(4, 4)},
    ),
    "LatentPlane": (live.LatentPlane, {"model": VAE_2, "codes": CODES, "labels": LABELS}),
    "LatentSliders": (live.LatentSliders, {"model": VAE_2, "x": IMAGES}),
    "Interpolation": (live.Interpolation, {"model": VAE_2, "images": IMAGES, "labels": LABELS}),
}
# Where the function's name for an argument is another than the one above; and what is no mistake.
SPEAKS_OF = {
    ("fit", "train"): "x",
    ("fit", "held_out"): "x",
    ("manifold", "axes"): "axes, n",
    ("manifold", "n"): "axes, n",
    ("plot_latents", "labels"): "(labels|points)",  # of two numbers that differ, either
    ("LatentPlane", "labels"): "(labels|codes)",
    ("Interpolation", "images"): "x",
}
FINE = {
    ("linear_probe", "train_labels", "ints"),
    ("linear_probe", "test_labels", "ints"),
    ("traversal", "values", "ints"),
}
TRIED = [
    (name, argument, wrong)
    for name, (_, arguments) in CALLS.items()
    for argument in arguments
    for wrong in WRONG
    if (name, argument, wrong) not in FINE
]


@pytest.mark.parametrize("name", CALLS)
def test_the_right_call_is_answered(name):
    function, arguments = CALLS[name]
    function(*arguments.values())


@pytest.mark.parametrize(("name", "argument", "wrong"), TRIED)
def test_what_is_no_such_argument_is_named(name, argument, wrong):
    function, arguments = CALLS[name]
    with pytest.raises(ValueError, match=rf"^{SPEAKS_OF.get((name, argument), argument)}: .*(expected|unknown)"):
        function(*(arguments | {argument: WRONG[wrong]}).values())


@pytest.mark.parametrize("names", ["vae-20", ["vae-20", None], [["vae-20"]]])
def test_what_is_no_list_of_recipes_is_refused_before_any_training(names):
    with pytest.raises(ValueError, match="^(names: the string 'vae-20', expected a list|recipe: .* is unknown)"):
        next(recipes.load_all(names))


def test_a_batch_that_fits_no_parameters_is_named():
    with pytest.raises(ValueError, match=r"^x: shape \(5, 2\) does not fit the parameters' \(4, 2\)$"):
        Bernoulli(CODES).log_prob(torch.full((5, 2), 0.5))
