# %% right: the loss of public code, divided by the batch
def my_negative_elbo(logits, x, mean, log_var):
    bce = F.binary_cross_entropy_with_logits(logits, x, reduction="sum")
    kld = -0.5 * torch.sum(1 + log_var - mean.pow(2) - log_var.exp())
    return (bce + kld) / x.size(0)


# %% right: from probabilities, which are far from 0 and 1 here
def my_negative_elbo(logits, x, mean, log_var):
    recon = F.binary_cross_entropy(torch.sigmoid(logits), x, reduction="none").sum(dim=1)
    kl = -0.5 * torch.sum(1 + log_var - mean**2 - torch.exp(log_var), dim=1)
    return torch.mean(recon + kl, dim=0)


# %% right: the mean over pixels, multiplied back
def my_negative_elbo(logits, x, mean, log_var):
    recon = F.binary_cross_entropy_with_logits(logits, x) * x.shape[1]
    rate = (mean**2 + log_var.exp() - log_var - 1).mean() * mean.shape[1] / 2
    return recon + rate


# %% right: with a loss module
criterion = nn.BCEWithLogitsLoss(reduction="sum")


def my_negative_elbo(logits, x, mean, log_var):
    kl = 0.5 * (mean.square() + log_var.exp() - log_var).sum() - 0.5 * mean.numel()
    return (criterion(logits, x) + kl) / len(x)


# %% right: by softplus and einsum
def my_negative_elbo(logits, x, mean, log_var):
    distortion = F.softplus(logits).sum() - torch.einsum("bi,bi->", logits, x)
    rate = torch.einsum("bd,bd->", mean, mean) + (log_var.exp() - log_var - 1).sum()
    return distortion / x.shape[0] + rate / (2 * x.shape[0])


# %% right: image by image
def my_negative_elbo(logits, x, mean, log_var):
    total = 0.0
    for odds, image, m, v in zip(logits, x, mean, log_var):
        total = total + (F.softplus(odds) - image * odds).sum()
        total = total + sum(0.5 * (m[d] ** 2 + v[d].exp() - 1 - v[d]) for d in range(len(m)))
    return total / len(x)


# %% right: the library's distribution of the pixels
def my_negative_elbo(logits, x, mean, log_var):
    log_lik = Bernoulli(logits=logits, validate_args=False).log_prob(x).sum(-1)
    std = torch.exp(log_var / 2)
    rate = (-std.log() + (std**2 + mean**2) / 2 - 0.5).sum(-1)
    return -(log_lik - rate).mean()


# %% right: in double precision and back
def my_negative_elbo(logits, x, mean, log_var):
    l, m, v = (each.double() for each in (logits, mean, log_var))
    nats = (torch.logaddexp(l, torch.zeros_like(l)) - x * l).sum(1) + 0.5 * (m * m + v.exp() - 1 - v).sum(1)
    return nats.mean().float()


# %% right: a helper of its own, and keyword arguments
def rate(mu, logvar):
    return torch.sum(input=0.5 * (mu**2 + logvar.exp() - 1.0 - logvar), dim=-1)


def my_negative_elbo(logits, x, mean, log_var):
    d = F.binary_cross_entropy_with_logits(input=logits, target=x, reduction="none").sum(dim=-1)
    return torch.stack([d, rate(mu=mean, logvar=log_var)]).sum(0).mean()


# %% right: with the small number of public code, too small to be seen here
def my_negative_elbo(logits, x, mean, log_var):
    p = torch.sigmoid(logits)
    recon = -(x * torch.log(p + 1e-8) + (1 - x) * torch.log(1 - p + 1e-8)).sum(-1)
    return (recon + 0.5 * (mean**2 + log_var.exp() - 1 - log_var).sum(-1)).mean()


# %% right: in place on its own tensor
def my_negative_elbo(logits, x, mean, log_var):
    each = F.softplus(logits).sum(-1)
    each -= (x * logits).sum(-1)
    each += 0.5 * (mean**2 + log_var.exp() - 1 - log_var).sum(-1)
    return each.mean()


# %% right: a loss as an nn.Module
class VAELoss(nn.Module):
    def __init__(self):
        super().__init__()
        self.bce = nn.BCEWithLogitsLoss(reduction="none")

    def forward(self, logits, x, mean, log_var):
        kl = -0.5 * (1 + log_var - mean.pow(2) - log_var.exp()).sum(1)
        return (self.bce(logits, x).sum(1) + kl).mean()


my_negative_elbo = VAELoss()


# %% right: a partial
from functools import partial


def weighted(logits, x, mean, log_var, beta):
    d = F.binary_cross_entropy_with_logits(logits, x, reduction="sum")
    return (d + beta * 0.5 * (mean**2 + log_var.exp() - 1 - log_var).sum()) / len(x)


my_negative_elbo = partial(weighted, beta=1.0)


# %% wrong: the KL as a mean over everything, beside summed pixels
def my_negative_elbo(logits, x, mean, log_var):
    bce = F.binary_cross_entropy_with_logits(logits, x, reduction="sum") / x.size(0)
    return bce - 0.5 * torch.mean(1 + log_var - mean.pow(2) - log_var.exp())


# %% wrong: the same with the sum over the batch
def my_negative_elbo(logits, x, mean, log_var):
    bce = F.binary_cross_entropy(torch.sigmoid(logits), x, reduction="sum")
    return bce - 0.5 * torch.mean(1 + log_var - mean.pow(2) - log_var.exp())


# %% wrong: the default reduction, and a summed KL
def my_negative_elbo(logits, x, mean, log_var):
    bce = F.binary_cross_entropy_with_logits(logits, x)
    return bce - 0.5 * torch.sum(1 + log_var - mean.pow(2) - log_var.exp())


# %% wrong: the KL divided by the batch and 784
def my_negative_elbo(logits, x, mean, log_var):
    bce = F.binary_cross_entropy(torch.sigmoid(logits), x)
    kld = -0.5 * torch.sum(1 + log_var - mean.pow(2) - log_var.exp())
    return bce + kld / (x.size(0) * 784)


# %% wrong: everything divided by the number of pixels
def my_negative_elbo(logits, x, mean, log_var):
    bce = F.binary_cross_entropy_with_logits(logits, x, reduction="sum")
    kld = -0.5 * torch.sum(1 + log_var - mean.pow(2) - log_var.exp())
    return (bce + kld) / x.numel()


# %% wrong: the KL weight of popular repositories
def my_negative_elbo(logits, x, mean, log_var):
    bce = F.binary_cross_entropy_with_logits(logits, x)
    kld = torch.mean(-0.5 * torch.sum(1 + log_var - mean**2 - log_var.exp(), dim=1), dim=0)
    return bce + 0.00025 * kld


# %% wrong: a small weight on the rate
def my_negative_elbo(logits, x, mean, log_var, beta=1e-3):
    bce = F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(1)
    return (bce + beta * 0.5 * (mean**2 + log_var.exp() - 1 - log_var).sum(1)).mean()


# %% wrong: the batch's share of the data set as a weight
def my_negative_elbo(logits, x, mean, log_var):
    bce = F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(1)
    return (bce + 128 / 60_000 * 0.5 * (mean**2 + log_var.exp() - 1 - log_var).sum(1)).mean()


# %% wrong: the sign of the logarithm in the KL
def my_negative_elbo(logits, x, mean, log_var):
    bce = F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(1)
    return (bce - 0.5 * (1 - log_var - mean**2 - log_var.exp()).sum(1)).mean()


# %% wrong: target and output exchanged
def my_negative_elbo(logits, x, mean, log_var):
    bce = F.binary_cross_entropy_with_logits(x, logits, reduction="sum")
    kld = -0.5 * torch.sum(1 + log_var - mean.pow(2) - log_var.exp())
    return (bce + kld) / x.size(0)


# %% wrong: target and probability exchanged
def my_negative_elbo(logits, x, mean, log_var):
    bce = F.binary_cross_entropy(x, torch.sigmoid(logits), reduction="sum")
    kld = -0.5 * torch.sum(1 + log_var - mean.pow(2) - log_var.exp())
    return (bce + kld) / x.size(0)


# %% wrong: log-odds taken for probabilities
def my_negative_elbo(logits, x, mean, log_var):
    return F.binary_cross_entropy(logits, x, reduction="sum") / len(x)


# %% wrong: the mean squared error
def my_negative_elbo(logits, x, mean, log_var):
    mse = F.mse_loss(torch.sigmoid(logits), x, reduction="sum")
    return (mse - 0.5 * torch.sum(1 + log_var - mean.pow(2) - log_var.exp())) / len(x)


# %% wrong: three results, as public code returns them
def my_negative_elbo(logits, x, mean, log_var):
    bce = F.binary_cross_entropy_with_logits(logits, x, reduction="sum") / len(x)
    kld = -0.5 * torch.sum(1 + log_var - mean.pow(2) - log_var.exp()) / len(x)
    return bce + kld, bce, kld


# %% wrong: a number of Python
def my_negative_elbo(logits, x, mean, log_var):
    bce = F.binary_cross_entropy_with_logits(logits, x, reduction="sum")
    return (bce.item() + 0.5 * (mean**2 + log_var.exp() - 1 - log_var).sum().item()) / len(x)


# %% wrong: a new tensor of the right value
def my_negative_elbo(logits, x, mean, log_var):
    bce = F.binary_cross_entropy_with_logits(logits, x, reduction="sum")
    return torch.tensor((bce + 0.5 * (mean**2 + log_var.exp() - 1 - log_var).sum()) / len(x))


# %% wrong: free bits
def my_negative_elbo(logits, x, mean, log_var):
    bce = F.binary_cross_entropy_with_logits(logits, x, reduction="sum") / len(x)
    return bce + (0.5 * (mean**2 + log_var.exp() - 1 - log_var)).mean(0).clamp(min=0.5).sum()


# %% wrong: divided by 128, the batch size of training
def my_negative_elbo(logits, x, mean, log_var):
    bce = F.binary_cross_entropy_with_logits(logits, x, reduction="sum")
    return (bce - 0.5 * torch.sum(1 + log_var - mean.pow(2) - log_var.exp())) / 128


# %% wrong: the means without their square
def my_negative_elbo(logits, x, mean, log_var):
    bce = F.binary_cross_entropy_with_logits(logits, x, reduction="sum")
    return (bce - 0.5 * torch.sum(1 + log_var - mean - log_var.exp())) / len(x)


# %% wrong: the images rounded
def my_negative_elbo(logits, x, mean, log_var):
    bce = F.binary_cross_entropy_with_logits(logits, x.round(), reduction="sum")
    return (bce - 0.5 * torch.sum(1 + log_var - mean.pow(2) - log_var.exp())) / len(x)


# %% wrong: in bits
def my_negative_elbo(logits, x, mean, log_var):
    bce = F.binary_cross_entropy_with_logits(logits, x, reduction="sum")
    return (bce - 0.5 * torch.sum(1 + log_var - mean.pow(2) - log_var.exp())) / len(x) / math.log(2)


# %% wrong: the gradient of the log-variance cut off
def my_negative_elbo(logits, x, mean, log_var):
    bce = F.binary_cross_entropy_with_logits(logits, x, reduction="sum")
    v = log_var.detach()
    return (bce - 0.5 * torch.sum(1 + v - mean.pow(2) - v.exp())) / len(x)


# %% wrong: 784 times a mean, whatever the number of pixels
def my_negative_elbo(logits, x, mean, log_var):
    kl = 0.5 * (mean**2 + log_var.exp() - 1 - log_var).sum(-1).mean()
    return 784 * F.binary_cross_entropy_with_logits(logits, x) + kl
