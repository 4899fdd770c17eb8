# %% right: the two imaginary images put into the data, with half the weight of two copies
def my_ink_probability(x):
    doubled = torch.cat([x, x, torch.ones_like(x[:1]), torch.zeros_like(x[:1])])
    return doubled.mean(0)


# %% right: a loop over the pixels and images
def my_ink_probability(x):
    found = []
    for j in range(x.shape[1]):
        ink = 0.5
        for i in range(x.shape[0]):
            ink += x[i, j].item()
        found.append(ink / (x.shape[0] + 1))
    return torch.tensor(found)


# %% right: a running mean that starts from one half
def my_ink_probability(x):
    p = torch.full_like(x[0], 0.5)
    for n, image in enumerate(x, start=1):
        p += (image - p) / (n + 1)
    return p


# %% right: the mean of a Beta posterior
def my_ink_probability(x):
    a = 0.5 + x.sum(dim=0)
    b = 0.5 + (1 - x).sum(dim=0)
    return torch.distributions.Beta(a, b).mean


# %% right: numpy
def my_ink_probability(x):
    a = np.asarray(x, dtype=np.float64)
    return torch.tensor((a.sum(axis=0) + 0.5) / (a.shape[0] + 1), dtype=x.dtype)


# %% right: by counting what is not zero
def my_ink_probability(x):
    return (torch.count_nonzero(x, dim=0) + 0.5) / (x.size(0) + 1)


# %% right: the mean image, drawn towards one half
def my_ink_probability(x):
    n = len(x)
    return torch.lerp(torch.full((x.shape[1],), 0.5), x.mean(0), n / (n + 1))


# %% right: a matrix product with weights, in double precision
def my_ink_probability(x):
    w = torch.ones(len(x), dtype=torch.double)
    return ((w @ x.double() + 0.5) / (w.sum() + 1)).float()


# %% right: through the log-odds of the counts
def my_ink_probability(x):
    ink = x.sum(0)
    return torch.sigmoid(torch.log(ink + 0.5) - torch.log(len(x) - ink + 0.5))


# %% right: einsum and keyword arguments
def my_ink_probability(x, *, pseudo=0.5):
    return (torch.einsum("nx->x", x) + pseudo).div(x.shape[0] + 2 * pseudo)


# %% right: vmap over the pixels
def my_ink_probability(x):
    return torch.vmap(lambda pixel: (pixel.sum() + 1 / 2) / (pixel.numel() + 1), in_dims=1)(x)


# %% right: in place on the input
def my_ink_probability(x):
    total = len(x) + 1
    x[0] += 0.5
    return x.sum(0).div_(total)


# %% wrong: Krichevsky-Trofimov without the total's one, clamped
def my_ink_probability(x):
    return ((x.sum(0) + 0.5) / len(x)).clamp(max=1 - 1e-6)


# %% wrong: the mean kept away from zero and one by a hundredth
def my_ink_probability(x):
    return x.mean(0).clamp(0.01, 0.99)


# %% wrong: half and half of the mean and one half
def my_ink_probability(x):
    return 0.5 * x.mean(0) + 0.25


# %% wrong: N written down as four
def my_ink_probability(x):
    return (x.sum(0) + 0.5) / 5


# %% wrong: only pixels that are never inked get something
def my_ink_probability(x):
    p = x.mean(0)
    p[p == 0] = 0.5 / (len(x) + 1)
    return p


# %% wrong: only the pixels at the ends get something
def my_ink_probability(x):
    p = x.mean(0)
    smooth = (x.sum(0) + 0.5) / (len(x) + 1)
    return torch.where((p == 0) | (p == 1), smooth, p)


# %% wrong: whole observations, a half more in the count
def my_ink_probability(x):
    return (x.sum(0) + 1) / (len(x) + 1.5)


# %% wrong: the log-odds
def my_ink_probability(x):
    return torch.logit((x.sum(0) + 0.5) / (len(x) + 1))


# %% wrong: with a batch axis
def my_ink_probability(x):
    return (x.sum(0, keepdim=True) + 0.5) / (len(x) + 1)


# %% wrong: a quarter each
def my_ink_probability(x):
    return (x.sum(0) + 0.25) / (len(x) + 0.5)


# %% wrong: the median image
def my_ink_probability(x):
    return ((x.median(0).values) * len(x) + 0.5) / (len(x) + 1)


# %% wrong: integer division
def my_ink_probability(x):
    return (x.sum(0) + 0.5) // (len(x) + 1)


# %% wrong: divided by the pixels
def my_ink_probability(x):
    return (x.sum(0) + 0.5) / (x.shape[1] + 1)


# %% wrong: the first fifty pixels and twenty images
def my_ink_probability(x):
    x = x[:20]
    return (x.sum(0) + 0.5) / (len(x) + 1)


# %% wrong: the sample itself, smoothed for one image
def my_ink_probability(x):
    return (x[0] + 0.5) / 2


# %% wrong: a binary image
def my_ink_probability(x):
    return ((x.sum(0) + 0.5) / (len(x) + 1) > 0.5).float()
