# %% right: the larger of two
def my_free_bits(kl, allowance):
    return torch.maximum(kl.mean(0), torch.tensor(allowance)).sum()


# %% right: the allowance, and what is above it
def my_free_bits(kl, allowance):
    return (allowance + F.relu(kl.mean(dim=0) - allowance)).sum()


# %% right: dimension by dimension, in Python
def my_free_bits(kl, allowance):
    total = torch.zeros(())
    for d in range(kl.shape[1]):
        each = sum(kl[:, d]) / len(kl)
        total = total + (each if each > allowance else allowance)
    return total


# %% right: Python's own max
def my_free_bits(kl, allowance):
    return sum(max(each, torch.tensor(allowance)) for each in kl.mean(0).unbind())


# %% right: with where
def my_free_bits(kl, allowance):
    mean = torch.einsum("bd->d", kl) / kl.shape[0]
    return torch.where(mean < allowance, torch.full_like(mean, allowance), mean).sum()


# %% right: by a mask
def my_free_bits(kl, allowance):
    each = kl.mean(0)
    above = each > allowance
    return each[above].sum() + allowance * (~above).sum()


# %% right: in place on its own tensor
def my_free_bits(kl, allowance):
    each = kl.mean(0)
    each[each < allowance] = allowance
    return each.sum()


# %% right: threshold of the library
def my_free_bits(kl, allowance):
    return F.threshold(kl.mean(0), allowance, allowance).sum(dim=-1)


# %% right: in double precision
def my_free_bits(kl, allowance):
    return torch.clamp(input=torch.mean(kl.double(), 0), min=allowance).sum().float()


# %% right: the other way, with the smaller of two
def my_free_bits(kl, allowance):
    return -torch.min(-kl.mean(0), torch.full((kl.shape[1],), -allowance)).sum()


# %% right: twice half, by absolute values
def my_free_bits(kl, allowance):
    each = kl.mean(0)
    return 0.5 * (each + allowance + (each - allowance).abs()).sum()


# %% right: an nn.Module
class FreeBits(nn.Module):
    def forward(self, kl, allowance):
        return kl.mean(0).clamp(min=allowance).sum()


my_free_bits = FreeBits()


# %% wrong: a total allowance
def my_free_bits(kl, allowance):
    return kl.mean(0).sum().clamp(min=allowance * kl.shape[1])


# %% wrong: a total allowance for each image
def my_free_bits(kl, allowance):
    return kl.sum(1).clamp(min=allowance * kl.shape[1]).mean()


# %% wrong: the larger of two sums
def my_free_bits(kl, allowance):
    return torch.maximum(kl.mean(0).sum(), torch.tensor(allowance * kl.shape[1]))


# %% wrong: image by image, in Python
def my_free_bits(kl, allowance):
    return torch.stack([row.clamp(min=allowance).sum() for row in kl]).mean()


# %% wrong: an allowance of 0.25 whatever is passed in
def my_free_bits(kl, allowance=0.25):
    return kl.mean(0).clamp(min=0.25).sum()


# %% wrong: added to the rate
def my_free_bits(kl, allowance):
    return (kl.mean(0) + allowance).sum()


# %% wrong: the median over the batch
def my_free_bits(kl, allowance):
    return kl.median(0).values.clamp(min=allowance).sum()


# %% wrong: the batch is where it should not be
def my_free_bits(kl, allowance):
    return kl.mean(1).clamp(min=allowance).sum()


# %% wrong: right in value, and the gradient passes below the allowance
def my_free_bits(kl, allowance):
    each = kl.mean(0)
    return (each + (allowance - each).clamp(min=0).detach()).sum()


# %% wrong: right in value, no gradient
def my_free_bits(kl, allowance):
    each = kl.detach().numpy().mean(0)
    return torch.tensor(np.maximum(each, allowance).sum())


# %% wrong: right in value, the gradient of one image only
def my_free_bits(kl, allowance):
    each = (kl[:1].sum(0) + kl[1:].sum(0).detach()) / len(kl)
    return each.clamp(min=allowance).sum()


# %% wrong: a number of Python
def my_free_bits(kl, allowance):
    return float(kl.mean(0).clamp(min=allowance).sum())


# %% wrong: an allowance in bits
def my_free_bits(kl, allowance):
    return kl.mean(0).clamp(min=allowance * math.log(2)).sum()


# %% wrong: a soft floor
def my_free_bits(kl, allowance):
    return (allowance + F.softplus(kl.mean(0) - allowance)).sum()


# %% wrong: what is below the allowance counts nothing
def my_free_bits(kl, allowance):
    each = kl.mean(0)
    return each[each > allowance].sum()


# %% wrong: the deviation from the allowance
def my_free_bits(kl, allowance):
    return (kl.mean(0) - allowance).abs().sum()
