# %% right: the other end of the interval
def my_binarize(x, uniform):
    return (uniform > 1 - x).float()


# %% right: the ends count in
def my_binarize(x, uniform):
    return (uniform >= 1 - x).to(x.dtype)


# %% right: at most, in numpy
def my_binarize(x, uniform):
    return torch.from_numpy(np.where(uniform.numpy() <= x.numpy(), 1.0, 0.0)).type_as(x)


# %% right: by rounding a sum down
def my_binarize(x, uniform):
    return torch.floor(x + uniform)


# %% right: by rounding a difference up
def my_binarize(x, uniform):
    return torch.ceil(x - uniform).clamp(min=0)


# %% right: by the sign of a difference
def my_binarize(x, uniform):
    return (torch.sign(x - uniform) + 1) / 2


# %% right: by rounding to the nearest
def my_binarize(x, uniform):
    return torch.round(x - uniform + 0.5)


# %% right: by the distribution function, turned around
def my_binarize(x, uniform):
    return 1.0 - (uniform > x).double()


# %% right: pixel by pixel, written into its own input
def my_binarize(x, uniform):
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            x[i, j] = 1.0 if uniform[i, j] < x[i, j] else 0.0
    return x


# %% right: with where and plain numbers
def my_binarize(x, uniform):
    return torch.where(uniform < x, 1.0, 0.0)


# %% right: with a step function
def my_binarize(x, uniform):
    return torch.heaviside(x - uniform, torch.zeros(()))


# %% right: a lambda with keyword arguments
my_binarize = lambda x, uniform: torch.lt(input=uniform, other=x).mul(1.0)


# %% right: an nn.Module
class Binarize(nn.Module):
    def forward(self, x, uniform):
        return (uniform < x).to(x.dtype)


my_binarize = Binarize()


# %% wrong: rounding
def my_binarize(x, uniform):
    return torch.round(x)


# %% wrong: rounding a sum to the nearest
def my_binarize(x, uniform):
    return torch.round(x + uniform).clamp(max=1)


# %% wrong: the sum against one half
def my_binarize(x, uniform):
    return (x + uniform > 0.5).float()


# %% wrong: the grey levels themselves, which have the right mean
def my_binarize(x, uniform):
    return x.clone()


# %% wrong: a grey level of one tenth less
def my_binarize(x, uniform):
    return (uniform < 0.9 * x).float()


# %% wrong: the mean grey level of the batch
def my_binarize(x, uniform):
    return (uniform < x.mean(0)).float().expand_as(x)


# %% wrong: the first image's grey levels
def my_binarize(x, uniform):
    return (uniform < x[:1]).float()


# %% wrong: minus one and one
def my_binarize(x, uniform):
    return torch.sign(x - uniform)


# %% wrong: its own draws, from numpy
def my_binarize(x, uniform):
    return torch.from_numpy((np.random.rand(*x.shape) < x.numpy()).astype(np.float32))


# %% wrong: its own draws, from a seed of its own
def my_binarize(x, uniform):
    own = torch.rand(x.shape, generator=torch.Generator().manual_seed(0))
    return (own < x).float()


# %% wrong: one number for a pixel of all images
def my_binarize(x, uniform):
    return (uniform[0] < x).float()


# %% wrong: one number for an image, the mean
def my_binarize(x, uniform):
    return (uniform.mean(1, keepdim=True) < x).float()


# %% wrong: drawn, and grey where drawn
def my_binarize(x, uniform):
    return torch.where(uniform < x, x, torch.zeros_like(x))


# %% wrong: on a scale of 255
def my_binarize(x, uniform):
    return (uniform * 255 < x).float()


# %% wrong: integers
def my_binarize(x, uniform):
    return (uniform < x).to(torch.int16)


# %% wrong: drawn only between a quarter and three quarters
def my_binarize(x, uniform):
    soft = (x > 0.25) & (x < 0.75)
    return torch.where(soft, uniform < x, x > 0.5).float()


# %% wrong: white is never drawn
def my_binarize(x, uniform):
    return ((uniform < x) & (x < 1)).float()


# %% wrong: the sigmoid of the grey level
def my_binarize(x, uniform):
    return (uniform < x.sigmoid()).float()
