"""Training against the same loop written plainly, and each option against what it promises."""

import io
import math
import sys
from dataclasses import replace

import pytest
import torch
from torch import Tensor
from torch.distributions import Bernoulli, Normal, kl_divergence
from torch.testing import assert_close

from vae_lib import data, progress, train
from vae_lib.models import VAE, ModelConfig
from vae_lib.objectives import Elbo, elbo
from vae_lib.train import History, TrainConfig, TrainingDiverged, fit, mean_terms

MODEL = ModelConfig(hidden=(16,), latent=3)
CONFIG = TrainConfig(epochs=2, batch_size=64, learning_rate=3e-3, seed=5)
FIELDS = ("log_likelihood", "kl", "held_out_log_likelihood", "held_out_kl")


@pytest.fixture(scope="module")
def images(digits):
    return digits[:200], digits[200:]


def trained(images: tuple[Tensor, Tensor], model: ModelConfig = MODEL, **changes: object) -> tuple[VAE, History]:
    config = replace(CONFIG, **changes)
    built = model.build(seed=config.seed)
    return built, fit(built, *images, config)


def plain_loop(images: tuple[Tensor, Tensor], config: TrainConfig, beta_at=lambda epoch, step, steps: 1.0) -> tuple:
    """The chapter's loop with nothing of `fit` in it: torch's densities, torch's Adam, one line a quantity."""
    x_train, x_held_out = images
    fixed = torch.Generator().manual_seed(data.BINARIZE_SEED)
    if config.binarize == "static":
        x_train = torch.bernoulli(x_train, generator=torch.Generator().manual_seed(data.BINARIZE_SEED))
    if config.binarize != "none":
        x_held_out = torch.bernoulli(x_held_out, generator=fixed)

    def terms(x: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        mean, log_var = model.encoder(x).chunk(2, -1)
        std = (log_var / 2).exp()
        logits = model.decoder.network(mean + std * torch.randn(mean.shape, generator=generator))
        log_likelihood = Bernoulli(logits=logits, validate_args=False).log_prob(x).sum(-1)
        return log_likelihood, kl_divergence(Normal(mean, std), Normal(0.0, 1.0))

    model = MODEL.build(seed=config.seed)
    optimizer = torch.optim.Adam(model.parameters(), lr=config.learning_rate)
    generator = torch.Generator().manual_seed(config.seed)
    rows = []
    for epoch in range(config.epochs):
        order = torch.randperm(len(x_train), generator=generator)
        sums = [0.0, 0.0]
        starts = range(0, len(x_train), config.batch_size)
        for step, start in enumerate(starts):
            x = x_train[order[start : start + config.batch_size]]
            if config.binarize == "dynamic":
                x = torch.bernoulli(x, generator=generator)
            log_likelihood, kl = terms(x, generator)
            paid = sum(torch.relu(kl[:, d].mean() - config.free_bits) for d in range(kl.shape[1]))
            loss = -log_likelihood.mean() + config.beta * beta_at(epoch, step, len(starts)) * paid
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            sums[0] += log_likelihood.sum().item()
            sums[1] += kl.sum().item()
        with torch.no_grad():
            held_out = [
                t.sum().item() / len(x_held_out) for t in terms(x_held_out, torch.Generator().manual_seed(config.seed))
            ]
        rows.append([sum_ / len(x_train) for sum_ in sums] + held_out)
    return model, torch.tensor(rows, dtype=torch.float64).T


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"seed": 1, "batch_size": 33},
        {"beta": 3.0},
        {"beta": 0.0},
        {"free_bits": 0.5},
        {"binarize": "static"},
        {"binarize": "dynamic"},
        {"learning_rate": 1e-4, "epochs": 1},
    ],
    ids=str,
)
def test_history_and_weights_are_those_of_a_plain_loop(images, changes):
    config = replace(CONFIG, **changes)
    oracle, expected = plain_loop(images, config)
    model, history = trained(images, **changes)
    for name, row in zip(FIELDS, expected, strict=True):
        assert_close(getattr(history, name), row, rtol=1e-5, atol=1e-4)
    for ours, plain in zip(model.parameters(), oracle.parameters(), strict=True):
        assert_close(ours, plain, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("warmup", [1, 2, 3])
def test_warmup_raises_beta_from_nothing_in_a_straight_line(images, warmup):
    """The weight on the KL, step by step: 0 at the first, beta from the end of the last warm-up epoch on."""
    config = replace(CONFIG, epochs=3, beta=2.0, warmup_epochs=warmup)
    _, expected = plain_loop(
        images, config, lambda epoch, step, steps: min(1, (epoch * steps + step) / (warmup * steps))
    )
    _, history = trained(images, epochs=3, beta=2.0, warmup_epochs=warmup)
    assert_close(history.held_out_kl, expected[3], rtol=1e-5, atol=1e-4)


def test_warmups_first_step_ignores_the_kl(images):
    """One batch holds all images, so that there is one step."""
    one_step = {"epochs": 1, "batch_size": 1_000}
    models = [trained(images, **one_step, **options)[0] for options in ({"warmup_epochs": 4}, {"beta": 0.0}, {})]
    warm, free, paying = (model.encoder[0].weight for model in models)
    assert torch.equal(warm, free)
    assert not torch.equal(warm, paying)


def test_training_raises_the_bound(images):
    _, history = trained(images, epochs=10)
    assert history.elbo[-1] > history.elbo[0] + 50
    assert history.held_out_elbo[-1] > history.held_out_elbo[0] + 20
    assert history.elbo[-1] > mean_terms(MODEL.build(seed=5), images[0])[0] + 200  # the untrained model's


@pytest.mark.parametrize("model", [MODEL, replace(MODEL, variational=False), ModelConfig(convolutional=True, latent=2)])
@pytest.mark.parametrize("binarize", ["none", "dynamic"])
def test_the_same_seed_gives_the_same_history_bit_for_bit(images, model, binarize):
    images = images[0][:64], images[1][:20]
    first, again, other = (trained(images, model, binarize=binarize, seed=seed)[1] for seed in (1, 1, 2))
    for name in ("log_likelihood", "kl", "held_out_log_likelihood", "held_out_kl"):
        assert torch.equal(getattr(first, name), getattr(again, name))
    assert not torch.equal(first.log_likelihood, other.log_likelihood)


def test_training_draws_nothing_from_the_global_generator(images):
    torch.manual_seed(3)
    state = torch.get_rng_state()
    first = trained(images, binarize="dynamic")[1]
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(4)
    assert torch.equal(trained(images, binarize="dynamic")[1].elbo, first.elbo)


def test_images_are_left_as_they_were(images):
    before = [part.clone() for part in images]
    trained(images, binarize="static")
    assert all(torch.equal(a, b) for a, b in zip(images, before, strict=True))


def test_the_history_is_one_number_an_epoch_and_its_bound_the_difference_of_its_terms(images):
    _, history = trained(images, epochs=3)
    assert all(getattr(history, name).shape == (3,) for name in FIELDS)
    assert torch.equal(history.elbo, history.log_likelihood - history.kl)
    assert torch.equal(history.held_out_elbo, history.held_out_log_likelihood - history.held_out_kl)


def test_held_out_terms_are_the_trained_models_own(images):
    model, history = trained(images)
    assert (history.held_out_log_likelihood[-1].item(), history.held_out_kl[-1].item()) == mean_terms(
        model, images[1], seed=5
    )


def test_mean_terms_do_not_depend_on_how_the_images_are_batched(given):
    """More images than one batch holds, each with terms of its own: the KL of dimension d is mean^2 / 2."""
    x = torch.rand(2_300, 784, generator=torch.Generator().manual_seed(0))

    class Means(torch.nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return torch.cat([3 * x[:, :2], torch.zeros(len(x), 2)], 1)

    model = VAE(Means(), ModelConfig(hidden=(4,), latent=2).build().decoder)
    _, kl = mean_terms(model, x)
    assert kl == pytest.approx((3 * x[:, :2]).square().sum(1).mean().item() / 2, rel=1e-5)
    model.decoder.network = torch.nn.Sequential(torch.nn.Linear(2, 784))
    for parameter in model.decoder.parameters():
        parameter.data.zero_()
    assert mean_terms(model, x)[0] == pytest.approx(784 * math.log(0.5), rel=1e-5)


def test_a_heavier_kl_is_paid_less_of(images):
    rates = [trained(images, epochs=15, beta=beta)[1].held_out_kl[-1] for beta in (0.1, 1.0, 10.0)]
    assert rates[0] > rates[1] > rates[2]


def test_free_bits_take_the_kls_gradient_from_dimensions_below_the_threshold(images):
    """The decoder is blind to dimension 0, so only its KL could move that dimension's part of the encoder."""

    def moved(free_bits: float) -> tuple[bool, bool]:
        model = MODEL.build(seed=0)
        model.decoder.network[0].weight.data[:, 0] = 0
        rows = [0, 3]  # dimension 0's mean and log-variance
        before = model.encoder[2].weight[rows].clone()
        other = model.encoder[2].weight[[1, 4]].clone()
        with torch.no_grad():
            assert elbo(model, images[0]).kl_terms.mean(0).max() < 1
        fit(model, *images, replace(CONFIG, epochs=1, batch_size=1_000, free_bits=free_bits))
        return not torch.equal(model.encoder[2].weight[rows], before), not torch.equal(
            model.encoder[2].weight[[1, 4]], other
        )

    assert moved(free_bits=0.0) == (True, True)
    assert moved(free_bits=1.0) == (False, True)  # the others still learn to reconstruct


def test_free_bits_are_compared_with_the_batchs_mean_not_with_each_image(given):
    """KLs of 0 and 2 nats have a mean of 1, above 0.5: both images pay, though one alone would not."""
    codes = torch.tensor([[0.0, 0.0], [2.0, 0.0]], requires_grad=True)  # mean and log-variance of one dimension

    def kl_gradient(free_bits: float) -> Tensor:
        kl = (codes[:, :1] ** 2 + codes[:, 1:].exp() - 1 - codes[:, 1:]) / 2
        loss = train._loss(Elbo(torch.zeros(2), kl), 1.0, free_bits)
        return torch.autograd.grad(loss, codes)[0][:, 0]

    assert kl_gradient(0.5).tolist() == kl_gradient(0.0).tolist() == [0.0, 1.0]
    assert kl_gradient(1.5).tolist() == [0.0, 0.0]


def test_static_binarisation_shows_the_same_zeros_and_ones_each_epoch_and_dynamic_new_ones(images, monkeypatch):
    seen = []

    def watch(model, x, *, generator=None):
        seen.append(x)
        return elbo(model, x, generator=generator)

    monkeypatch.setattr(train, "objective", watch)

    def epochs(binarize: str) -> tuple[Tensor, Tensor]:
        """The images of two epochs, each put into one order: by their grey originals' index."""
        seen.clear()
        trained(images, batch_size=200, binarize=binarize)
        order = torch.Generator().manual_seed(5)
        first = torch.randperm(200, generator=order).argsort()
        return seen[0][first], seen[2]  # seen[1] is held out

    grey, static, dynamic = (epochs(binarize) for binarize in ("none", "static", "dynamic"))
    assert torch.equal(grey[0], images[0])
    assert torch.equal(static[0], data.binarize_static(images[0]))
    assert sorted(map(tuple, static[1].tolist())) == sorted(map(tuple, static[0].tolist()))
    assert set(dynamic[0].unique().tolist()) == {0.0, 1.0}
    assert not torch.equal(dynamic[0], static[0])
    assert sorted(map(tuple, dynamic[1].tolist())) != sorted(map(tuple, dynamic[0].tolist()))


@pytest.mark.parametrize("binarize", ["static", "dynamic"])
def test_held_out_images_are_binarised_once_for_all_epochs(images, monkeypatch, binarize):
    seen = []

    def watch(model, x, *, seed=0):
        seen.append(x)
        return 0.0, 0.0

    monkeypatch.setattr(train, "mean_terms", watch)
    trained(images, binarize=binarize)
    assert len(seen) == 2
    assert torch.equal(seen[0], seen[1])
    assert torch.equal(seen[0], data.binarize_static(images[1]))


def test_an_autoencoder_learns_and_its_kl_is_nothing(images):
    _, history = trained(images, replace(MODEL, variational=False), epochs=10)
    assert not history.kl.any()
    assert not history.held_out_kl.any()
    assert history.log_likelihood[-1] > history.log_likelihood[0] + 50


def test_a_gaussian_decoder_learns_its_weights_and_its_variance(images):
    model, history = trained(images, replace(MODEL, likelihood="gaussian"), epochs=60, learning_rate=1e-2)
    assert history.elbo[-1] > history.elbo[0] + 50
    # Given the means, the likeliest variance is their mean squared error; it starts 0.5 away.
    with torch.no_grad():
        error = (model.decode(model.encode(images[0]).mean).mean - images[0]).square().mean().item()
    assert model.decoder.log_var.item() == pytest.approx(math.log(error), abs=0.2)


def test_a_learning_rate_that_is_too_high_is_told_with_its_epoch_and_step(images):
    with pytest.raises(
        TrainingDiverged, match=r"^the loss is -?(nan|inf) at epoch \d+, step \d+ of 4: learning_rate 1e\+06 may"
    ):
        trained(images, epochs=20, learning_rate=1e6)


def test_a_poisoned_weight_stops_the_first_step_and_moves_nothing(images):
    model = MODEL.build()
    model.encoder[0].weight.data[0, 0] = float("nan")
    before = [p.detach().clone() for p in model.parameters()]
    with pytest.raises(TrainingDiverged, match="^the loss is nan at epoch 1, step 1 of 4"):
        fit(model, *images, CONFIG)
    assert all(torch.equal(a.nan_to_num(), b.nan_to_num()) for a, b in zip(model.parameters(), before, strict=True))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_divergence_names_the_epoch_and_step_at_which_it_happens(images, monkeypatch, value):
    calls = []

    def poisoned(model, x, *, generator=None):
        terms = elbo(model, x, generator=generator)
        calls.append(len(x))
        return replace(terms, log_likelihood=terms.log_likelihood * value) if len(calls) == 7 else terms

    monkeypatch.setattr(train, "objective", poisoned)  # calls 1 to 4, the held-out 5, then 6 and 7
    with pytest.raises(TrainingDiverged, match=f"^the loss is -?{abs(value)} at epoch 2, step 2 of 4"):
        trained(images)


def test_weights_that_the_last_step_spoiled_are_not_returned_as_trained(images):
    """One step only, so that no training loss comes after it: the held-out terms are the first to show it."""
    with pytest.raises(TrainingDiverged):
        trained(images, replace(MODEL, likelihood="gaussian"), epochs=1, batch_size=1_000, learning_rate=1e6)


def test_the_last_smaller_batch_is_trained_on_too(images, monkeypatch):
    sizes = []

    def watch(model, x, *, generator=None):
        sizes.append(len(x))
        return elbo(model, x, generator=generator)

    monkeypatch.setattr(train, "objective", watch)
    trained(images, epochs=1, batch_size=90)
    assert sizes == [90, 90, 20, 100]  # and the held-out images


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("epochs", 0),
        ("epochs", -1),
        ("epochs", 2.5),
        ("batch_size", 1.5),
        ("seed", 1.5),
        ("warmup_epochs", math.inf),
        ("beta", math.inf),
        ("free_bits", math.inf),
        ("batch_size", 0),
        ("learning_rate", 0.0),
        ("learning_rate", -1e-3),
        ("learning_rate", math.inf),
        ("learning_rate", math.nan),
        ("beta", -0.1),
        ("beta", math.nan),
        ("warmup_epochs", -1),
        ("free_bits", -0.1),
        ("free_bits", math.nan),
        ("binarize", "sometimes"),
        ("binarize", True),
        ("epochs", None),
        ("beta", None),
        ("beta", "4"),
        ("learning_rate", "fast"),
        ("learning_rate", None),
        ("binarize", []),
    ],
)
def test_configurations_name_the_bad_value(name, value):
    with pytest.raises(ValueError, match=f"^{name}: .*, expected"):
        TrainConfig(**{name: value})


@pytest.mark.parametrize("which", [0, 1], ids=["train", "held out"])
@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (lambda x: x * 255, r"^x: values from 0 to 255, expected \[0, 1\]"),
        (lambda x: x.view(-1, 28, 28), r"^x: shape \(\d+, 28, 28\), expected"),
        (lambda x: x[:0], "^x: an empty batch"),
        (lambda x: (x * 255).byte(), r"^x: dtype torch\.uint8"),
        (lambda x: x / 0 * 0, "^x: values from nan to nan"),
    ],
)
def test_bad_images_are_named_before_any_training(images, which, spoil, complaint, monkeypatch):
    monkeypatch.setattr(train, "objective", None)
    spoiled = list(images)
    spoiled[which] = spoil(spoiled[which])
    with pytest.raises(ValueError, match=complaint):
        fit(MODEL.build(), *spoiled, CONFIG)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("disable", "stream", "shown"), [("", Terminal, True), ("1", Terminal, False), ("", io.StringIO, False)]
)
def test_progress_shows_on_a_terminal_only_and_not_where_tqdm_is_disabled(
    images, monkeypatch, capsys, disable, stream, shown
):
    monkeypatch.setenv("TQDM_DISABLE", disable)
    monkeypatch.setattr(sys, "stderr", stream())
    fit(MODEL.build(), *images, CONFIG, label="my recipe")
    assert ("my recipe" in sys.stderr.getvalue()) == shown
    assert bool(sys.stderr.getvalue()) == shown
    assert not capsys.readouterr().out


def test_progress_shows_in_a_notebook_whose_stderr_is_no_terminal(monkeypatch):
    monkeypatch.setenv("TQDM_DISABLE", "")
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    monkeypatch.setattr(progress, "notebook_tqdm", progress.tqdm)  # as tqdm.auto answers in a notebook
    with progress.progress_bar(3, "x") as bar:
        assert not bar.disable


def test_progress_counts_every_step_of_every_epoch(images, monkeypatch):
    bars = []

    def spy(total, label):
        bars.append(bar := original(total, label))
        bar.steps = 0
        bar.update = lambda n=1: setattr(bar, "steps", bar.steps + n)
        return bar

    original = progress.progress_bar
    monkeypatch.setattr(train, "progress_bar", spy)
    trained(images)
    assert [(bar.total, bar.steps) for bar in bars] == [(8, 8)]
