# %% right: the variance over N, not over N - 1
def my_collapse_report(mean, log_var):
    kl = -0.5 * (1 + log_var - mean**2 - log_var.exp())
    return kl.mean(dim=0), mean.var(dim=0, unbiased=False) > 0.01


# %% right: the threshold counts in
def my_collapse_report(mean, log_var):
    kl = 0.5 * (mean**2 + log_var.exp() - 1 - log_var)
    return kl.sum(0) / len(kl), mean.var(0) >= 0.01


# %% right: the standard deviation against 0.1
def my_collapse_report(mean, log_var):
    kl = (mean.square() + torch.exp(log_var) - log_var - 1) / 2
    return torch.einsum("nd->d", kl) / kl.shape[0], mean.std(0) > 0.1


# %% right: the variance by its moments
def my_collapse_report(mean, log_var):
    kl = 0.5 * (mean**2 + log_var.exp() - 1 - log_var).mean(0)
    return kl, (mean**2).mean(0) - mean.mean(0) ** 2 > 0.01


# %% right: in numpy
def my_collapse_report(mean, log_var):
    m, v = mean.numpy(), log_var.numpy()
    kl = np.mean(0.5 * (m**2 + np.exp(v) - 1 - v), axis=0)
    return torch.from_numpy(kl), torch.from_numpy(np.var(m, axis=0) > 0.01)


# %% right: unit by unit
def my_collapse_report(mean, log_var):
    kls, active = [], []
    for d in range(mean.shape[1]):
        m, v = mean[:, d], log_var[:, d]
        kls.append(float((0.5 * (m * m + v.exp() - 1 - v)).mean()))
        active.append(bool(torch.var(m) > 0.01))
    return torch.tensor(kls), torch.tensor(active)


# %% right: a list of two
def my_collapse_report(mean, log_var):
    kl = 0.5 * (mean**2 + log_var.exp() - 1 - log_var)
    return [kl.mean(0), torch.gt(mean.var(0), 0.01)]


# %% right: the diagonal of the covariance
def my_collapse_report(mean, log_var):
    std = (0.5 * log_var).exp()
    kl = (-std.log() + (std**2 + mean**2) / 2 - 0.5).mean(0)
    return kl, torch.cov(mean.T).diagonal() > 1e-2


# %% right: in double precision
def my_collapse_report(mean, log_var):
    m, v = mean.double(), log_var.double()
    centred = m - m.mean(0, keepdim=True)
    return (0.5 * (m**2 + v.exp() - 1 - v)).mean(0), (centred**2).mean(0).gt(0.01)


# %% right: changes its own input on the way
def my_collapse_report(mean, log_var):
    active = mean.var(0) > 0.01
    log_var -= 0
    mean.pow_(2).add_(log_var.exp()).sub_(1).sub_(log_var)
    return mean.mean(0) / 2, active


# %% right: a named tuple
from collections import namedtuple

Report = namedtuple("Report", "kl active")


def my_collapse_report(mean, log_var):
    kl = 0.5 * (mean**2 + log_var.exp() - 1 - log_var)
    return Report(kl=kl.mean(0), active=mean.var(0) > 0.01)


# %% right: not a small one
def my_collapse_report(mean, log_var):
    kl = 0.5 * (mean**2 + log_var.exp() - 1 - log_var)
    return kl.mean(0), ~(mean.var(0) <= 0.01)


# %% wrong: a hundredth of the largest variance
def my_collapse_report(mean, log_var):
    v = mean.var(0)
    return 0.5 * (mean**2 + log_var.exp() - 1 - log_var).mean(0), v > 0.01 * v.max()


# %% wrong: a hundredth of all variance
def my_collapse_report(mean, log_var):
    v = mean.var(0)
    return 0.5 * (mean**2 + log_var.exp() - 1 - log_var).mean(0), v / v.sum() > 0.01


# %% wrong: a threshold of 0.02
def my_collapse_report(mean, log_var):
    return 0.5 * (mean**2 + log_var.exp() - 1 - log_var).mean(0), mean.var(0) > 0.02


# %% wrong: a threshold of 0.005
def my_collapse_report(mean, log_var):
    return 0.5 * (mean**2 + log_var.exp() - 1 - log_var).mean(0), mean.var(0) > 0.005


# %% wrong: half the variance
def my_collapse_report(mean, log_var):
    return 0.5 * (mean**2 + log_var.exp() - 1 - log_var).mean(0), 0.5 * mean.var(0) > 0.01


# %% wrong: the first 50 images
def my_collapse_report(mean, log_var):
    return 0.5 * (mean**2 + log_var.exp() - 1 - log_var).mean(0), mean[:50].var(0) > 0.01


# %% wrong: the last 50 images
def my_collapse_report(mean, log_var):
    return 0.5 * (mean**2 + log_var.exp() - 1 - log_var).mean(0), mean[-50:].var(0) > 0.01


# %% wrong: every unit
def my_collapse_report(mean, log_var):
    kl = 0.5 * (mean**2 + log_var.exp() - 1 - log_var).mean(0)
    return kl, torch.ones_like(kl, dtype=torch.bool)


# %% wrong: no unit
def my_collapse_report(mean, log_var):
    kl = 0.5 * (mean**2 + log_var.exp() - 1 - log_var).mean(0)
    return kl, torch.zeros(len(kl), dtype=torch.bool)


# %% wrong: narrow posteriors
def my_collapse_report(mean, log_var):
    return 0.5 * (mean**2 + log_var.exp() - 1 - log_var).mean(0), log_var.exp().mean(0) < 0.5


# %% wrong: posteriors narrower than the prior by a hundredth
def my_collapse_report(mean, log_var):
    return 0.5 * (mean**2 + log_var.exp() - 1 - log_var).mean(0), 1 - log_var.exp().mean(0) > 0.01


# %% wrong: the share of the aggregate's variance
def my_collapse_report(mean, log_var):
    v = mean.var(0)
    return 0.5 * (mean**2 + log_var.exp() - 1 - log_var).mean(0), v / (v + log_var.exp().mean(0)) > 0.01


# %% wrong: both a KL and a variance above the threshold
def my_collapse_report(mean, log_var):
    kl = 0.5 * (mean**2 + log_var.exp() - 1 - log_var).mean(0)
    return kl, (kl > 0.01) & (mean.var(0) > 0.01)


# %% wrong: the mean size of the means
def my_collapse_report(mean, log_var):
    return 0.5 * (mean**2 + log_var.exp() - 1 - log_var).mean(0), mean.abs().mean(0) > 0.1


# %% wrong: one variance for all units
def my_collapse_report(mean, log_var):
    kl = 0.5 * (mean**2 + log_var.exp() - 1 - log_var).mean(0)
    return kl, (mean.var() > 0.01).expand(len(kl))


# %% wrong: the range of the means
def my_collapse_report(mean, log_var):
    return 0.5 * (mean**2 + log_var.exp() - 1 - log_var).mean(0), mean.amax(0) - mean.amin(0) > 0.5


# %% wrong: numbers of 0 and 1
def my_collapse_report(mean, log_var):
    return 0.5 * (mean**2 + log_var.exp() - 1 - log_var).mean(0), (mean.var(0) > 0.01).float()


# %% wrong: the indices of the active units
def my_collapse_report(mean, log_var):
    return 0.5 * (mean**2 + log_var.exp() - 1 - log_var).mean(0), torch.nonzero(mean.var(0) > 0.01).flatten()


# %% wrong: in bits
def my_collapse_report(mean, log_var):
    return 0.5 * (mean**2 + log_var.exp() - 1 - log_var).mean(0) / math.log(2), mean.var(0) > 0.01


# %% wrong: the median over the images
def my_collapse_report(mean, log_var):
    return 0.5 * (mean**2 + log_var.exp() - 1 - log_var).median(0).values, mean.var(0) > 0.01


# %% wrong: the wrong way round in the KL
def my_collapse_report(mean, log_var):
    kl = 0.5 * ((1 + mean**2) / log_var.exp() - 1 + log_var).mean(0)
    return kl, mean.var(0) > 0.01


# %% wrong: in the wrong order
def my_collapse_report(mean, log_var):
    return mean.var(0) > 0.01, 0.5 * (mean**2 + log_var.exp() - 1 - log_var).mean(0)


# %% wrong: every unit whose mean moves at all
def my_collapse_report(mean, log_var):
    kl = 0.5 * (mean**2 + log_var.exp() - 1 - log_var).mean(0)
    return kl, mean.var(0) > 0


# %% wrong: a hundredth of the median variance
def my_collapse_report(mean, log_var):
    kl = 0.5 * (mean**2 + log_var.exp() - 1 - log_var).mean(0)
    return kl, mean.var(0) > 0.01 * mean.var(0).median()
