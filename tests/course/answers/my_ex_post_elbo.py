# %% right: by the formula
def my_ex_post_elbo(log_likelihood, log_prior, z, code, s):
    d = z.shape[1]
    log_q = -((z - code) ** 2).sum(1) / (2 * s**2) - d * math.log(s) - 0.5 * d * math.log(2 * math.pi)
    return log_likelihood + log_prior - log_q


# %% right: from the noise that was drawn
def my_ex_post_elbo(log_likelihood, log_prior, z, code, s):
    eps = (z - code) / s
    return log_likelihood + log_prior + Normal(0.0, s).entropy() * z.shape[1] + 0.5 * (eps**2 - 1).sum(-1)


# %% right: the density read the other way round
def my_ex_post_elbo(log_likelihood, log_prior, z, code, s):
    return log_likelihood + log_prior - Normal(z, s).log_prob(code).sum(dim=-1)


# %% right: a joint distribution
def my_ex_post_elbo(log_likelihood, log_prior, z, code, s):
    q = torch.distributions.MultivariateNormal(code, s**2 * torch.eye(code.shape[1]))
    return log_likelihood - (q.log_prob(z) - log_prior)


# %% right: independent dimensions of the library
def my_ex_post_elbo(log_likelihood, log_prior, z, code, s):
    q = Independent(Normal(loc=code, scale=torch.tensor(s)), 1)
    return torch.stack([log_likelihood, log_prior, -q.log_prob(z)]).sum(0)


# %% right: the library's Gaussian loss, with its constant
def my_ex_post_elbo(log_likelihood, log_prior, z, code, s):
    nll = F.gaussian_nll_loss(code, z, torch.full_like(z, s**2), full=True, reduction="none").sum(-1)
    return log_likelihood + log_prior + nll


# %% right: image by image, dimension by dimension
def my_ex_post_elbo(log_likelihood, log_prior, z, code, s):
    out = []
    for i in range(len(z)):
        log_q = 0.0
        for a, b in zip(z[i].tolist(), code[i].tolist()):
            log_q += -0.5 * ((a - b) / s) ** 2 - math.log(s * math.sqrt(2 * math.pi))
        out.append(log_likelihood[i] + log_prior[i] - log_q)
    return torch.stack(out)


# %% right: in numpy
def my_ex_post_elbo(log_likelihood, log_prior, z, code, s):
    e = (z.numpy() - code.numpy()) / s
    log_q = np.einsum("bd,bd->b", e, e) * -0.5 - z.shape[-1] * np.log(s * np.sqrt(2 * np.pi))
    return log_likelihood + log_prior - torch.from_numpy(log_q)


# %% right: in place on its own tensor
def my_ex_post_elbo(log_likelihood, log_prior, z, code, s):
    total = log_likelihood.clone()
    total += log_prior
    total += (0.5 * ((z - code) / s).square() + math.log(s) + 0.5 * math.log(math.tau)).sum(-1)
    return total


# %% right: densities multiplied in double precision
def my_ex_post_elbo(log_likelihood, log_prior, z, code, s):
    q = Normal(code.double(), s).log_prob(z.double()).exp().prod(-1)
    return (log_likelihood + log_prior - q.log()).float()


# %% right: with broadcast terms
def my_ex_post_elbo(log_likelihood, log_prior, z, code, s):
    q = Normal(code, s)
    both = (log_likelihood + log_prior)[:, None] / z.shape[-1]
    return (both - q.log_prob(z)).sum(-1)


# %% wrong: constants of the prior's size cancelled
def my_ex_post_elbo(log_likelihood, log_prior, z, code, s):
    return log_likelihood + log_prior + 0.5 * ((z - code) ** 2).sum(1) / s**2 + z.shape[1] * math.log(s)


# %% wrong: q's entropy
def my_ex_post_elbo(log_likelihood, log_prior, z, code, s):
    return log_likelihood + log_prior + Normal(code, s).entropy().sum(-1)


# %% wrong: q of width 1
def my_ex_post_elbo(log_likelihood, log_prior, z, code, s):
    return log_likelihood + log_prior - Normal(code, 1.0).log_prob(z).sum(-1)


# %% wrong: q around 0
def my_ex_post_elbo(log_likelihood, log_prior, z, code, s):
    return log_likelihood + log_prior - Normal(torch.zeros_like(code), s).log_prob(z).sum(-1)


# %% wrong: q at its own centre
def my_ex_post_elbo(log_likelihood, log_prior, z, code, s):
    return log_likelihood + log_prior - Normal(code, s).log_prob(code).sum(-1)


# %% wrong: over the batch
def my_ex_post_elbo(log_likelihood, log_prior, z, code, s):
    return log_likelihood + log_prior - Normal(code, s).log_prob(z).sum()


# %% wrong: the noise's second half left out
def my_ex_post_elbo(log_likelihood, log_prior, z, code, s):
    log_q = Normal(code, s).log_prob(z)
    return log_likelihood + log_prior - log_q[:, :3].sum(-1)


# %% wrong: squared distance over s, not s squared
def my_ex_post_elbo(log_likelihood, log_prior, z, code, s):
    d = z.shape[1]
    log_q = -0.5 * ((z - code) ** 2).sum(1) / s - d * math.log(s) - 0.5 * d * math.log(2 * math.pi)
    return log_likelihood + log_prior - log_q


# %% wrong: log of s squared
def my_ex_post_elbo(log_likelihood, log_prior, z, code, s):
    d = z.shape[1]
    log_q = -0.5 * ((z - code) ** 2).sum(1) / s**2 - d * math.log(s**2) - 0.5 * d * math.log(2 * math.pi)
    return log_likelihood + log_prior - log_q


# %% wrong: the batch counted for the dimensions
def my_ex_post_elbo(log_likelihood, log_prior, z, code, s):
    d = z.shape[0]
    log_q = -0.5 * ((z - code) ** 2).sum(1) / s**2 - d * math.log(s) - 0.5 * d * math.log(2 * math.pi)
    return log_likelihood + log_prior - log_q


# %% wrong: the fitted density is not used
def my_ex_post_elbo(log_likelihood, log_prior, z, code, s):
    return log_likelihood - Normal(code, s).log_prob(z).sum(-1)


# %% wrong: densities multiplied in single precision
def my_ex_post_elbo(log_likelihood, log_prior, z, code, s):
    return log_likelihood + log_prior - torch.prod(Normal(code, s).log_prob(z).exp(), dim=1).log()


# %% wrong: the reconstruction alone
def my_ex_post_elbo(log_likelihood, log_prior, z, code, s):
    return log_likelihood


# %% wrong: one column too many
def my_ex_post_elbo(log_likelihood, log_prior, z, code, s):
    return log_likelihood + log_prior - Normal(code, s).log_prob(z).sum(-1, keepdim=True)


# %% wrong: the importance weight, not its logarithm
def my_ex_post_elbo(log_likelihood, log_prior, z, code, s):
    return (log_likelihood + log_prior - Normal(code, s).log_prob(z).sum(-1)).exp()
