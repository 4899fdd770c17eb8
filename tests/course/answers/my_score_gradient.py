# %% right: from z itself, in other letters
def my_score_gradient(f, mean, log_var, noise, baseline):
    var = log_var.exp()
    z = mean + var.sqrt() * noise
    advantage = f(z)[:, None] - baseline
    return advantage * (z - mean) / var, advantage * ((z - mean) ** 2 / var - 1) / 2


# %% right: a list of the two
def my_score_gradient(f, mean, log_var, noise, baseline):
    std = torch.exp(log_var / 2)
    a = (f(mean + std * noise) - baseline).reshape(-1, 1)
    return [a * noise / std, 0.5 * a * (noise.square() - 1)]


# %% right: a loop over the draws
def my_score_gradient(f, mean, log_var, noise, baseline):
    std = (0.5 * log_var).exp()
    by_mean, by_log_var = [], []
    for e in noise:
        height = f((mean + std * e)[None])[0] - baseline
        by_mean.append(height * e / std)
        by_log_var.append(height * (e * e - 1) / 2)
    return torch.stack(by_mean), torch.stack(by_log_var)


# %% right: automatic differentiation of the density, a draw at a time, z held fixed
def my_score_gradient(f, mean, log_var, noise, baseline):
    grads = []
    z = (mean + (0.5 * log_var).exp() * noise).detach()
    heights = f(z)
    for s in range(len(z)):
        m, v = mean.clone().requires_grad_(), log_var.clone().requires_grad_()
        log_q = -0.5 * ((z[s] - m) ** 2 / v.exp() + v + math.log(2 * math.pi)).sum()
        surrogate = (heights[s] - baseline) * log_q
        grads.append(torch.autograd.grad(surrogate, (m, v)))
    return torch.stack([g[0] for g in grads]), torch.stack([g[1] for g in grads])


# %% right: torch.func, vmap over the draws
def my_score_gradient(f, mean, log_var, noise, baseline):
    def log_q(m, v, z):
        return -0.5 * ((z - m) ** 2 * (-v).exp() + v).sum()

    z = mean + (0.5 * log_var).exp() * noise
    score = torch.func.grad(log_q, argnums=(0, 1))
    by_mean, by_log_var = torch.vmap(score, in_dims=(None, None, 0))(mean, log_var, z)
    weight = (f(z) - baseline).unsqueeze(1)
    return weight * by_mean, weight * by_log_var


# %% right: einsum
def my_score_gradient(f, mean, log_var, noise, baseline):
    std = log_var.exp() ** 0.5
    h = f(mean + torch.einsum("d,sd->sd", std, noise)) - baseline
    return torch.einsum("s,sd->sd", h, noise / std), torch.einsum("s,sd->sd", h, noise**2 / 2 - 0.5)


# %% right: Normal's log-density and its derivative
def my_score_gradient(f, mean, log_var, noise, baseline):
    S = len(noise)
    m = mean.repeat(S, 1).requires_grad_()
    v = log_var.repeat(S, 1).requires_grad_()
    q = Normal(m, (0.5 * v).exp())
    with torch.no_grad():
        z = m + q.scale * noise
        h = f(z) - baseline
    (h[:, None] * q.log_prob(z)).sum().backward()
    return m.grad, v.grad


# %% right: in place, on tensors of its own
def my_score_gradient(f, mean, log_var, noise, baseline):
    std = torch.exp(0.5 * log_var)
    heights = f(noise.mul(std).add_(mean)).clone()
    heights -= baseline
    by_mean = noise / std
    by_mean *= heights.view(-1, 1)
    by_log_var = noise.pow(2)
    by_log_var -= 1
    by_log_var *= heights.view(-1, 1) * 0.5
    return by_mean, by_log_var


# %% right: through the derivative in the standard deviation and the chain rule
def my_score_gradient(f, mean, log_var, noise, baseline):
    std = (0.5 * log_var).exp()
    surplus = (f(mean + std * noise) - baseline)[..., None]
    by_std = (noise**2 - 1) / std
    return surplus * noise / std, surplus * by_std * std / 2


# %% right: numpy for the scores
def my_score_gradient(f, mean, log_var, noise, baseline):
    std = np.exp(0.5 * log_var.numpy())
    e = noise.numpy()
    z = torch.from_numpy(mean.numpy() + std * e)
    h = (f(z).numpy() - baseline)[:, None]
    return torch.from_numpy(h * e / std), torch.from_numpy(h * (e**2 - 1) / 2)


# %% right: transposed to and fro
def my_score_gradient(f, mean, log_var, noise, baseline):
    std = (0.5 * log_var).exp()
    h = f(mean + std * noise) - baseline
    return (h * (noise / std).T).T, (h * ((noise - 1) * (noise + 1) / 2).T).T


# %% right: a named tuple, in double and cast back
from collections import namedtuple

Gradients = namedtuple("Gradients", "mean log_var")


def my_score_gradient(f, mean, log_var, noise, baseline):
    m, v, e = mean.double(), log_var.double(), noise.double()
    h = f(m + (v / 2).exp() * e).unsqueeze(-1) - baseline
    return Gradients((h * e * (-v / 2).exp()).float(), (h * (e**2 - 1) / 2).float())


# %% wrong: the mean over the draws, repeated for each
def my_score_gradient(f, mean, log_var, noise, baseline):
    std = (0.5 * log_var).exp()
    h = (f(mean + std * noise) - baseline)[:, None]
    a, b = h * noise / std, h * (noise**2 - 1) / 2
    return a.mean(0).expand_as(a), b.mean(0).expand_as(b)


# %% wrong: a baseline of its own, the mean height
def my_score_gradient(f, mean, log_var, noise, baseline):
    std = (0.5 * log_var).exp()
    h = f(mean + std * noise)
    h = (h - h.mean())[:, None]
    return h * noise / std, h * (noise**2 - 1) / 2


# %% wrong: the baseline taken from the gradient
def my_score_gradient(f, mean, log_var, noise, baseline):
    std = (0.5 * log_var).exp()
    h = f(mean + std * noise)[:, None]
    return h * noise / std - baseline, h * (noise**2 - 1) / 2 - baseline


# %% wrong: f at the mean
def my_score_gradient(f, mean, log_var, noise, baseline):
    std = (0.5 * log_var).exp()
    h = (f(mean + 0 * noise) - baseline)[:, None]
    return h * noise / std, h * (noise**2 - 1) / 2


# %% wrong: f at the noise
def my_score_gradient(f, mean, log_var, noise, baseline):
    std = (0.5 * log_var).exp()
    h = (f(noise) - baseline)[:, None]
    return h * noise / std, h * (noise**2 - 1) / 2


# %% wrong: heights made standard
def my_score_gradient(f, mean, log_var, noise, baseline):
    std = (0.5 * log_var).exp()
    h = f(mean + std * noise) - baseline
    h = (h / h.std())[:, None]
    return h * noise / std, h * (noise**2 - 1) / 2


# %% wrong: the absolute surplus
def my_score_gradient(f, mean, log_var, noise, baseline):
    std = (0.5 * log_var).exp()
    h = (f(mean + std * noise) - baseline).abs()[:, None]
    return h * noise / std, h * (noise**2 - 1) / 2


# %% wrong: the scores summed over the dimensions
def my_score_gradient(f, mean, log_var, noise, baseline):
    std = (0.5 * log_var).exp()
    h = f(mean + std * noise) - baseline
    return h * (noise / std).sum(-1), h * ((noise**2 - 1) / 2).sum(-1)


# %% wrong: the pathwise gradient with the baseline's sign kept
def my_score_gradient(f, mean, log_var, noise, baseline):
    m = mean.expand_as(noise).clone().requires_grad_()
    v = log_var.expand_as(noise).clone().requires_grad_()
    height = f(m + (0.5 * v).exp() * noise)
    return torch.autograd.grad(height.sum(), (m, v))


# %% wrong: the derivative in the variance
def my_score_gradient(f, mean, log_var, noise, baseline):
    var = log_var.exp()
    h = (f(mean + var.sqrt() * noise) - baseline)[:, None]
    return h * noise / var.sqrt(), h * (noise**2 - 1) / (2 * var)


# %% wrong: the density's value as the weight
def my_score_gradient(f, mean, log_var, noise, baseline):
    std = (0.5 * log_var).exp()
    z = mean + std * noise
    q = Normal(mean, std).log_prob(z).exp()
    h = (f(z) - baseline)[:, None]
    return q * h * noise / std, q * h * (noise**2 - 1) / 2


# %% wrong: z moves with the parameters, by backward
def my_score_gradient(f, mean, log_var, noise, baseline):
    m = mean.expand_as(noise).clone().requires_grad_()
    v = log_var.expand_as(noise).clone().requires_grad_()
    z = m + (0.5 * v).exp() * noise
    log_q = Normal(m, (0.5 * v).exp()).log_prob(z).sum(-1)
    ((f(z).detach() - baseline) * log_q).sum().backward()
    return m.grad, v.grad


# %% wrong: the reparameterised gradient joined to the score's
def my_score_gradient(f, mean, log_var, noise, baseline):
    m = mean.expand_as(noise).clone().requires_grad_()
    v = log_var.expand_as(noise).clone().requires_grad_()
    z = m + (0.5 * v).exp() * noise
    log_q = Normal(m, (0.5 * v).exp()).log_prob(z.detach()).sum(-1)
    ((f(z) - baseline) * log_q).sum().backward()
    return m.grad, v.grad


# %% wrong: the two written into one tensor of (S, 2 D)
def my_score_gradient(f, mean, log_var, noise, baseline):
    std = (0.5 * log_var).exp()
    h = (f(mean + std * noise) - baseline)[:, None]
    return torch.cat([h * noise / std, h * (noise**2 - 1) / 2], -1)


# %% wrong: antithetic draws, which are other draws
def my_score_gradient(f, mean, log_var, noise, baseline):
    std = (0.5 * log_var).exp()
    h = (0.5 * (f(mean + std * noise) + f(mean - std * noise)) - baseline)[:, None]
    return h * noise / std, h * (noise**2 - 1) / 2
