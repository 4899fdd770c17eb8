"""Calls of vae_lib on any device: one for each public function or class that takes or makes tensors."""

import importlib
import inspect
import pkgutil
import re
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, TypeVar, cast

import numpy as np
import torch
from matplotlib.axes import Axes
from torch import Tensor, nn

import vae_lib
from vae_lib import checkpoints, data, distributions, evaluate, figures, latent, live, models, objectives, synthetic
from vae_lib import train as training
from vae_lib.distributions import Bernoulli, DiagonalGaussian
from vae_lib.live import sprite, weights
from vae_lib.live.figure import LiveFigure, rounded
from vae_lib.live.latent import check_codes, check_labels
from vae_lib.models import ModelConfig
from vae_lib.train import History, TrainConfig
from vae_lib.worlds import CurveWorld, ProbabilisticPCA, log_integral

TENSORS = re.compile(
    r"\b(Tensor|VAE|Autoencoder|Decoder|Generator|Digits|Splits|Bernoulli|DiagonalGaussian|Elbo|History|Module|Sequential|LowRankMultivariateNormal)\b"
)


Model = TypeVar("Model", models.VAE, models.Autoencoder)


class At:
    """What the calls are made with, on one device; a generator or a model is fresh at each use."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        drawn = synthetic.sample(24, seed=0)
        self.x, self.labels, self.latents, self.wobble = (
            given.to(device) for given in (drawn.images, drawn.labels, drawn.latents, drawn.wobble)
        )
        self.bits = self.x.round()
        self.z = torch.linspace(-2, 2, 48).reshape(24, 2).to(device)
        self.q = DiagonalGaussian(self.z, -self.z)
        self.pixels = Bernoulli(4 * self.x - 2)
        self.history = History(*(torch.linspace(-3, -2, 4 * 3).reshape(4, 3).to(device)))
        self.place = torch.tensor([[0.5, -0.2], [-0.95, 0.0]], dtype=torch.float64).to(device)  # in the curved world
        self.one_z = torch.tensor([0.3, -1.0], dtype=torch.float64).to(device)

    @property
    def generator(self) -> torch.Generator:
        return models.Generator(self.device).manual_seed(0)  # by the name that a test may have given another meaning

    @property
    def vae(self) -> models.VAE:
        return self._model(models.VAE, ModelConfig(hidden=(8,), latent=2))

    @property
    def conv(self) -> models.VAE:
        return self._model(models.VAE, ModelConfig(convolutional=True, latent=2, likelihood="gaussian"), seed=1)

    @property
    def ae(self) -> models.Autoencoder:
        return self._model(models.Autoencoder, ModelConfig(hidden=(8,), latent=2, variational=False), seed=2)

    def _model(self, kind: type[Model], config: ModelConfig, *, seed: int = 0) -> Model:
        model = config.build(seed=seed).to(self.device)
        assert isinstance(model, kind)
        return model

    @cached_property
    def pca(self) -> ProbabilisticPCA:
        few = torch.linspace(0, 40, 60).square().sin().reshape(12, 5)
        return ProbabilisticPCA.fit(few.to(self.device), 2)

    @property
    def elbo(self) -> objectives.Elbo:
        return objectives.elbo(self.vae, self.x, generator=self.generator)

    def fitted(self, binarize: Literal["none", "static", "dynamic"], name: str = "vae") -> object:
        """The history and the weights after two epochs."""
        model = getattr(self, name)
        config = TrainConfig(epochs=2, batch_size=7, beta=2.0, warmup_epochs=1, free_bits=0.1, binarize=binarize)
        return vars(training.fit(model, self.x, self.x[:5], config)), model.state_dict()

    def written(self) -> object:
        """A model on this device as a file has it."""
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "some.safetensors"
            checkpoints.write(file, self.vae, self.history)
            read = checkpoints.read(file, ModelConfig(hidden=(8,), latent=2))
            assert read is not None
            model, history = read
        return [value.tolist() for value in (*model.state_dict().values(), *vars(history).values())]


CALLS: dict[str, Callable[[At], object]] = {
    "checkpoints.write": At.written,
    "data.Digits": lambda at: data.Digits(at.x, at.labels)[at.labels > 4],
    "data.binarize": lambda at: data.binarize(at.x, generator=at.generator),
    "data.binarize_static": lambda at: data.binarize_static(at.x),
    "distributions.DiagonalGaussian": lambda at: DiagonalGaussian(at.z, at.z[:1]),
    "distributions.DiagonalGaussian.std": lambda at: at.q.std,
    "distributions.DiagonalGaussian.rsample": lambda at: at.q.rsample(generator=at.generator),
    "distributions.DiagonalGaussian.sample": lambda at: at.q.sample(3, generator=at.generator),
    "distributions.DiagonalGaussian.log_prob": lambda at: at.q.log_prob(at.z + 1),
    "distributions.Bernoulli": lambda at: Bernoulli(at.z),
    "distributions.Bernoulli.mean": lambda at: at.pixels.mean,
    "distributions.Bernoulli.sample": lambda at: at.pixels.sample(generator=at.generator),
    "distributions.Bernoulli.log_prob": lambda at: at.pixels.log_prob(at.bits),
    "distributions.standard_normal": lambda at: distributions.standard_normal(3, device=at.device),
    "distributions.kl_to_standard_normal": lambda at: distributions.kl_to_standard_normal(at.q),
    "distributions.check_unit_interval": lambda at: distributions.check_unit_interval(at.x),
    "evaluate.log_likelihood": lambda at: evaluate.log_likelihood(at.vae, at.bits, samples=150),
    "evaluate.codes": lambda at: [evaluate.codes(model, at.x) for model in (at.vae, at.ae, at.conv)],
    "evaluate.active_units": lambda at: evaluate.active_units(at.vae, at.x),
    "evaluate.linear_probe": lambda at: evaluate.linear_probe(at.z[::2], at.labels[::2], at.z[1::2], at.labels[1::2]),
    "evaluate.frechet_distance": lambda at: evaluate.frechet_distance(at.z[:12], at.z[12:].sin()),
    "figures.digit_sheet": lambda at: figures.digit_sheet(at.x, columns=5),
    "figures.plot_digits": lambda at: figures.plot_digits(at.x, columns=5),
    "figures.plot_lines": lambda at: figures.plot_lines(
        at.z[:, 0], {"a": at.z[:, 1], "b": [1.0] * 24}, spreads={"a": at.z[:, 1].abs()}, xlabel="x", ylabel="y"
    ),
    "figures.plot_history": lambda at: figures.plot_history(at.history),
    "figures.plot_latents": lambda at: figures.plot_latents(at.z, at.labels),
    "figures.plot_field": lambda at: figures.plot_field(
        at.z[:3, 0], at.z[:4, 1], at.x[:4, :3], xlabel="x", ylabel="y", label="z"
    ),
    "latent.manifold": lambda at: [latent.manifold(model, n=3) for model in (at.vae, at.ae, at.conv)],
    "latent.traversal": lambda at: latent.traversal(at.vae, at.z[0], 1, torch.linspace(-2, 2, 3)),
    "latent.interpolate": lambda at: [latent.interpolate(at.z[0], at.z[20], 5, spherical=way) for way in (False, True)],
    "live.drawing.DrawDigit": lambda at: live.DrawDigit(at.vae, at.x, at.labels),
    "live.figure.rounded": lambda at: rounded(at.z),
    "live.latent.LatentPlane": lambda at: live.LatentPlane(at.ae, at.z, at.labels),
    "live.latent.LatentSliders": lambda at: live.LatentSliders(at.vae, at.x),
    "live.latent.Interpolation": lambda at: live.Interpolation(at.vae, at.x, at.labels),
    "live.latent.check_labels": lambda at: check_labels(at.labels, at.x),
    "live.latent.check_codes": lambda at: check_codes(at.vae, at.z, at.labels),
    "live.linked.LinkedPlanes": lambda at: live.LinkedPlanes(at.ae, at.vae, at.x, at.labels),
    "live.rate_distortion.RateDistortion": lambda at: live.RateDistortion({1.0: at.vae, 2.0: at.vae}, at.x),
    "live.sprite.data_url": lambda at: sprite.data_url(at.x, columns=4),
    "live.sprite.as_text": lambda at: sprite.as_text(at.x),
    "live.weights.pack_encoder": lambda at: weights.pack_encoder(at.vae),
    "live.weights.pack_decoder": lambda at: weights.pack_decoder(at.ae),
    "live.weights.pack": lambda at: weights.pack(cast(nn.Sequential, at.vae.encoder), at.x, output="none"),
    "live.worlds.ExactPosterior": lambda at: live.ExactPosterior(CurveWorld(), at.place),
    "live.worlds.ElboExplorer.log_joint": lambda at: [live.ElboExplorer(k).log_joint(at.one_z) for k in (0, 1)],
    "live.worlds.Reparameterization": lambda at: live.Reparameterization(at.z[:, 0], a=1.0),
    "models.Decoder": lambda at: models.Decoder(at.vae.decoder.network, latent=2, likelihood="gaussian").to(at.device),
    "models.Decoder.forward": lambda at: at.vae.decoder(at.z),
    "models.VAE": lambda at: models.VAE(at.vae.encoder, at.vae.decoder),
    "models.VAE.prior": lambda at: at.vae.prior,
    "models.VAE.encode": lambda at: [at.vae.encode(at.x), at.conv.encode(at.x)],
    "models.VAE.decode": lambda at: [at.vae.decode(at.z), at.conv.decode(at.z)],
    "models.VAE.sample": lambda at: [
        at.vae.sample(3, generator=at.generator),
        at.conv.sample(3, generator=at.generator),
    ],
    "models.Autoencoder": lambda at: models.Autoencoder(at.ae.encoder, at.ae.decoder),
    "models.Autoencoder.encode": lambda at: at.ae.encode(at.x),
    "models.Autoencoder.decode": lambda at: at.ae.decode(at.z),
    "models.check_images": lambda at: models.check_images(at.x),
    "models.check_fits": lambda at: models.check_fits("x", at.x, at.vae),
    "objectives.Elbo": lambda at: at.elbo,
    "objectives.Elbo.kl": lambda at: at.elbo.kl,
    "objectives.Elbo.value": lambda at: at.elbo.value,
    "objectives.elbo": lambda at: objectives.elbo(at.conv, at.x, generator=at.generator),
    "objectives.reconstruction": lambda at: objectives.reconstruction(at.ae, at.x),
    "objectives.log_weights": lambda at: objectives.log_weights(at.vae, at.bits, samples=3, generator=at.generator),
    "objectives.iwae_bound": lambda at: objectives.iwae_bound(at.vae, at.bits, samples=3, generator=at.generator),
    "synthetic.SyntheticDigits": lambda at: synthetic.SyntheticDigits(at.x, at.labels, at.latents, at.wobble),
    "synthetic.render": lambda at: [
        synthetic.render(at.labels, at.latents, at.wobble),
        synthetic.render(at.labels, at.latents),
    ],
    "train.History": lambda at: at.history,
    "train.History.elbo": lambda at: at.history.elbo,
    "train.History.held_out_elbo": lambda at: at.history.held_out_elbo,
    "train.fit": lambda at: [at.fitted("none"), at.fitted("static", "ae"), at.fitted("dynamic", "conv")],
    "train.objective": lambda at: training.objective(at.vae, at.x, generator=at.generator),
    "train.binarized": lambda at: training.binarized(at.x, TrainConfig(binarize="static")),
    "train.mean_terms": lambda at: training.mean_terms(at.vae, at.x),
    "worlds.CurveWorld.curve": lambda at: CurveWorld().curve(at.one_z),
    "worlds.CurveWorld.sample": lambda at: CurveWorld().sample(3, generator=at.generator),
    "worlds.CurveWorld.log_likelihood": lambda at: CurveWorld().log_likelihood(at.place, at.one_z),
    "worlds.CurveWorld.log_joint": lambda at: CurveWorld().log_joint(at.place, at.one_z),
    "worlds.CurveWorld.log_marginal": lambda at: CurveWorld().log_marginal(at.place),
    "worlds.CurveWorld.posterior": lambda at: CurveWorld().posterior(at.place),
    "worlds.log_integral": lambda at: log_integral(at.x, at.z[:, 0]),
    "worlds.ProbabilisticPCA": lambda at: replace(at.pca, noise=1.0),
    "worlds.ProbabilisticPCA.fit": lambda at: at.pca.noise,
    "worlds.ProbabilisticPCA.marginal": lambda at: at.pca.marginal.log_prob(at.x[:, :5]),
    "worlds.ProbabilisticPCA.log_likelihood": lambda at: at.pca.log_likelihood(at.x[:, :5], at.z),
    "worlds.ProbabilisticPCA.log_joint": lambda at: at.pca.log_joint(at.x[:, :5], at.z),
    "worlds.ProbabilisticPCA.posterior": lambda at: at.pca.posterior(at.x[:, :5]),
    "worlds.ProbabilisticPCA.sample": lambda at: at.pca.sample(3, generator=at.generator),
}

# What has no device to choose: it is given no tensor, and says in its docstring or its module's that the CPU is meant.
MADE_ON_THE_CPU = {
    "checkpoints.read": "a file's",
    "checkpoints.fetch": "a file's",
    "configs.ModelConfig.build": "moved by its user",
    "models.build": "moved by its user",
    "models.mlp": "moved by its user",
    "models.conv_encoder": "moved by its user",
    "models.conv_decoder": "moved by its user",
    "data.Splits": "a data set's",
    "data.load": "a data set's",
    "idx.mnist": "a data set's",
    "idx.fashion": "a data set's",
    "idx.in_folder": "a data set's",
    "png.in_folder": "a data set's",
    "recipes.splits": "a data set's",
    "checks.check_device": "compares devices, and makes nothing",
    "latent.prior_quantiles": "numbers, which `manifold` moves",
    "recipes.load": "trained on the CPU, so that its numbers are the book's",
    "recipes.checkpoint_path": "a file's name",
    "worlds.CurveWorld.grid": "numbers, which the integrals move",
}
# Results that are there to be read, and are on the CPU.
READ = {"train.fit"}
# What draws noise, of which each kind of device has its own.
DRAWN = {
    *("data.binarize", "distributions.DiagonalGaussian.rsample", "distributions.DiagonalGaussian.sample"),
    *("distributions.Bernoulli.sample", "evaluate.log_likelihood", "live.rate_distortion.RateDistortion"),
    *("models.VAE.sample", "objectives.Elbo", "objectives.Elbo.value", "objectives.elbo", "objectives.log_weights"),
    *("objectives.iwae_bound", "train.fit", "train.objective", "train.mean_terms", "worlds.CurveWorld.sample"),
    "worlds.ProbabilisticPCA.sample",
}


def public() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Each public function, class and method of vae_lib with its short name."""
    for found in pkgutil.walk_packages(vae_lib.__path__, "vae_lib."):
        if found.name.endswith(("__main__", "_torchvision")):
            continue
        module, short = importlib.import_module(found.name), found.name.removeprefix("vae_lib.")
        for name, value in vars(module).items():
            if name.startswith("_") or getattr(value, "__module__", "") != module.__name__:
                continue
            if inspect.isfunction(value):
                yield f"{short}.{name}", value
            elif inspect.isclass(value):
                yield f"{short}.{name}", value.__init__
                own = [kind for kind in value.__mro__ if kind.__module__ == module.__name__]
                for member, method in {key: item for kind in own for key, item in vars(kind).items()}.items():
                    method = getattr(method, "fget", None) or getattr(method, "__func__", None) or method
                    if not member.startswith("_") and inspect.isfunction(method):
                        yield f"{short}.{name}.{member}", method


def with_tensors() -> set[str]:
    """The names of those that take or make tensors, by their signatures."""
    return {name for name, function in public() if TENSORS.search(str(inspect.signature(function)))}


def parts(result: object) -> Iterator[object]:
    """The tensors, arrays, numbers and texts that a result holds, in one order."""
    if isinstance(result, torch.nn.Module):
        result = result.state_dict()
    if isinstance(result, LiveFigure):
        state = result.get_state()
        result.picture()
        result = {name: state[name] for name in sorted(state) if not name.startswith("_") and name != "layout"}
    if isinstance(result, Axes):
        drawn = [line.get_xydata() for line in result.lines] + [image.get_array() for image in result.images]
        result = drawn + [np.asarray(cloud.get_offsets()) for cloud in result.collections]
    if is_dataclass(result):
        result = [getattr(result, item.name) for item in fields(result)]
    if isinstance(result, dict):
        result = list(result.values())
    if isinstance(result, list | tuple):
        for part in result:
            yield from parts(part)
    elif result is not None:
        yield np.ma.filled(result, np.nan) if isinstance(result, np.ma.MaskedArray) else result


def tensors(result: object) -> list[Tensor]:
    """Those of the parts that are tensors."""
    return [part for part in parts(result) if isinstance(part, Tensor)]
