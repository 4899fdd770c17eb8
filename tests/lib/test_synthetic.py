"""Synthetic digits: what they promise about seeds, latents and pictures."""

import pytest
import torch
from torch import Tensor

from vae_lib.synthetic import LATENTS, POINTS, RANGES, render, sample

TYPICAL = {"slant": 0.15, "width": 1.0, "thickness": 2.5, "size": 16.0, "shift_x": 0.0, "shift_y": 0.0}
CLASSES = torch.arange(10)


def latents(n: int = 10, **changed: float | Tensor) -> Tensor:
    """n rows of typical latents, save for the changed columns."""
    columns = [torch.as_tensor((TYPICAL | changed)[name], dtype=torch.float32).expand(n) for name in LATENTS]
    return torch.stack(columns, 1)


def slants(images: Tensor) -> Tensor:
    """Slant of each picture, from the second moments of its ink: a shear by s has E[xy] = -s E[yy], y downwards."""
    images = images.view(-1, 28, 28)
    mass = images.sum((1, 2))
    pixel = torch.arange(28.0)
    y = pixel - (images.sum(2) @ pixel / mass)[:, None]
    x = pixel - (images.sum(1) @ pixel / mass)[:, None]
    return torch.atan(-torch.einsum("nij,ni,nj->n", images, y, x) / torch.einsum("nij,ni,ni->n", images, y, y))


@pytest.fixture(scope="module")
def digits():
    return sample(2000, seed=0)


def test_shapes_types_and_ranges(digits):
    assert digits.images.shape == (2000, 784) and digits.images.dtype == torch.float32
    assert digits.labels.shape == (2000,) and digits.labels.dtype == torch.int64
    assert digits.latents.shape == (2000, 6) and digits.latents.dtype == torch.float32
    assert digits.wobble.shape == (2000, POINTS, 2) and digits.wobble.dtype == torch.float32
    assert digits.images.min() == 0 and digits.images.max() == 1
    assert torch.bincount(digits.labels, minlength=10).min() > 150
    low, high = torch.tensor([RANGES[name] for name in LATENTS]).T
    # 2000 uniform draws come close to either end and never pass it.
    torch.testing.assert_close(digits.latents.amin(0), low, atol=0.05, rtol=0)
    torch.testing.assert_close(digits.latents.amax(0), high, atol=0.05, rtol=0)
    assert ((digits.latents >= low) & (digits.latents <= high)).all()


def test_seed_decides_the_digits(digits):
    again, other = sample(2000, seed=0), sample(2000, seed=1)
    for name in ("images", "labels", "latents", "wobble"):
        assert torch.equal(getattr(digits, name), getattr(again, name))
        assert not torch.equal(getattr(digits, name), getattr(other, name))


def test_digits_depend_on_no_global_state(digits):
    state = torch.get_rng_state()
    torch.set_default_dtype(torch.float64)
    try:
        again = sample(2000, seed=0)
    finally:
        torch.set_default_dtype(torch.float32)
    assert torch.equal(again.images, digits.images) and again.images.dtype == torch.float32
    assert torch.equal(torch.get_rng_state(), state)


def test_known_causes_draw_the_same_pictures(digits):
    assert torch.equal(render(digits.labels, digits.latents, digits.wobble), digits.images)


def test_no_wobble_is_a_wobble_of_zero():
    assert torch.equal(render(CLASSES, latents()), render(CLASSES, latents(), torch.zeros(10, POINTS, 2)))


def test_chunks_do_not_show(digits):
    causes = digits.labels, digits.latents, digits.wobble
    parts = [render(*part) for part in zip(*(cause.split([1, 300, 1699]) for cause in causes), strict=True)]
    torch.testing.assert_close(torch.cat(parts), digits.images, atol=1e-5, rtol=0)


@pytest.mark.parametrize(("right", "down"), [(2, 0), (0, 2), (-1, 1)])
def test_shift_by_whole_pixels_rolls_the_picture(right, down):
    small = {"size": 12.0}  # so that no ink meets the border
    still = render(CLASSES, latents(**small)).view(10, 28, 28)
    moved = render(CLASSES, latents(**small, shift_x=right, shift_y=down)).view(10, 28, 28)
    torch.testing.assert_close(moved, torch.roll(still, (down, right), (1, 2)), atol=1e-3, rtol=0)


def test_unshifted_ink_is_centred():
    images = render(CLASSES, latents()).view(10, 28, 28)
    offset = torch.arange(28.0) - 13.5
    for axis in (1, 2):
        assert (images.sum(axis) @ offset / images.sum((1, 2))).abs().max() < 0.6  # ink is shared where strokes overlap


def test_thickness_raises_ink():
    thickness = torch.linspace(*RANGES["thickness"], 20)
    for label in CLASSES:
        ink = render(label.expand(20), latents(20, thickness=thickness)).sum(1)
        assert (ink.diff() > 0).all()


@pytest.mark.parametrize("thickness", [1.6, 2.5, 3.8])
@pytest.mark.parametrize("size", [12.0, 16.0])
def test_thickness_and_size_measure_an_upright_line(thickness, size):
    """Mean over a pixel's worth of shifts, so that the grid's phase cancels."""
    shift = torch.arange(16) / 16
    causes = {"slant": 0.0, "thickness": thickness, "size": size, "shift_x": shift}
    ones = render(torch.ones(16, dtype=torch.int64), latents(16, **causes)).view(16, 28, 28)
    assert ones[:, 14].sum(1).mean().item() == pytest.approx(thickness, abs=0.02)
    # Ink covers the path and less than half a thickness beyond each end, where it tapers by up to a pixel or so.
    ink = ones.sum((1, 2)).mean().item() / thickness
    assert size + thickness - 2.6 < ink < size + thickness


def test_width_stretches_sideways_only():
    narrow, wide = (render(CLASSES, latents(slant=0.0, width=width)).view(10, 28, 28) for width in (0.8, 1.4))
    columns, rows = ([(images.amax(axis) > 0.5).sum(1) for images in (narrow, wide)] for axis in (1, 2))
    assert (columns[1] > columns[0])[CLASSES != 1].all()  # a 1 has no width to stretch
    assert ((rows[1] - rows[0]).abs() <= 1).all()


def test_slant_shows_in_second_moments(digits):
    steady = slants(render(digits.labels, digits.latents))
    for images_slant, least in ((steady, 0.98), (slants(digits.images), 0.8)):  # wobble also tilts a digit a little
        for label in CLASSES:
            known = digits.latents[digits.labels == label, 0]
            assert torch.corrcoef(torch.stack([images_slant[digits.labels == label], known]))[0, 1] > least


def test_wobble_moves_control_points():
    """A 1 is upright with control points top, middle and bottom: moving the ends apart sideways must slant it."""
    wobble = torch.zeros(1, POINTS, 2)
    wobble[0, 0, 0], wobble[0, 2, 0] = 0.1, -0.1
    one = torch.ones(1, dtype=torch.int64)
    slanted = render(one, latents(1, slant=torch.tensor(0.2).atan()))
    torch.testing.assert_close(render(one, latents(1, slant=0.0), wobble), slanted, atol=1e-4, rtol=0)


def test_wobble_keeps_joined_strokes_joined():
    """A 0 is one closed curve: however it wobbles, no ink path leads from the border to its middle."""
    wobble = 0.08 * torch.randn(50, POINTS, 2, generator=torch.Generator().manual_seed(0))
    images = render(torch.zeros(50, dtype=torch.int64), latents(50, thickness=3.5), wobble).view(50, 28, 28)
    paper = (images < 0.5).float()[:, None]
    outside = torch.zeros_like(paper)
    outside[:, :, 0] = 1
    for _ in range(60):  # flood the paper from the top row
        outside = torch.nn.functional.max_pool2d(outside, 3, 1, 1) * paper
    assert outside[:, 0, 13:15, 13:15].max() == 0


def test_another_seeds_digits_can_be_read(digits):
    test = sample(1000, seed=1)
    nearest = torch.cdist(test.images, digits.images).argmin(1)
    assert (digits.labels[nearest] == test.labels).float().mean() > 0.95


def test_digits_weigh_as_much_as_mnist(digits):
    assert digits.images.mean() == pytest.approx(0.131, abs=0.01)  # MNIST's training images: 0.1307
    border = torch.ones(28, 28, dtype=torch.bool)
    border[1:-1, 1:-1] = False
    assert (digits.images[:, border.flatten()].amax(1) > 0.5).float().mean() < 0.02  # hardly any ink is cut off


def nan_in(shape: tuple[int, ...]) -> Tensor:
    return torch.full(shape, float("nan"))


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("labels", {"labels": CLASSES.float()}),
        ("labels", {"labels": CLASSES[None]}),
        ("labels", {"labels": CLASSES[:0], "latents": latents(0)}),
        ("labels", {"labels": CLASSES + 1}),
        ("labels", {"labels": CLASSES - 1}),
        ("latents", {"latents": latents(9)}),
        ("latents", {"latents": latents()[:, :5]}),
        ("latents", {"latents": latents().long()}),
        ("latents", {"latents": nan_in((10, 6))}),
        ("latents", {"latents": latents(slant=float("inf"))}),
        ("latents", {"latents": latents(size=0.0)}),
        ("wobble", {"wobble": torch.zeros(10, POINTS, 3)}),
        ("wobble", {"wobble": torch.zeros(10, POINTS, 2, dtype=torch.int64)}),
        ("wobble", {"wobble": nan_in((10, POINTS, 2))}),
    ],
)
def test_render_names_bad_input(name, changed):
    with pytest.raises(ValueError, match=f"^{name}: got .*, expected "):
        render(**({"labels": CLASSES, "latents": latents()} | changed))


@pytest.mark.parametrize(("name", "changed"), [("n", {"n": 0}), ("n", {"n": 2.0}), ("seed", {"seed": None})])
def test_sample_names_bad_input(name, changed):
    with pytest.raises(ValueError, match=f"^{name}: got .*, expected "):
        sample(**({"n": 1, "seed": 0} | changed))
