# %% right: the log of the mean by hand, after the largest is taken out
def my_iwae_bound(log_weights):
    top = log_weights.max(dim=0).values
    return top + (log_weights - top).exp().mean(0).log()


# %% right: logaddexp, sample by sample
def my_iwae_bound(log_weights):
    total = log_weights[0]
    for row in log_weights[1:]:
        total = torch.logaddexp(total, row)
    return total - np.log(len(log_weights))


# %% right: logsumexp of what was shifted by −log K before
def my_iwae_bound(log_weights):
    K, B = log_weights.shape
    return torch.logsumexp(log_weights - math.log(K), dim=0)


# %% right: numpy's logaddexp.reduce in double precision
def my_iwae_bound(log_weights):
    w = log_weights.detach().numpy().astype("float64")
    return torch.from_numpy(np.logaddexp.reduce(w, axis=0) - np.log(w.shape[0])).to(log_weights.dtype)


# %% right: recursion by halves
def my_iwae_bound(log_weights):
    def lse(w):
        if len(w) == 1:
            return w[0]
        return torch.logaddexp(lse(w[: len(w) // 2]), lse(w[len(w) // 2 :]))

    return lse(log_weights) - math.log(len(log_weights))


# %% right: by log_softmax, which hides the sum
def my_iwae_bound(log_weights):
    log_shares = F.log_softmax(log_weights, dim=0)
    return (log_weights - log_shares)[0] - math.log(log_weights.size(0))


# %% right: by vmap over the examples
def my_iwae_bound(log_weights):
    return torch.vmap(lambda w: w.logsumexp(0) - math.log(len(w)), in_dims=1)(log_weights)


# %% right: a loop over the columns and numbers
def my_iwae_bound(log_weights):
    bounds = []
    for column in log_weights.T.tolist():
        top = max(column)
        bounds.append(top + math.log(sum(math.exp(w - top) for w in column) / len(column)))
    return torch.tensor(bounds)


# %% right: keepdim, then squeeze of that axis
def my_iwae_bound(log_weights):
    k = torch.full_like(log_weights[:1], len(log_weights))
    return (log_weights.logsumexp(0, keepdim=True) - k.log()).squeeze(0)


# %% right: sorted first, and in double
def my_iwae_bound(log_weights):
    w = log_weights.double().sort(dim=0, descending=True).values
    return (w[0] + torch.log1p((w[1:] - w[0]).exp().sum(0)) - math.log(len(w))).float()


# %% right: transposed and in place
def my_iwae_bound(log_weights):
    bound = log_weights.t().contiguous().logsumexp(-1)
    bound -= torch.tensor(len(log_weights)).log()
    return bound


# %% right: the ELBO's estimate plus what the logarithm outside adds
def my_iwae_bound(log_weights):
    elbo = log_weights.mean(0, keepdim=True)
    return elbo[0] + (torch.logsumexp(log_weights - elbo, 0) - math.log(len(log_weights)))


# %% wrong: the naive formula in double precision
def my_iwae_bound(log_weights):
    return log_weights.double().exp().mean(0).log().float()


# %% wrong: the naive formula in numpy's longdouble, cast to double too early
def my_iwae_bound(log_weights):
    w = np.exp(log_weights.numpy().astype(np.float64)).mean(0)
    return torch.from_numpy(np.log(w + 1e-300)).float()


# %% wrong: one largest weight for the whole batch
def my_iwae_bound(log_weights):
    top = log_weights.double().max()
    return (top + (log_weights - top).exp().mean(0).log()).float()


# %% wrong: the smallest weight taken out
def my_iwae_bound(log_weights):
    low = log_weights.min(0).values
    return low + (log_weights - low).exp().mean(0).log()


# %% wrong: the mean log-weight taken out, which overflows where weights lie far apart
def my_iwae_bound(log_weights):
    m = log_weights.double().mean(0)
    return (m + (log_weights - m).exp().mean(0).log()).float()


# %% wrong: shifted by a number that fits one example
def my_iwae_bound(log_weights):
    return (log_weights.double() + 500).exp().mean(0).log().float() - 500


# %% wrong: K written down as five
def my_iwae_bound(log_weights):
    return log_weights.logsumexp(0) - math.log(5)


# %% wrong: divided by K − 1
def my_iwae_bound(log_weights):
    return log_weights.logsumexp(0) - math.log(max(len(log_weights) - 1, 1))


# %% wrong: by numel, right for one example
def my_iwae_bound(log_weights):
    return log_weights.logsumexp(0) - math.log(log_weights.numel())


# %% wrong: squeezed at the end, which loses the batch of one
def my_iwae_bound(log_weights):
    return (log_weights.logsumexp(0) - math.log(len(log_weights))).squeeze()


# %% wrong: log base two of K
def my_iwae_bound(log_weights):
    return log_weights.logsumexp(0) - math.log2(len(log_weights))


# %% wrong: log-weights kept above −700
def my_iwae_bound(log_weights):
    return log_weights.clamp(min=-700).logsumexp(0) - math.log(len(log_weights))


# %% wrong: the exponential clamped at the smallest float
def my_iwae_bound(log_weights):
    return log_weights.exp().mean(0).clamp(min=torch.finfo(torch.float32).tiny).log()


# %% wrong: the median log-weight
def my_iwae_bound(log_weights):
    return log_weights.median(0).values


# %% wrong: the second-order approximation of the logarithm of a mean
def my_iwae_bound(log_weights):
    return log_weights.mean(0) + 0.5 * log_weights.var(0)


# %% wrong: nan_to_num for what underflowed
def my_iwae_bound(log_weights):
    return torch.nan_to_num(log_weights.exp().mean(0).log(), neginf=-1000.0)


# %% wrong: a number for each sample, over the examples
def my_iwae_bound(log_weights):
    return torch.logsumexp(log_weights, dim=1) - math.log(log_weights.size(1))
