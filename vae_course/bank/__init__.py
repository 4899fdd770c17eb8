"""Every exercise of the book that `check` knows, by the name of its function; one module a chapter."""

from vae_course.checking.exercise import Exercise, as_delivered

with as_delivered():  # the cases are made here, whatever type the notebook has set
    from vae_course.bank import (
        autoencoder,
        elbo,
        latent_variable_models,
        mnist,
        motivation,
        rate_distortion,
        reparameterization,
    )

MODULES = (motivation, latent_variable_models, elbo, reparameterization, mnist, rate_distortion, autoencoder)
CHAPTERS = tuple(module.__name__.rpartition(".")[2] for module in MODULES)
EXERCISES: dict[str, Exercise] = {each.name: each for module in MODULES for each in module.EXERCISES}
