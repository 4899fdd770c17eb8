# %% right: with sqrt of exp, in another order
def my_reparameterize(mean, log_var, noise):
    return torch.sqrt(torch.exp(log_var)) * noise + mean


# %% right: addcmul
def my_reparameterize(mean, log_var, noise):
    std = log_var.mul(0.5).exp()
    return torch.addcmul(mean.expand_as(noise), std.expand_as(noise), noise)


# %% right: in place on the noise, which is the function's own copy
def my_reparameterize(mean, log_var, noise):
    z = noise.clone()
    z *= torch.exp(log_var / 2)
    z += mean
    return z


# %% right: a power of e
def my_reparameterize(mean, log_var, noise):
    return mean + math.e ** (log_var / 2) * noise


# %% right: in double, and cast back
def my_reparameterize(mean, log_var, noise):
    z = mean.double() + (0.5 * log_var.double()).exp() * noise.double()
    return z.to(noise.dtype)


# %% right: a loop over the draws, stacked
def my_reparameterize(mean, log_var, noise):
    if noise.dim() == mean.dim():
        return mean + log_var.exp().pow(0.5) * noise
    return torch.stack([my_reparameterize(mean, log_var, each) for each in noise])


# %% right: einsum with the diagonal matrix of the spreads
def my_reparameterize(mean, log_var, noise):
    root = torch.diag_embed((0.5 * log_var).exp())
    return mean + torch.einsum("bij,...bj->...bi", root, noise)


# %% right: the logarithm of the scale, added inside the exponential
def my_reparameterize(mean, log_var, noise):
    return mean + noise.sign() * (noise.abs().log() + 0.5 * log_var).exp()


# %% right: vmap over the examples
def my_reparameterize(mean, log_var, noise):
    axis = noise.dim() - 2
    draw = lambda m, v, n: m + n * (v / 2).exp()
    return torch.vmap(draw, in_dims=(0, 0, axis), out_dims=axis)(mean, log_var, noise)


# %% right: a helper for the spread, keywords and a default
def spread(*, log_var, power=0.5):
    return log_var.exp().pow(power)


def my_reparameterize(mean, log_var, noise, temperature=1.0):
    sigma = spread(log_var=log_var)
    return mean + temperature * sigma * noise


# %% right: torch.lerp from the mean
def my_reparameterize(mean, log_var, noise):
    target = mean + noise
    return torch.lerp(mean.expand_as(noise), target, (0.5 * log_var).exp().expand_as(noise))


# %% right: expm1, written oddly
def my_reparameterize(mean, log_var, noise):
    return mean + noise + torch.expm1(0.5 * log_var) * noise


# %% wrong: under no_grad
@torch.no_grad()
def my_reparameterize(mean, log_var, noise):
    return mean + (0.5 * log_var).exp() * noise


# %% wrong: through numpy
def my_reparameterize(mean, log_var, noise):
    m, v, n = (each.detach().numpy() for each in (mean, log_var, noise))
    return torch.from_numpy(m + np.exp(0.5 * v) * n)


# %% wrong: a new tensor of the spread
def my_reparameterize(mean, log_var, noise):
    std = torch.tensor((0.5 * log_var).exp().tolist())
    return mean + std * noise


# %% wrong: .data of both
def my_reparameterize(mean, log_var, noise):
    return mean.data + (0.5 * log_var.data).exp() * noise


# %% wrong: the gradient of the log-variance doubled by a trick, the value right
def my_reparameterize(mean, log_var, noise):
    std = (0.5 * log_var).exp()
    return mean + (2 * std - std.detach()) * noise


# %% wrong: straight-through, the gradient of the spread as if it were one
def my_reparameterize(mean, log_var, noise):
    z = mean + (0.5 * log_var).exp() * noise
    through = mean + log_var
    return through + (z - through).detach()


# %% wrong: the first draw alone
def my_reparameterize(mean, log_var, noise):
    n = noise[0] if noise.dim() > log_var.dim() else noise
    return mean + (0.5 * log_var).exp() * n


# %% wrong: the mean over the draws
def my_reparameterize(mean, log_var, noise):
    z = mean + (0.5 * log_var).exp() * noise
    return z.mean(0) if z.dim() == 3 else z


# %% wrong: one spread for each example, the mean over its dimensions
def my_reparameterize(mean, log_var, noise):
    return mean + (0.5 * log_var).exp().mean(-1, keepdim=True) * noise


# %% wrong: log-variances kept within ±10
def my_reparameterize(mean, log_var, noise):
    return mean + (0.5 * log_var.clamp(-10, 10)).exp() * noise


# %% wrong: a small number under the root
def my_reparameterize(mean, log_var, noise):
    return mean + (log_var.exp() + 1e-6).sqrt() * noise


# %% wrong: the exponential by its first terms
def my_reparameterize(mean, log_var, noise):
    h = 0.5 * log_var
    return mean + (1 + h + h**2 / 2 + h**3 / 6) * noise


# %% wrong: noise kept within two standard deviations
def my_reparameterize(mean, log_var, noise):
    return mean + (0.5 * log_var).exp() * noise.clamp(-1, 1)


# %% wrong: a draw by torch.normal
def my_reparameterize(mean, log_var, noise):
    return torch.normal(mean, (0.5 * log_var).exp())


# %% wrong: noise made standard over the batch first
def my_reparameterize(mean, log_var, noise):
    n = (noise - noise.mean()) / noise.std()
    return mean + (0.5 * log_var).exp() * n


# %% wrong: the draw and its parameters
def my_reparameterize(mean, log_var, noise):
    return mean + (0.5 * log_var).exp() * noise, mean, log_var


# %% right: a sampling layer, as public code has it
class Sampling(nn.Module):
    def forward(self, mean, log_var, noise):
        return mean + torch.exp(0.5 * log_var) * noise


my_reparameterize = Sampling()


# %% wrong: a sampling layer that draws its own noise
class Sampling(nn.Module):
    def forward(self, mean, log_var, noise):
        return mean + torch.exp(0.5 * log_var) * torch.randn_like(log_var)


my_reparameterize = Sampling()
