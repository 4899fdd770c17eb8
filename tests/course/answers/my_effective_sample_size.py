# %% right: in logarithms to the end
def my_effective_sample_size(log_weights):
    return (2 * torch.logsumexp(log_weights, 0) - torch.logsumexp(2 * log_weights, 0)).exp()


# %% right: the largest taken out by hand
def my_effective_sample_size(log_weights):
    w = torch.exp(log_weights - log_weights.max(dim=0, keepdim=True)[0])
    return w.sum(0) ** 2 / (w**2).sum(0)


# %% right: numpy in double precision
def my_effective_sample_size(log_weights):
    v = log_weights.detach().numpy().astype(np.float64)
    w = np.exp(v - v.max(0))
    return torch.tensor(w.sum(0) ** 2 / (w * w).sum(0), dtype=log_weights.dtype)


# %% right: plain Python, column by column
def my_effective_sample_size(log_weights):
    found = []
    for column in log_weights.T.tolist():
        top = max(column)
        w = [math.exp(v - top) for v in column]
        found.append(sum(w) ** 2 / sum(v * v for v in w))
    return torch.tensor(found)


# %% right: from the variance of the weights
def my_effective_sample_size(log_weights):
    S = len(log_weights)
    w = (log_weights - log_weights.logsumexp(0) + math.log(S)).exp()
    return S / (1 + w.var(0, correction=0))


# %% right: pairs of ratios, which never underflow
def my_effective_sample_size(log_weights):
    shares = 1 / (log_weights[None, :, :] - log_weights[:, None, :]).double().exp().sum(1)
    return (1 / shares.square().sum(0)).float()


# %% right: vmap over the observations
def my_effective_sample_size(log_weights):
    return torch.vmap(lambda v: v.softmax(0).pow(2).sum().reciprocal(), in_dims=1)(log_weights)


# %% right: the norm of the shares
def my_effective_sample_size(log_weights):
    return F.softmax(log_weights, dim=0).norm(dim=0) ** -2


# %% right: einsum
def my_effective_sample_size(log_weights):
    p = log_weights.log_softmax(0).exp()
    return torch.ones(log_weights.shape[1]) / torch.einsum("sb,sb->b", p, p)


# %% right: Categorical's probabilities
def my_effective_sample_size(log_weights):
    p = Categorical(logits=log_weights.T).probs
    return 1 / (p * p).sum(-1)


# %% right: in place on the input
def my_effective_sample_size(log_weights):
    log_weights -= log_weights.amax(0)
    log_weights.exp_()
    log_weights /= log_weights.sum(0)
    return log_weights.square_().sum(0).reciprocal_()


# %% right: two samples with the same index, by matrix product
def my_effective_sample_size(log_weights):
    p = torch.softmax(log_weights.double(), 0)
    return (1 / (p.T @ p).diagonal()).to(torch.float32)


# %% wrong: the naive formula in double precision
def my_effective_sample_size(log_weights):
    w = log_weights.double().exp()
    return (w.sum(0) ** 2 / (w**2).sum(0)).float()


# %% wrong: a small number beside the weights, in double
def my_effective_sample_size(log_weights):
    w = log_weights.double().exp() + 1e-12
    return (w.sum(0) ** 2 / (w**2).sum(0)).float()


# %% wrong: a small number in the denominator
def my_effective_sample_size(log_weights):
    w = log_weights.exp()
    return w.sum(0) ** 2 / ((w**2).sum(0) + 1e-8)


# %% wrong: one largest weight for the batch
def my_effective_sample_size(log_weights):
    w = (log_weights - log_weights.max()).double().exp()
    return (w.sum(0) ** 2 / (w**2).sum(0)).float()


# %% wrong: the mean log-weight taken out
def my_effective_sample_size(log_weights):
    w = (log_weights - log_weights.mean(0)).double().exp()
    return (w.sum(0) ** 2 / (w**2).sum(0)).float()


# %% wrong: the count of weights above a hundredth
def my_effective_sample_size(log_weights):
    return (log_weights.softmax(0) > 0.01).float().sum(0)


# %% wrong: perplexity
def my_effective_sample_size(log_weights):
    return Categorical(logits=log_weights.T).entropy().exp()


# %% wrong: kept at two at least
def my_effective_sample_size(log_weights):
    return (1 / log_weights.softmax(0).square().sum(0)).clamp(min=2)


# %% wrong: rounded, as a number of samples
def my_effective_sample_size(log_weights):
    return (1 / log_weights.softmax(0).square().sum(0)).round()


# %% wrong: with the unbiased variance
def my_effective_sample_size(log_weights):
    S = len(log_weights)
    w = log_weights.softmax(0) * S
    return S / (1 + w.var(0))


# %% wrong: S written down as six
def my_effective_sample_size(log_weights):
    w = log_weights.softmax(0) * 6
    return 6 / (w**2).mean(0)


# %% wrong: absolute weights cubed
def my_effective_sample_size(log_weights):
    p = log_weights.softmax(0)
    return 1 / (p**3).sum(0).sqrt()


# %% wrong: over all observations together
def my_effective_sample_size(log_weights):
    p = log_weights.flatten().softmax(0).view_as(log_weights)
    return 1 / (p**2).sum(0)


# %% wrong: log-weights kept above −100
def my_effective_sample_size(log_weights):
    return 1 / log_weights.clamp(min=-100).softmax(0).square().sum(0)


# %% wrong: an ESS of one where all underflows
def my_effective_sample_size(log_weights):
    w = log_weights.exp()
    return torch.nan_to_num(w.sum(0) ** 2 / (w**2).sum(0), nan=1.0)


# %% wrong: the square of the sum forgotten, for shares of two
def my_effective_sample_size(log_weights):
    w = (log_weights - log_weights.amax(0)).exp()
    return w.sum(0) / (w**2).sum(0)
