# %% right: softmax over the grid, divided by the step
def my_grid_posterior(log_joint, step):
    return F.softmax(log_joint, dim=-1) / step


# %% right: the trapezoidal rule after the largest is taken out
def my_grid_posterior(log_joint, step):
    scaled = (log_joint - log_joint.max(1, keepdim=True).values).exp()
    return scaled / torch.trapezoid(scaled, dx=step, dim=1)[:, None]


# %% right: row by row, with logaddexp
def my_grid_posterior(log_joint, step):
    rows = []
    for row in log_joint:
        total = row[0]
        for value in row[1:]:
            total = torch.logaddexp(total, value)
        rows.append((row - total - math.log(step)).exp())
    return torch.stack(rows)


# %% right: numpy in double precision
def my_grid_posterior(log_joint, step):
    v = log_joint.numpy().astype(np.float64)
    w = np.exp(v - v.max(axis=1, keepdims=True))
    return torch.from_numpy(w / (w.sum(axis=1, keepdims=True) * step)).to(log_joint.dtype)


# %% right: a Categorical over the cells
def my_grid_posterior(log_joint, step):
    return Categorical(logits=log_joint).probs / step


# %% right: log-softmax and a difference of logarithms
def my_grid_posterior(log_joint, step):
    return torch.exp(torch.log_softmax(log_joint, 1) - np.log(step))


# %% right: the step added to the joint first
def my_grid_posterior(log_joint, step):
    mass = log_joint + torch.tensor(step).log()
    return torch.exp(log_joint - torch.logsumexp(mass, dim=1, keepdim=True))


# %% right: vmap over the observations
def my_grid_posterior(log_joint, step):
    return torch.vmap(lambda v: (v - v.logsumexp(0)).exp() / step)(log_joint)


# %% right: in place on its own copy
def my_grid_posterior(log_joint, step):
    p = log_joint.clone()
    p -= p.amax(-1, keepdim=True)
    p.exp_()
    p /= step * p.sum(-1, keepdim=True)
    return p


# %% right: plain Python
def my_grid_posterior(log_joint, step):
    result = []
    for row in log_joint.tolist():
        top = max(row)
        weights = [math.exp(v - top) for v in row]
        area = step * math.fsum(weights)
        result.append([w / area for w in weights])
    return torch.tensor(result)


# %% right: transposed to and fro
def my_grid_posterior(log_joint, step):
    columns = log_joint.T
    return torch.exp(columns - columns.logsumexp(0) - math.log(step)).T


# %% right: pairwise differences, where nothing has to be subtracted first
def my_grid_posterior(log_joint, step):
    apart = log_joint[:, None, :].double() - log_joint[:, :, None].double()
    return (1 / (step * apart.exp().sum(-1))).float()


# %% wrong: the naive formula in double precision
def my_grid_posterior(log_joint, step):
    joint = log_joint.double().exp()
    return (joint / (joint.sum(-1, keepdim=True) * step)).float()


# %% wrong: one largest value for the batch
def my_grid_posterior(log_joint, step):
    joint = (log_joint - log_joint.max()).double().exp()
    return (joint / (joint.sum(-1, keepdim=True) * step)).float()


# %% wrong: the mean of the log-joint taken out
def my_grid_posterior(log_joint, step):
    joint = (log_joint - log_joint.mean(-1, keepdim=True)).exp()
    return joint / (joint.sum(-1, keepdim=True) * step)


# %% wrong: a small number in the denominator
def my_grid_posterior(log_joint, step):
    joint = log_joint.exp()
    return joint / (joint.sum(-1, keepdim=True) * step + 1e-10)


# %% wrong: the step written down
def my_grid_posterior(log_joint, step):
    return log_joint.softmax(-1) / 0.25


# %% wrong: divided by the integral over z of the log-joint
def my_grid_posterior(log_joint, step):
    return log_joint / (log_joint.sum(-1, keepdim=True) * step)


# %% wrong: the logarithm of base two for the step
def my_grid_posterior(log_joint, step):
    return (log_joint - log_joint.logsumexp(-1, keepdim=True) - math.log2(step)).exp()


# %% wrong: a softmax with the number of points
def my_grid_posterior(log_joint, step):
    return log_joint.softmax(-1) * (log_joint.shape[-1] - 1) / 16


# %% wrong: cumulative
def my_grid_posterior(log_joint, step):
    return log_joint.softmax(-1).cumsum(-1)


# %% wrong: a Gaussian with the posterior's mean and variance
def my_grid_posterior(log_joint, step):
    n = log_joint.shape[-1]
    z = (torch.arange(n) - (n - 1) / 2) * step
    p = log_joint.softmax(-1)
    mean = (p * z).sum(-1, keepdim=True)
    var = (p * (z - mean) ** 2).sum(-1, keepdim=True)
    return Normal(mean, var.sqrt()).log_prob(z).exp()


# %% wrong: log-joints kept above −700
def my_grid_posterior(log_joint, step):
    return log_joint.clamp(min=-700).softmax(-1) / step


# %% wrong: the marginal of the batch
def my_grid_posterior(log_joint, step):
    return (log_joint - log_joint.logsumexp(-1).mean() - math.log(step)).exp()


# %% wrong: the likeliest point alone
def my_grid_posterior(log_joint, step):
    return F.one_hot(log_joint.argmax(-1), log_joint.shape[-1]).float() / step


# %% wrong: in half precision
def my_grid_posterior(log_joint, step):
    return log_joint.half().float().softmax(-1) / step


# %% wrong: NaN taken for zero
def my_grid_posterior(log_joint, step):
    joint = log_joint.exp()
    return torch.nan_to_num(joint / (joint.sum(-1, keepdim=True) * step))


# %% wrong: normalised by the sum of squares
def my_grid_posterior(log_joint, step):
    p = log_joint.softmax(-1)
    return p / (p.norm(dim=-1, keepdim=True) * step)
