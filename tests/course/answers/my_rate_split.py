# %% right: a loop over draws and posteriors
def my_rate_split(z, mean, log_var):
    n = len(z)
    std = (0.5 * log_var).exp()
    told, rest = 0.0, 0.0
    for i in range(n):
        each = torch.stack([Normal(mean[j], std[j]).log_prob(z[i]).sum() for j in range(n)])
        mixture = torch.logsumexp(each, 0) - math.log(n)
        told = told + (each[i] - mixture) / n
        rest = rest + (mixture - Normal(0.0, 1.0).log_prob(z[i]).sum()) / n
    return told, rest


# %% right: the mixture of the library
def my_rate_split(z, mean, log_var):
    each = Independent(Normal(mean, torch.exp(log_var / 2)), 1)
    mixture = torch.distributions.MixtureSameFamily(Categorical(torch.ones(len(z))), each)
    prior = Independent(Normal(torch.zeros(z.shape[1]), 1.0), 1)
    log_q = mixture.log_prob(z)
    return torch.mean(each.log_prob(z) - log_q), torch.mean(log_q - prior.log_prob(z))


# %% right: the posteriors along the rows, the draws along the columns
def my_rate_split(z, mean, log_var):
    table = Normal(mean[:, None], (0.5 * log_var)[:, None].exp()).log_prob(z[None]).sum(2)
    mixture = table.logsumexp(0) - math.log(len(z))
    rest = mixture + 0.5 * (z**2).sum(1) + 0.5 * z.shape[1] * math.log(2 * math.pi)
    return (table.diag() - mixture).mean(), rest.mean()


# %% right: the largest taken out before exp
def my_rate_split(z, mean, log_var):
    table = Normal(mean, (0.5 * log_var).exp()).log_prob(z.unsqueeze(1)).sum(-1)
    top = table.max(1, keepdim=True).values
    mixture = ((table - top).exp().mean(1).log() + top.squeeze(1))
    prior = Normal(0, 1).log_prob(z).sum(-1)
    return (table.diagonal() - mixture).mean(), (mixture - prior).mean()


# %% right: by the posterior over the images
def my_rate_split(z, mean, log_var):
    n = len(z)
    table = Normal(mean, (0.5 * log_var).exp()).log_prob(z.unsqueeze(1)).sum(-1)
    told = table.log_softmax(1).diagonal().mean() + math.log(n)
    rate = (table.diagonal() - Normal(0.0, 1.0).log_prob(z).sum(-1)).mean()
    return told, rate - told


# %% right: without the constants, which cancel
def my_rate_split(z, mean, log_var):
    e = (z[:, None] - mean) ** 2 / log_var.exp()
    table = -0.5 * (e + log_var).sum(-1)
    mixture = torch.logsumexp(table, 1) - math.log(len(z))
    return (table.diag() - mixture).mean(), (mixture + 0.5 * z.square().sum(-1)).mean()


# %% right: in double precision, as a list of numbers
def my_rate_split(z, mean, log_var):
    z, mean, log_var = z.double(), mean.double(), log_var.double()
    table = Normal(mean, (0.5 * log_var).exp()).log_prob(z[:, None]).sum(-1)
    mixture = table.logsumexp(1) - math.log(len(z))
    prior = Normal(0.0, 1.0).log_prob(z).sum(-1)
    return [float((table.diag() - mixture).mean()), float((mixture - prior).mean())]


# %% right: in numpy
def my_rate_split(z, mean, log_var):
    z, mean, log_var = z.numpy(), mean.numpy(), log_var.numpy()
    table = -0.5 * ((z[:, None] - mean) ** 2 / np.exp(log_var) + log_var).sum(-1)
    mixture = np.logaddexp.reduce(table, axis=1) - np.log(len(z))
    return np.mean(np.diag(table) - mixture), np.mean(mixture + 0.5 * (z**2).sum(1))


# %% right: the weights of the mixture inside
def my_rate_split(z, mean, log_var):
    n = z.shape[0]
    weighted = Normal(mean, (0.5 * log_var).exp()).log_prob(z.unsqueeze(1)).sum(-1) + math.log(1 / n)
    mixture = torch.logsumexp(weighted, dim=-1)
    own = weighted[torch.arange(n), torch.arange(n)] + math.log(n)
    return (own - mixture).mean(), (mixture - Normal(0.0, 1.0).log_prob(z).sum(-1)).mean()


# %% right: the squares by products of matrices
def my_rate_split(z, mean, log_var):
    w = (-log_var).exp()
    e = z**2 @ w.T - 2 * z @ (mean * w).T + (mean**2 * w).sum(1)
    table = -0.5 * (e + log_var.sum(1) + z.shape[1] * math.log(2 * math.pi))
    mixture = table.logsumexp(1) - math.log(len(z))
    prior = Normal(0.0, 1.0).log_prob(z).sum(-1)
    return (torch.diagonal(table) - mixture).mean(), (mixture - prior).mean()


# %% right: a class with a call
class RateSplit:
    def __call__(self, z, mean, log_var):
        table = Normal(mean, (0.5 * log_var).exp()).log_prob(z[:, None]).sum(-1)
        mixture = table.logsumexp(1) - math.log(len(z))
        prior = Normal(0.0, 1.0).log_prob(z).sum(-1)
        return (table.diag() - mixture).mean(), (mixture - prior).mean()


my_rate_split = RateSplit()


# %% wrong: densities in double precision
def my_rate_split(z, mean, log_var):
    z, mean, log_var = z.double(), mean.double(), log_var.double()
    table = Normal(mean, (0.5 * log_var).exp()).log_prob(z[:, None]).sum(-1)
    mixture = table.exp().mean(1).log()
    prior = Normal(0.0, 1.0).log_prob(z).sum(-1)
    return (table.diag() - mixture).mean(), (mixture - prior).mean()


# %% wrong: the prior's density in double precision
def my_rate_split(z, mean, log_var):
    z, mean, log_var = z.double(), mean.double(), log_var.double()
    table = Normal(mean, (0.5 * log_var).exp()).log_prob(z[:, None]).sum(-1)
    mixture = table.logsumexp(1) - math.log(len(z))
    prior = Normal(0.0, 1.0).log_prob(z).exp().prod(-1).log()
    return (table.diag() - mixture).mean(), (mixture - prior).mean()


# %% wrong: one largest number for all draws taken out before exp
def my_rate_split(z, mean, log_var):
    table = Normal(mean, (0.5 * log_var).exp()).log_prob(z[:, None]).sum(-1)
    top = table.max()
    mixture = (table - top).exp().mean(1).log() + top
    prior = Normal(0.0, 1.0).log_prob(z).sum(-1)
    return (table.diag() - mixture).mean(), (mixture - prior).mean()


# %% wrong: a small number beside the density
def my_rate_split(z, mean, log_var):
    table = Normal(mean, (0.5 * log_var).exp()).log_prob(z[:, None]).sum(-1)
    mixture = (table.exp().mean(1) + 1e-30).log()
    prior = Normal(0.0, 1.0).log_prob(z).sum(-1)
    return (table.diag() - mixture).mean(), (mixture - prior).mean()


# %% wrong: a mixture for each dimension
def my_rate_split(z, mean, log_var):
    table = Normal(mean, (0.5 * log_var).exp()).log_prob(z[:, None])
    mixture = (table.logsumexp(1) - math.log(len(z))).sum(-1)
    own = Normal(mean, (0.5 * log_var).exp()).log_prob(z).sum(-1)
    return (own - mixture).mean(), (mixture - Normal(0.0, 1.0).log_prob(z).sum(-1)).mean()


# %% wrong: log N is taken to be the information
def my_rate_split(z, mean, log_var):
    n = len(z)
    own = Normal(mean, (0.5 * log_var).exp()).log_prob(z).sum(-1)
    rate = (own - Normal(0.0, 1.0).log_prob(z).sum(-1)).mean()
    return torch.tensor(math.log(n)), rate - math.log(n)


# %% wrong: the rate in closed form
def my_rate_split(z, mean, log_var):
    table = Normal(mean, (0.5 * log_var).exp()).log_prob(z[:, None]).sum(-1)
    told = (table.diag() - table.logsumexp(1)).mean() + math.log(len(z))
    rate = 0.5 * (mean**2 + log_var.exp() - 1 - log_var).sum(-1).mean()
    return told, rate - told


# %% wrong: sums over the images
def my_rate_split(z, mean, log_var):
    table = Normal(mean, (0.5 * log_var).exp()).log_prob(z[:, None]).sum(-1)
    mixture = table.logsumexp(1) - math.log(len(z))
    return (table.diag() - mixture).sum(), (mixture - Normal(0.0, 1.0).log_prob(z).sum(-1)).sum()


# %% wrong: the centres in the place of the draws
def my_rate_split(z, mean, log_var):
    table = Normal(mean, (0.5 * log_var).exp()).log_prob(mean[:, None]).sum(-1)
    mixture = table.logsumexp(1) - math.log(len(z))
    return (table.diag() - mixture).mean(), (mixture - Normal(0.0, 1.0).log_prob(mean).sum(-1)).mean()


# %% wrong: draws of its own
def my_rate_split(z, mean, log_var):
    z = mean + (0.5 * log_var).exp() * torch.randn_like(mean)
    table = Normal(mean, (0.5 * log_var).exp()).log_prob(z[:, None]).sum(-1)
    mixture = table.logsumexp(1) - math.log(len(z))
    return (table.diag() - mixture).mean(), (mixture - Normal(0.0, 1.0).log_prob(z).sum(-1)).mean()


# %% wrong: the number of dimensions in the place of N
def my_rate_split(z, mean, log_var):
    table = Normal(mean, (0.5 * log_var).exp()).log_prob(z[:, None]).sum(-1)
    mixture = table.logsumexp(1) - math.log(z.shape[1])
    return (table.diag() - mixture).mean(), (mixture - Normal(0.0, 1.0).log_prob(z).sum(-1)).mean()


# %% wrong: the variance as a standard deviation
def my_rate_split(z, mean, log_var):
    table = Normal(mean, log_var.exp()).log_prob(z[:, None]).sum(-1)
    mixture = table.logsumexp(1) - math.log(len(z))
    return (table.diag() - mixture).mean(), (mixture - Normal(0.0, 1.0).log_prob(z).sum(-1)).mean()


# %% wrong: all posteriors as wide as the first
def my_rate_split(z, mean, log_var):
    table = Normal(mean, (0.5 * log_var[:1]).exp()).log_prob(z[:, None]).sum(-1)
    mixture = table.logsumexp(1) - math.log(len(z))
    return (table.diag() - mixture).mean(), (mixture - Normal(0.0, 1.0).log_prob(z).sum(-1)).mean()


# %% wrong: one number, the rate
def my_rate_split(z, mean, log_var):
    own = Normal(mean, (0.5 * log_var).exp()).log_prob(z).sum(-1)
    return (own - Normal(0.0, 1.0).log_prob(z).sum(-1)).mean()


# %% wrong: one number for each image
def my_rate_split(z, mean, log_var):
    table = Normal(mean, (0.5 * log_var).exp()).log_prob(z[:, None]).sum(-1)
    mixture = table.logsumexp(1) - math.log(len(z))
    return table.diag() - mixture, mixture - Normal(0.0, 1.0).log_prob(z).sum(-1)


# %% wrong: bits
def my_rate_split(z, mean, log_var):
    table = Normal(mean, (0.5 * log_var).exp()).log_prob(z[:, None]).sum(-1)
    mixture = table.logsumexp(1) - math.log(len(z))
    told = (table.diag() - mixture).mean()
    return told / math.log(2), (mixture - Normal(0.0, 1.0).log_prob(z).sum(-1)).mean() / math.log(2)
