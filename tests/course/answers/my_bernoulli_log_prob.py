# %% right: two log-sigmoids
def my_bernoulli_log_prob(logits, x):
    return (x * F.logsigmoid(logits) + (1 - x) * F.logsigmoid(-logits)).sum(-1)


# %% right: the stable form, spelt out
def my_bernoulli_log_prob(logits, x):
    each = logits.clamp(min=0) - logits * x + torch.log1p(torch.exp(-logits.abs()))
    return -each.sum(dim=1)


# %% right: softplus as a log-sum-exp
def my_bernoulli_log_prob(logits, x):
    soft = torch.logaddexp(logits, torch.zeros_like(logits))
    return torch.einsum("bi->b", x * logits - soft)


# %% right: as two classes
def my_bernoulli_log_prob(logits, x):
    both = torch.stack([torch.zeros_like(logits), logits], -1).log_softmax(-1)
    return (both * torch.stack([1 - x, x], -1)).sum((-2, -1))


# %% right: a loop over images
def my_bernoulli_log_prob(logits, x):
    rows = []
    for row, image in zip(logits, x):
        rows.append(torch.dot(row, image) - F.softplus(row).sum())
    return torch.stack(rows)


# %% right: a product of matrices for the first term
def my_bernoulli_log_prob(logits, x):
    return torch.bmm(x[:, None, :], logits[:, :, None]).reshape(-1) - F.softplus(logits).sum(1)


# %% right: in double precision and back, where exp(200) is finite
def my_bernoulli_log_prob(logits, x):
    l = logits.double()
    return (x * l - torch.log1p(torch.exp(l))).sum(-1).float()


# %% right: in double precision, by the sigmoid of either sign
def my_bernoulli_log_prob(logits, x):
    l = logits.to(torch.float64)
    return (x * torch.log(torch.sigmoid(l)) + (1 - x) * torch.log(torch.sigmoid(-l))).sum(-1)


# %% right: in place on its own tensor
def my_bernoulli_log_prob(logits, x):
    total = torch.zeros(logits.shape[0])
    for j in range(logits.shape[1]):
        total += logits[:, j] * x[:, j]
        total -= F.softplus(logits[:, j])
    return total


# %% right: by its softplus module, with keyword arguments
softplus = nn.Softplus()


def my_bernoulli_log_prob(logits, x):
    return torch.sum(input=torch.mul(x, logits).sub(softplus(logits)), dim=-1)


# %% right: through the sign, for the part that a grey pixel shares
def my_bernoulli_log_prob(logits, x):
    return ((x - 0.5) * logits - 0.5 * logits.abs() - (-logits.abs()).exp().log1p()).sum(-1)


# %% right: an nn.Module
class BernoulliLogProb(nn.Module):
    def forward(self, logits, x):
        return (x * logits - F.softplus(logits)).sum(-1)


my_bernoulli_log_prob = BernoulliLogProb()


# %% wrong: log-odds cut at 100
def my_bernoulli_log_prob(logits, x):
    logits = logits.clamp(-100, 100)
    return (x * logits - F.softplus(logits)).sum(-1)


# %% wrong: log-odds cut at 30 in the exponential alone
def my_bernoulli_log_prob(logits, x):
    return (x * logits - torch.log1p(torch.exp(logits.clamp(max=30)))).sum(-1)


# %% wrong: infinities replaced
def my_bernoulli_log_prob(logits, x):
    p = torch.sigmoid(logits)
    each = x * torch.log(p) + (1 - x) * torch.log(1 - p)
    return torch.nan_to_num(each, neginf=-100.0).sum(-1)


# %% wrong: a sigmoid in double precision
def my_bernoulli_log_prob(logits, x):
    p = torch.sigmoid(logits.double())
    return (torch.xlogy(x, p) + torch.xlogy(1 - x, 1 - p)).sum(-1).float()


# %% wrong: the float32 epsilon beside the probability
def my_bernoulli_log_prob(logits, x):
    eps = torch.finfo(logits.dtype).eps
    p = logits.sigmoid()
    return (x * torch.log(p + eps) + (1.0 - x) * torch.log(1.0 - p + eps)).sum(dim=1)


# %% wrong: clamped at 1e-8, which does nothing at the top
def my_bernoulli_log_prob(logits, x):
    p = torch.clamp(torch.sigmoid(logits), min=1e-8, max=1 - 1e-8)
    return torch.sum(x * torch.log(p) + (1 - x) * torch.log(1 - p), 1)


# %% wrong: clamped at 1e-5
def my_bernoulli_log_prob(logits, x):
    p = torch.sigmoid(logits).clamp(1e-5, 1 - 1e-5)
    return (x * p.log() + (1 - x) * (1 - p).log()).sum(-1)


# %% wrong: epsilon of 1e-12, in one logarithm
def my_bernoulli_log_prob(logits, x):
    p = torch.sigmoid(logits)
    return (x * torch.log(p + 1e-12) + (1 - x) * torch.log(1 - p)).sum(-1)


# %% wrong: both logarithms held above 1e-10
def my_bernoulli_log_prob(logits, x):
    p = torch.sigmoid(logits)
    return (x * p.clamp(min=1e-10).log() + (1 - x) * (1 - p).clamp(min=1e-10).log()).sum(-1)


# %% wrong: the library's clamped cross-entropy
def my_bernoulli_log_prob(logits, x):
    return -F.binary_cross_entropy(torch.sigmoid(logits), x, reduction="none").sum(-1)


# %% wrong: the sigmoid of either sign, which is zero at -200
def my_bernoulli_log_prob(logits, x):
    return (x * torch.log(torch.sigmoid(logits)) + (1 - x) * torch.log(torch.sigmoid(-logits))).sum(-1)


# %% wrong: exp overflows
def my_bernoulli_log_prob(logits, x):
    return (x * logits - torch.log1p(torch.exp(logits))).sum(-1)


# %% wrong: grey pixels rounded
def my_bernoulli_log_prob(logits, x):
    return ((x > 0.5) * logits - F.softplus(logits)).sum(-1)


# %% wrong: a margin loss, for pixels that are 0 or 1
def my_bernoulli_log_prob(logits, x):
    return -F.soft_margin_loss(logits, 2 * x - 1, reduction="none").sum(-1)


# %% wrong: the values alone
def my_bernoulli_log_prob(logits, x):
    l, t = logits.detach().numpy(), x.numpy()
    return torch.from_numpy((t * l - np.logaddexp(0, l)).sum(-1))


# %% wrong: a gradient through one of two terms
def my_bernoulli_log_prob(logits, x):
    return (x * logits - F.softplus(logits).detach()).sum(-1)


# %% wrong: over the batch
def my_bernoulli_log_prob(logits, x):
    return (x * logits - F.softplus(logits)).sum(0)


# %% wrong: image and log-odds exchanged
def my_bernoulli_log_prob(logits, x):
    return (x * logits - F.softplus(x)).sum(-1)


# %% wrong: the probability, not its logarithm
def my_bernoulli_log_prob(logits, x):
    return (x * logits - F.softplus(logits)).sum(-1).exp()


# %% wrong: the Gaussian's exponent
def my_bernoulli_log_prob(logits, x):
    return -0.5 * (logits.sigmoid() - x).pow(2).sum(-1)


# %% wrong: the library's cross-entropy of two classes
def my_bernoulli_log_prob(logits, x):
    scores = torch.stack([torch.zeros_like(logits), logits], 1)
    return -F.cross_entropy(scores, torch.stack([1 - x, x], 1), reduction="none").sum(-1)


# %% wrong: by the exponential of either sign, which overflows
def my_bernoulli_log_prob(logits, x):
    return -(x * torch.log(1 + torch.exp(-logits)) + (1 - x) * torch.log(1 + torch.exp(logits))).sum(-1)
