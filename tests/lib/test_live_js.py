"""The front end's mathematics, run by node against what PyTorch computes; and the bytes that it reads."""

import base64
import json
import math
import re
import shutil
import struct
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import playwright
import pytest
import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn
from torch.distributions import Normal, kl_divergence
from torch.testing import assert_close

from vae_lib import data, evaluate, latent, live, synthetic
from vae_lib.live import script, weights
from vae_lib.live.figure import LiveFigure
from vae_lib.live.weights import pack, pack_decoder, pack_encoder
from vae_lib.live.worlds import CURVED, LIMIT, LINEAR
from vae_lib.models import SIDE, VAE, ModelConfig, mlp
from vae_lib.train import TrainConfig, fit
from vae_lib.worlds import CurveWorld, ProbabilisticPCA

TESTS = sorted((Path(__file__).parents[1] / "js").glob("*.test.js"))


def node() -> str:
    """The node that Playwright's package carries: the same version everywhere, and no other installation."""
    return str(Path(playwright.__file__).parent / "driver" / "node")


@pytest.fixture(scope="session")
def models(digits) -> dict[str, VAE]:
    """A pair of 784-512-256-2 networks as it begins, and one that has learnt a little."""
    models = {name: ModelConfig(latent=2).build() for name in ("random", "trained")}
    fit(models["trained"], digits, digits[:10], TrainConfig(epochs=20, batch_size=30))
    return models


@pytest.fixture(scope="session")
def fixtures(tmp_path_factory, models: dict[str, VAE], digits: Tensor, mnist: data.Splits) -> Path:
    """A folder with what the tests in js/ compare with."""
    folder = tmp_path_factory.mktemp("fixtures")
    for name, model in models.items():
        (folder / f"{name}-encoder.bin").write_bytes(pack_encoder(model))
        (folder / f"{name}-decoder.bin").write_bytes(pack_decoder(model))
    network, x = exact()
    (folder / "exact.bin").write_bytes(pack(network, torch.eye(3), output="none"))
    with torch.no_grad():
        values = {name: on_both_sides(model, digits[:20]) for name, model in models.items()} | {
            "exact": {"x": x, "y": network(x)},
            "gaussian": {"densities": densities(), "sums": sums(), "uniform": uniform(), "paths": paths()},
            "ink": ink(mnist),
            "worlds": {"curved": curved(), "linear": linear(), "estimates": estimates()},
        }
    for name, value in values.items():
        (folder / f"{name}.json").write_text(json.dumps(value, default=Tensor.tolist))
    return folder


def on_both_sides(model: VAE, x: Tensor) -> dict:
    z = 1.5 * torch.randn(20, 2, generator=Generator().manual_seed(1))
    return {"z": z, "decoded": model.decode(z).mean, "x": x, "encoded": model.encoder(x)}


def exact() -> tuple[nn.Sequential, Tensor]:
    """A network that eight bits hold without loss, each row with another scale, and an input for it."""
    network = mlp(3, 5, 2)
    for layer in network[::2]:
        rows = torch.arange(layer.weight.numel()).view_as(layer.weight) % 3 - 1.0
        rows[:, 0] = 1  # so that a row's scale is what it is multiplied by
        layer.weight.data = rows * 2.0 ** torch.arange(len(rows)).unsqueeze(1)
        layer.bias.data = torch.arange(len(rows)) - 1.0
    return network, torch.tensor([1.0, 2.0, -70.0])


def densities() -> list[dict]:
    rows = []
    for x, mean, std in ((0.3, -1.2, 0.5), (-4.0, 2.0, 3.0), (0.0, 0.0, 1.0)):
        q = Normal(*torch.tensor((mean, std), dtype=torch.float64))
        log_prob = q.log_prob(torch.tensor(x, dtype=torch.float64))
        rows.append({"x": x, "mean": mean, "std": std, "log_prob": log_prob})
    return rows


def sums() -> list[dict]:
    lists = [[0.0, 1.0, -2.0], [1_000.0, 1_001.0], [-1_000.0, -1_000.5], [3.0]]
    return [{"values": values, "result": torch.tensor(values, dtype=torch.float64).logsumexp(0)} for values in lists]


def uniform() -> list[dict]:
    """Mulberry32 from its definition, in integers of any size."""

    def draws(state: int, n: int) -> Iterator[float]:
        word = 2**32 - 1
        for _ in range(n):
            state = (state + 0x6D2B79F5) & word
            t = (state ^ (state >> 15)) * (state | 1) & word
            t ^= (t + (t ^ (t >> 7)) * (t | 61)) & word
            yield (t ^ (t >> 14)) / 2**32

    return [{"seed": seed, "draws": list(draws(seed, 100))} for seed in (0, 1, 2**32 - 1)]


def paths() -> list[dict]:
    ends = torch.randn(6, 2, 20, dtype=torch.float64, generator=Generator().manual_seed(0))
    return [
        {
            "start": start,
            "end": end,
            "spherical": spherical,
            "path": latent.interpolate(start, end, 7, spherical=spherical),
        }
        for start, end in ends
        for spherical in (False, True)
    ]


def ink(mnist: data.Splits) -> dict:
    """Digits of MNIST, the same ones elsewhere and in other sizes, how MNIST is drawn, and paths for a pen."""
    x = mnist.test.images[:40].view(-1, SIDE, SIDE)
    train = mnist.train.images.view(-1, SIDE, SIDE)
    slopes = torch.hypot(F.pad(train, (0, 1)).diff(dim=2), F.pad(train, (0, 0, 0, 1)).diff(dim=1))
    width = 2 * train.sum((1, 2)) / slopes.sum((1, 2))  # twice a stroke's area by the length of its outline
    return {
        "digits": x.flatten(1),
        "moved": torch.stack([corner(image) for image in x]).flatten(1),
        "smaller": resized(x, 0.7).flatten(1),
        "larger": resized(x, 1.2).flatten(1),
        "ink": train.sum((1, 2)).median(),
        "width": width.median(),
        "paths": pen_paths(),
    }


def corner(image: Tensor) -> Tensor:
    """The digit in the upper left corner of its image (28, 28)."""
    top, left = image.nonzero().amin(0).tolist()
    return image.roll((-top, -left), (0, 1))


def resized(x: Tensor, scale: float) -> Tensor:
    """Images (N, 28, 28) drawn smaller or larger and a little off the middle, where there is room for them."""
    move = 0.3 if scale < 1 else 0.0  # of half an image
    to = torch.tensor([[1 / scale, 0, move], [0, 1 / scale, -move]]).expand(len(x), 2, 3)
    grid = F.affine_grid(to, [len(x), 1, SIDE, SIDE], align_corners=False)
    return F.grid_sample(x.unsqueeze(1), grid, align_corners=False).squeeze(1)


def pen_paths() -> Tensor:
    """How a hand leads the pen that draws synthetic digits: (200, segments, 4), from (x, y) to (u, v) in pixels."""
    drawn = synthetic.sample(200, seed=0)
    slant, stretch, _, size, _, _ = drawn.latents.unsqueeze(-1).unbind(1)
    points = synthetic._BASIS[drawn.labels] @ (synthetic._CONTROL[drawn.labels] + drawn.wobble)
    x, y = points.unbind(-1)  # all segments' starts, then all ends
    x, y = (size * (stretch * x - slant.tan() * y), size * y)
    x, y = (p - p.mean(1, keepdim=True) + SIDE / 2 for p in (x, y))
    return torch.stack([end for ends in zip(x.chunk(2, 1), y.chunk(2, 1), strict=True) for end in ends], dim=-1)


PLACES = [(0.0, 1.0), (-2.0, 0.05), (2.5, 2.0), (-3.0, 0.4)]  # means and widths of q


def curved() -> dict:
    """The curved world's densities over the plane; where x has two causes, ELBOs and where their gradient ends."""
    world = CurveWorld(CURVED[1])
    places = 2 * torch.rand(40, 3, dtype=torch.float64, generator=Generator().manual_seed(0)) - 1
    x, z, ambiguous = LIMIT * places[:, :2], 4 * places[:, 2], torch.tensor(CURVED[0], dtype=torch.float64)
    standard = torch.linspace(-10, 10, 4_001, dtype=torch.float64)

    def elbo(mean: Tensor, std: Tensor) -> Tensor:
        q, grid = Normal(mean, std), mean + std * standard
        weight = Normal(0.0, 1.0).log_prob(standard).exp() * (standard[1] - standard[0])
        return (weight * (world.log_joint(ambiguous, grid) - q.log_prob(grid))).sum()

    @torch.enable_grad()
    def best(*q: float) -> list[Tensor]:
        at = torch.tensor([q[0], math.log(q[1])], dtype=torch.float64, requires_grad=True)
        optimizer = torch.optim.LBFGS([at], line_search_fn="strong_wolfe", max_iter=99)

        def closure() -> Tensor:
            optimizer.zero_grad()
            loss = -elbo(at[0], at[1].exp())
            loss.backward()
            return loss

        optimizer.step(closure)
        return [at[0].detach(), at[1].detach().exp()]

    return {
        "parameters": CURVED,
        "x": x,
        "z": z,
        "curve": world.curve(z),
        "log_joint": world.log_joint(x, z),
        "log_marginal": world.log_marginal(x),
        "grid": world.grid[::4],
        "posterior": world.posterior(x)[:, ::4],
        "noises": [narrow(noise) for noise in (0.4, 0.1, 0.05, 0.02, 0.01, 0.001)],
        "elbos": [{"q": q, "elbo": elbo(*torch.tensor(q, dtype=torch.float64))} for q in PLACES],
        "best": [{"start": q, "end": best(*q)} for q in ((-2.0, 0.3), (2.0, 0.3))],
    }


def narrow(noise: float) -> dict:
    """A curved world with this noise, at places on its curve and beside it."""
    world = CurveWorld(noise)
    on = world.curve(torch.tensor([-2.3, -1.7003, 0.3, 1.1], dtype=torch.float64))
    x = torch.cat([on, on * (1 + noise), on * (1 - 0.5 * noise), torch.tensor([CURVED[0]], dtype=torch.float64)])
    density = world.posterior(x)
    mean = (density * world.grid).sum(-1) / density.sum(-1)
    return {"noise": noise, "x": x, "log_marginal": world.log_marginal(x), "mean": mean}


def linear() -> dict:
    """The linear world in closed form."""
    x, noise = LINEAR
    one = torch.ones(1, 1, dtype=torch.float64)
    pca = ProbabilisticPCA(torch.zeros(1, dtype=torch.float64), one, noise)
    mean, variance = (moment.item() for moment in pca.posterior(x * one))
    exact = Normal(*torch.tensor([mean, math.sqrt(variance)], dtype=torch.float64))
    return {
        "parameters": LINEAR,
        "log_marginal": pca.marginal.log_prob(x * one[0]),
        "posterior": [mean, math.sqrt(variance)],
        "gaps": [{"q": q, "gap": kl_divergence(Normal(*torch.tensor(q, dtype=torch.float64)), exact)} for q in PLACES],
    }


@torch.enable_grad()
def estimates() -> dict:
    """What each draw says of the gradient of E f(z), f(z) = sin z + z³ / 10, by automatic differentiation."""
    noise = torch.randn(9, dtype=torch.float64, generator=Generator().manual_seed(0))
    mean, std = (torch.full_like(noise, value, requires_grad=True) for value in (0.7, 0.4))
    z = mean + std * noise
    f = z.sin() + 0.1 * z**3
    path = torch.stack(torch.autograd.grad(f.sum(), (mean, std), retain_graph=True), -1)
    score = torch.stack(torch.autograd.grad(Normal(mean, std).log_prob(z.detach()).sum(), (mean, std)), -1)
    return {
        "noise": noise,
        "pathwise": path,
        "score": f.detach().unsqueeze(-1) * score,
        "mean": path[:, 0].mean(),
        "error": path[:, 0].std() / 3,
    }


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.name)
def test_in_node(path: Path, fixtures: Path, monkeypatch):
    monkeypatch.setenv("VAE_LIB_FIXTURES", str(fixtures))
    result = subprocess.run([node(), "--test", path], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


def test_a_test_that_fails_in_node_fails_here(tmp_path: Path):
    """Planted: were node's answer not heard, every test above would pass for ever."""
    file = tmp_path / "planted.test.mjs"
    file.write_text('import { test } from "node:test";\ntest("planted", () => { throw new Error("caught"); });\n')
    result = subprocess.run([node(), "--test", file], capture_output=True, text=True, check=False)
    assert result.returncode != 0 and "caught" in result.stdout


PLANTED = """
import { element } from "./controls.js";
import { FIGURES } from "./figures.js";

FIGURES.planted = (figure) => figure.root.append(element("p", {}, figure.get("words")));
"""
HOST = """
import { all } from "%s";
import widget from "./widget.mjs";

const state = { kind: "planted", label: "", networks: {}, words: "it is drawn" };
const el = document.createElement("div");
widget.render({ model: { get: (name) => state[name] }, el });
console.log(JSON.stringify(all(el).filter((node) => typeof node === "string")));
"""


def test_a_figure_is_known_by_its_module_alone(tmp_path: Path, monkeypatch):
    folder = shutil.copytree(script.FOLDER, tmp_path / "js")
    monkeypatch.setattr(script, "FOLDER", folder)
    (tmp_path / "host.mjs").write_text(HOST % (Path(__file__).parents[1] / "js" / "dom.js").as_uri())

    def drawn() -> list[str]:
        (tmp_path / "widget.mjs").write_text(script.notebook_module.__wrapped__())
        command = [node(), tmp_path / "host.mjs"]
        return json.loads(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout)

    assert drawn() == ["The figure cannot start. This page knows no figure «planted»."]
    (folder / "planted.js").write_text(PLANTED)
    assert drawn() == ["it is drawn"]
    assert "FIGURES.planted = " in script.page_script.__wrapped__()


KINDS = [kind for kind in vars(live).values() if isinstance(kind, type) and issubclass(kind, LiveFigure)]


@pytest.mark.parametrize("kind", KINDS)
def test_the_state_that_the_front_end_reads_is_the_traits_that_python_sends(kind: type[LiveFigure]):
    """That each figure reads nothing else is the type checker's to say."""
    sent = {name for name in kind.class_trait_names(sync=True) if not name.startswith("_")}
    sent -= set(LiveFigure.class_trait_names())
    module = re.sub(r"(?<=.)[A-Z]", r"_\g<0>", kind.__name__).lower()
    text = (script.FOLDER / f"{module}.js").read_text(encoding="utf-8")
    (state,) = re.findall(r"@typedef \{object\} State\b(.*?)\*/", text, re.DOTALL)
    assert set(re.findall(r"@property \{.+\} (\w+)(?:  |$)", state, re.MULTILINE)) == sent


def unpacked(packed: bytes) -> list[tuple[int, np.ndarray, np.ndarray, np.ndarray]]:
    """(activation, bias, scale, int8 weight) of each layer, read as the module's docstring has it."""
    magic, count = struct.unpack_from("<4sI", packed)
    assert magic == b"MLP1"
    layers, at = [], 8
    for _ in range(count):
        inputs, outputs, activation = struct.unpack_from("<III", packed, at)
        bias, scale = np.frombuffer(packed, "<f4", 2 * outputs, at + 12).reshape(2, outputs)
        weight = np.frombuffer(packed, "i1", outputs * inputs, at + 12 + 8 * outputs).reshape(outputs, inputs)
        layers.append((activation, bias, scale, weight))
        at += 12 + 8 * outputs + math.ceil(outputs * inputs / 4) * 4
    assert at == len(packed)
    return layers


def steps(scale: np.ndarray) -> np.ndarray:
    """What the bytes from -127 to 127 stand for in rows of these scales: (rows, 255)."""
    byte = np.arange(-127, 128)
    return scale[:, None] * np.sign(byte) * np.abs(byte / 127) ** 1.5


@pytest.mark.parametrize(("output", "last"), [("none", 0), ("sigmoid", 2)])
def test_activations_biases_and_a_scale_for_each_row(output: str, last: int):
    network = mlp(5, 7, 3)
    network[0].weight.data[4] = 0
    layers = unpacked(pack(network, torch.eye(5), output=output))
    assert [activation for activation, *_ in layers] == [1, last]
    for (_, bias, scale, rows), layer in zip(layers, network[::2], strict=True):
        largest = layer.weight.detach().abs().amax(1).numpy()
        assert (bias == layer.bias.detach().numpy()).all()
        assert (scale == np.maximum(largest, np.float32(1e-12))).all()
        assert (rows[largest == 0] == 0).all()


def test_for_inputs_that_have_nothing_in_common_each_weight_is_rounded_to_the_nearest_step():
    network = mlp(5, 7)
    network[0].weight.data[2] *= 1_000  # one scale for all rows would round the others away
    ((_, _, scale, rows),) = unpacked(pack(network, torch.eye(5), output="none"))
    exact = network[0].weight.detach().numpy()
    errors = np.abs(steps(scale)[:, None, :] - exact[:, :, None])  # (rows, columns, bytes)
    chosen = np.take_along_axis(errors, rows[:, :, None].astype(int) + 127, 2)[:, :, 0]
    assert (chosen <= errors.min(2) + 1e-6 * scale[:, None]).all()


def test_for_inputs_that_vary_together_errors_are_made_good(digits: Tensor):
    """The mean squared error of a layer's outputs is far below that of rounding each weight by itself."""
    layer = mlp(784, 50)
    ((_, _, scale, rows),) = unpacked(pack(layer, digits, output="none"))
    exact = layer[0].weight.detach().numpy()
    table = steps(scale)
    nearest = np.stack([row[np.abs(row - weight[:, None]).argmin(1)] for row, weight in zip(table, exact, strict=True)])
    packed = np.take_along_axis(table, rows.astype(int) + 127, 1)
    errors = [(((weight - exact) @ digits.numpy().T) ** 2).mean() for weight in (packed, nearest)]
    assert errors[0] < errors[1] / 4


def outputs(packed: bytes, x: Tensor) -> Tensor:
    """What the packed network makes of x before its last activation."""
    for _, bias, scale, rows in unpacked(packed):
        weight = torch.tensor(np.take_along_axis(steps(scale), rows.astype(int) + 127, 1)).float()
        before = x @ weight.T + torch.tensor(bias)
        x = before.relu()
    return before


def test_an_encoder_and_a_decoder_are_packed_for_the_inputs_they_get(models, digits: Tensor):
    """Against rounding that knows nothing of the inputs, their outputs on digits err by less than half."""
    model = models["trained"]
    codes = evaluate.codes(model, digits)
    for network, packed, x in (
        (model.encoder, pack_encoder(model), digits),
        (model.decoder.network, pack_decoder(model), codes),
    ):
        blind = pack(network, torch.zeros(1, x.shape[1]), output="none")
        with torch.no_grad():
            errors = [(outputs(one, x) - network(x)).square().mean().sqrt() for one in (packed, blind)]
        assert errors[0] < errors[1] / 2


@pytest.mark.parametrize(("likelihood", "last"), [("bernoulli", 2), ("gaussian", 0)])
def test_a_packed_decoder_gives_the_pixels_mean_whatever_its_likelihood(likelihood: str, last: int):
    model, z = ModelConfig(latent=2, hidden=(8,), likelihood=likelihood).build(seed=1), torch.randn(5, 2)
    packed = pack_decoder(model)
    assert unpacked(packed)[-1][0] == last
    before = outputs(packed, z)
    mean = before.sigmoid() if last == 2 else before
    torch.testing.assert_close(mean, model.decode(z).mean, atol=0.02, rtol=0)


def test_a_network_is_rounded_once_for_all_its_figures_and_anew_when_it_has_changed(monkeypatch):
    rounded = []
    monkeypatch.setattr(
        weights, "pack", lambda network, x, output: rounded.append(output) or pack(network, x, output=output)
    )
    config = ModelConfig(latent=2, hidden=(9,))
    model, twin = config.build(seed=7), config.build(seed=7)
    first = [pack_encoder(model), pack_decoder(model)]
    assert [pack_encoder(twin), pack_decoder(twin), pack_encoder(model), pack_decoder(model)] == 2 * first
    assert rounded == ["none", "sigmoid"]
    with torch.no_grad():
        model.encoder[-1].bias += 1  # which moves the codes that the decoder is packed for
    changed = [pack_encoder(model), pack_decoder(model)]
    assert rounded == 2 * ["none", "sigmoid"] and changed[0] != first[0]
    gaussian = replace(config, likelihood="gaussian").build(seed=7)
    gaussian.load_state_dict(twin.state_dict(), strict=False)
    assert unpacked(pack_decoder(gaussian))[-1][0] == 0 != unpacked(first[1])[-1][0]


def test_double_precision_is_packed_as_single():
    network = mlp(3, 2)
    single = pack(network, torch.eye(3), output="none")
    assert pack(network.double(), torch.eye(3), output="none") == single


def test_packing_leaves_the_network_as_it_was(models):
    before = {name: value.clone() for name, value in models["random"].state_dict().items()}
    pack_encoder(models["random"])
    assert_close(models["random"].state_dict(), before, atol=0, rtol=0)


def test_a_pair_takes_less_than_a_megabyte_and_a_half_in_base64(models):
    model = models["random"]
    pair = [pack_encoder(model), pack_decoder(model)]
    assert sum(len(base64.b64encode(packed)) for packed in pair) <= 1.5e6


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (nn.Linear(2, 2), "network: Linear.*, expected a Sequential"),
        (nn.Sequential(), "network: Sequential.*, expected a Sequential of Linear"),
        (nn.Sequential(nn.Conv2d(1, 1, 3)), "layer 0 is Conv2d"),
        (ModelConfig(convolutional=True).build().encoder, "layer 0 is Unflatten"),
        (nn.Sequential(nn.ReLU()), "layer 0 is ReLU"),
        (nn.Sequential(nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 2)), "layer 1 is Tanh"),
        (nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2)), "layer 1 is Linear"),
        (nn.Sequential(nn.Linear(2, 2), nn.ReLU()), "layer 1 is ReLU"),
        (nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 2, bias=False)), "layer 2 is Linear.*bias=False"),
    ],
)
def test_layers_that_the_front_end_does_not_run_are_named(network: nn.Module, message: str):
    with pytest.raises(ValueError, match=message):
        pack(network, torch.eye(2), output="none")


def test_an_unknown_output_is_named():
    with pytest.raises(ValueError, match="output: 'relu', expected 'none' or 'sigmoid'"):
        pack(mlp(2, 2), torch.eye(2), output="relu")
