"""What the tests share: a few synthetic digits, a world with a known answer, and no way out to the network."""

import signal
import socket
from dataclasses import dataclass
from math import log
from pathlib import Path

import hypothesis
import matplotlib
import pytest
import torch
from torch import Tensor, nn

matplotlib.use("Agg")  # before anything imports pyplot

import matplotlib.pyplot as plt

from vae_lib import data, idx, paths, synthetic
from vae_lib.models import PIXELS, VAE, Decoder
from vae_lib.worlds import ProbabilisticPCA

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as in a shell's background, and every process would inherit it
    signal.signal(signal.SIGINT, signal.default_int_handler)
torch.set_num_threads(1)  # tests share their cores, and torch's threads spin while they wait
hypothesis.settings.register_profile("tests", deadline=None, database=None, derandomize=True, max_examples=30)
hypothesis.settings.load_profile("tests")

pytest_plugins = ["browser", "firefox", "tiny_recipes"]

MNIST_ROOT = paths.data_root()  # where the environment says it is, read before any test changes the environment


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    def refuse(self, address):
        if self.family != socket.AF_UNIX and address[0] not in ("127.0.0.1", "::1", "localhost"):
            raise OSError(f"a test wanted the network: {address}")
        return connect(self, address)

    connect = socket.socket.connect
    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path) -> Path:
    """An empty cache of the test's own, so that no test reads or fills the user's."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("VAE_LIB_CACHE", str(folder))
    for name in ("VAE_LIB_DATASET", "VAE_LIB_MODELS"):
        monkeypatch.delenv(name, raising=False)
    return folder


@pytest.fixture(autouse=True)
def no_figure_stays_open():
    yield
    plt.close("all")


@pytest.fixture(scope="session")
def digits() -> Tensor:
    """300 grey images, (300, 784)."""
    return synthetic.sample(300, seed=0).images


@pytest.fixture(scope="session")
def small_splits() -> data.Splits:
    """Splits like those of `data.load`, with few images, every class in each."""
    train, validation, test = (
        data.Digits(drawn.images, drawn.labels)
        for drawn in (synthetic.sample(n, seed=seed) for n, seed in ((300, 1), (100, 2), (150, 3)))
    )
    return data.Splits("synthetic", "few", train, validation, test)


@pytest.fixture
def fresh_data():
    """`data.load` as in a process that has read nothing yet."""

    def forget():
        for reader in (data._mnist, data._fashion, data._synthetic, data._folder):
            getattr(reader, "cache_clear", lambda: None)()  # a test may have put a stand-in there

    forget()
    yield
    forget()


@pytest.fixture(scope="session")
def mnist() -> data.Splits:
    """The real MNIST. Tests of it fail where it is missing: skipped, they would let CI pass without having looked."""
    missing = [name for name in idx.MNIST_FILES if not (MNIST_ROOT / "MNIST" / "raw" / name).exists()]
    if missing:
        pytest.fail(f"MNIST is not in {MNIST_ROOT} ({', '.join(missing)}): set VAE_LIB_DATA")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VAE_LIB_DATA", str(MNIST_ROOT))
        patch.setenv("VAE_LIB_DATASET", "mnist")
        return data.load()


class Given(nn.Module):
    """An encoder that answers with given means and log-variances, whatever it is shown."""

    def __init__(self, codes: Tensor) -> None:
        super().__init__()
        self.codes = codes  # (B, 2D), or (2D,)

    def forward(self, x: Tensor) -> Tensor:
        return self.codes.expand(len(x), self.codes.shape[-1])


@dataclass(frozen=True)
class KnownWorld:
    """Probabilistic PCA over 784 pixels with orthogonal directions, so that its posterior is diagonal, as q is."""

    world: ProbabilisticPCA
    x: Tensor  # (4, 784)
    log_p: Tensor  # (4,)
    posterior_mean: Tensor  # (4, D)
    posterior_log_var: Tensor  # (D,)

    def vae(self, encoder: nn.Module) -> VAE:
        """The VAE whose decoder is the world's own p(x|z)."""
        decoder = nn.Linear(self.world.latent, PIXELS)
        decoder.weight.data, decoder.bias.data = self.world.weight.clone(), self.world.mean.clone()
        gaussian = Decoder(decoder, latent=self.world.latent, likelihood="gaussian")
        gaussian.log_var.data.fill_(2 * log(self.world.noise))
        return VAE(encoder, gaussian)

    def exact(self) -> VAE:
        """The VAE whose q(z|x) is the posterior for every x."""
        encoder = nn.Linear(PIXELS, 2 * self.world.latent)
        origin = self.world.posterior(torch.zeros(PIXELS))[0]
        slope = self.world.posterior(torch.eye(PIXELS))[0] - origin  # the posterior's mean is affine in x
        encoder.weight.data = torch.cat([slope.T, torch.zeros_like(slope.T)])
        encoder.bias.data = torch.cat([origin, self.posterior_log_var])
        return self.vae(encoder)

    def wrong(self, row: int, *, shift: float = 0.5, widen: float = 2.0) -> VAE:
        """q is off by `shift` posterior widths and `widen` times as wide, in each dimension, for image `row`."""
        mean = self.posterior_mean[row] + shift * (0.5 * self.posterior_log_var).exp()
        return self.vae(Given(torch.cat([mean, self.posterior_log_var + 2 * log(widen)])))

    def gap(self, *, shift: float = 0.5, widen: float = 2.0) -> float:
        """KL(q || posterior) of `wrong`, from the textbook formula in standardised units."""
        return self.world.latent * 0.5 * (widen**2 + shift**2 - 1 - 2 * log(widen))


@pytest.fixture(scope="session")
def known() -> KnownWorld:
    generator = torch.Generator().manual_seed(0)
    directions = torch.linalg.qr(torch.randn(PIXELS, 2, generator=generator))[0]
    world = ProbabilisticPCA(torch.full((PIXELS,), 0.5), directions * torch.tensor([0.1, 0.2]), 0.05)
    x = world.sample(4, generator=generator)[1].clamp(0, 1)
    mean, covariance = world.posterior(x)
    return KnownWorld(world, x, world.marginal.log_prob(x), mean, covariance.diagonal().log())


@pytest.fixture(scope="session")
def given():
    """The class of encoders with a fixed answer."""
    return Given
