# %% right: with einsum, and ones subtracted
def my_kl(mean, log_var):
    terms = mean.pow(2) + log_var.exp() - log_var - torch.ones_like(mean)
    return torch.einsum("bd->b", terms) / 2


# %% right: the form of public code, with the sum over dim=1
def my_kl(mean, log_var):
    return -0.5 * torch.sum(1 + log_var - mean**2 - log_var.exp(), dim=1)


# %% right: two loops over numbers
def my_kl(mean, log_var):
    found = []
    for m_row, v_row in zip(mean.tolist(), log_var.tolist()):
        total = 0.0
        for m, v in zip(m_row, v_row):
            total += (m * m + math.exp(v) - 1 - v) / 2
        found.append(total)
    return torch.tensor(found)


# %% right: numpy in double precision, and back
def my_kl(mean, log_var):
    m, v = mean.numpy().astype(np.float64), log_var.numpy().astype(np.float64)
    return torch.from_numpy(0.5 * (m**2 + np.exp(v) - 1 - v).sum(axis=1)).float()


# %% right: vmap over one example's divergence
def my_kl(mean, log_var):
    def one(m, v):
        return 0.5 * (m @ m + v.exp().sum() - v.sum() - len(m))

    return torch.vmap(one)(mean, log_var)


# %% right: the general formula of two Gaussians, with the prior's parameters filled in
def my_kl(mean, log_var):
    return gaussian_kl(mean, log_var, torch.zeros_like(mean), torch.zeros_like(log_var))


def gaussian_kl(m1, v1, m2, v2):
    return (0.5 * (v2 - v1 + ((v1.exp() + (m1 - m2) ** 2) / v2.exp()) - 1)).sum(dim=-1)


# %% right: the trace and the determinant of full matrices
def my_kl(mean, log_var):
    covariance = torch.diag_embed(log_var.exp())
    trace = covariance.diagonal(dim1=-2, dim2=-1).sum(-1)
    return 0.5 * (trace + (mean * mean).sum(-1) - mean.size(1) - log_var.sum(-1))


# %% right: entropy and cross-entropy, whose constants cancel
def my_kl(mean, log_var):
    log_2pi = math.log(2 * math.pi)
    entropy = 0.5 * (log_var + 1 + log_2pi).sum(1)
    cross = 0.5 * (mean.square() + log_var.exp() + log_2pi).sum(1)
    return cross - entropy


# %% right: in place, on tensors of its own
def my_kl(mean, log_var):
    total = mean.clone()
    total *= mean
    total += torch.exp(log_var)
    total -= log_var
    total -= 1
    return total.sum(1).mul_(0.5)


# %% right: with the standard deviation, and keyword arguments
def my_kl(mean, log_var, *, base=1.0):
    std = torch.sqrt(torch.exp(log_var))
    return torch.sum(input=0.5 * (std**2 + mean**2 - base) - std.log(), dim=-1)


# %% right: by recursion over the dimensions
def my_kl(mean, log_var):
    if mean.shape[1] == 0:
        return torch.zeros(len(mean))
    m, v = mean[:, 0], log_var[:, 0]
    return (m**2 + torch.expm1(v) - v) / 2 + my_kl(mean[:, 1:], log_var[:, 1:])


# %% right: under no_grad, which the question allows
@torch.no_grad()
def my_kl(mean, log_var):
    return 0.5 * (mean**2 + log_var.exp() - 1 - log_var).sum(-1)


# %% right: with a default and a doctest's worth of asserts
def my_kl(mean, log_var, prior_var=1.0):
    assert mean.shape == log_var.shape, "shapes"
    kl = 0.5 * ((mean**2 + log_var.exp()) / prior_var - 1 - log_var).sum(dim=-1)
    assert (kl > -1e-3).all()
    return kl


# %% wrong: the mean over the latents, the commonest fault of public code
def my_kl(mean, log_var):
    return -0.5 * torch.mean(1 + log_var - mean**2 - log_var.exp(), dim=1)


# %% wrong: the mean over everything, repeated for each example
def my_kl(mean, log_var):
    return (-0.5 * torch.mean(1 + log_var - mean**2 - log_var.exp())).repeat(len(mean))


# %% wrong: the sum of the batch, divided by the batch, for each example
def my_kl(mean, log_var):
    total = -0.5 * torch.sum(1 + log_var - mean.pow(2) - log_var.exp())
    return torch.full((len(mean),), float(total / len(mean)))


# %% wrong: the log-variance kept within ±10
def my_kl(mean, log_var):
    log_var = log_var.clamp(-10, 10)
    return 0.5 * (mean**2 + log_var.exp() - 1 - log_var).sum(-1)


# %% wrong: the log-variance kept within −30 and 20
def my_kl(mean, log_var):
    log_var = torch.clamp(log_var, -30.0, 20.0)
    return 0.5 * (mean**2 + log_var.exp() - 1 - log_var).sum(-1)


# %% wrong: a small number added to the standard deviation, whose logarithm is taken
def my_kl(mean, log_var):
    std = torch.exp(0.5 * log_var) + 1e-6
    return (0.5 * (mean**2 + std**2 - 1) - torch.log(std)).sum(-1)


# %% wrong: a softplus where the exponential belongs
def my_kl(mean, log_var):
    return 0.5 * (mean**2 + F.softplus(log_var) - 1 - log_var).sum(-1)


# %% wrong: one draw's estimate
def my_kl(mean, log_var):
    q = Normal(mean, (0.5 * log_var).exp())
    z = q.sample()
    return (q.log_prob(z) - Normal(0.0, 1.0).log_prob(z)).sum(-1)


# %% wrong: the divergence from a prior as wide as q
def my_kl(mean, log_var):
    return 0.5 * (mean**2 / log_var.exp()).sum(-1)


# %% wrong: the sum of both directions, halved
def my_kl(mean, log_var):
    var = log_var.exp()
    return 0.25 * (mean**2 + var - 1 - log_var + (1 + mean**2) / var - 1 + log_var).sum(-1)


# %% wrong: the exponential by its first terms, right for log-variances near zero
def my_kl(mean, log_var):
    return 0.5 * (mean**2 + log_var**2 / 2 + log_var**3 / 6).sum(-1)


# %% wrong: only the first three dimensions
def my_kl(mean, log_var):
    return 0.5 * (mean**2 + log_var.exp() - 1 - log_var)[:, :3].sum(-1)


# %% wrong: free bits slipped in
def my_kl(mean, log_var):
    return 0.5 * (mean**2 + log_var.exp() - 1 - log_var).clamp(min=0.5).sum(-1)


# %% wrong: half precision in between, which overflows
def my_kl(mean, log_var):
    m, v = mean.half(), log_var.half()
    return (0.5 * (m**2 + v.exp() - 1 - v)).sum(-1).float()


# %% wrong: absolute values for squares
def my_kl(mean, log_var):
    return 0.5 * (mean.abs() + log_var.exp() - 1 - log_var).sum(-1)


# %% wrong: a list of tensors of one number, not a tensor
def my_kl(mean, log_var):
    return list(0.5 * (mean**2 + log_var.exp() - 1 - log_var).sum(-1, keepdim=True))


# %% right: a module, whose object is called
class GaussianKL(nn.Module):
    def forward(self, mean, log_var):
        return -0.5 * (1 + log_var - mean**2 - log_var.exp()).sum(dim=-1)


my_kl = GaussianKL()


# %% right: a partial of a function of two Gaussians
from functools import partial


def between(mean, log_var, prior_mean, prior_log_var):
    ratio = (log_var - prior_log_var).exp()
    away = (mean - prior_mean) ** 2 / math.exp(prior_log_var)
    return 0.5 * (ratio + away - 1 - log_var + prior_log_var).sum(-1)


my_kl = partial(between, prior_mean=0.0, prior_log_var=0.0)


# %% right: a method of an object
class Prior:
    def __init__(self, var):
        self.var = var

    def kl_from(self, mean, log_var):
        return 0.5 * ((mean**2 + log_var.exp()) / self.var - 1 - log_var + math.log(self.var)).sum(-1)


my_kl = Prior(1.0).kl_from


# %% right: a lambda
my_kl = lambda mean, log_var: 0.5 * torch.sum(mean**2 + log_var.exp() - log_var - 1, 1)


# %% wrong: a module that takes the mean over the latents
class GaussianKL(nn.Module):
    def forward(self, mean, log_var):
        return -0.5 * (1 + log_var - mean**2 - log_var.exp()).mean(dim=-1)


my_kl = GaussianKL()
