# %% right: direction by direction, in Python
def my_water_filling(variances, level):
    rates, errors = [], []
    for v in variances.tolist():
        rates.append(0.5 * math.log(v / level) if v > level else 0.0)
        errors.append(min(v, level))
    return torch.tensor(rates), torch.tensor(errors)


# %% right: with where
def my_water_filling(variances, level):
    kept = variances > level
    rates = torch.where(kept, torch.log(torch.sqrt(variances / level)), torch.zeros_like(variances))
    return rates, torch.where(kept, torch.full_like(variances, level), variances)


# %% right: a difference of logarithms
def my_water_filling(variances, level):
    return F.relu(variances.log() - math.log(level)) / 2, torch.minimum(variances, torch.tensor(level))


# %% right: from the smaller of the two
def my_water_filling(variances, level):
    errors = variances.clamp(max=level)
    return 0.5 * torch.log(variances / errors), errors


# %% right: from the larger of the two
def my_water_filling(variances, level):
    return 0.5 * torch.log(variances.clamp(min=level) / level), variances - (variances - level).clamp(min=0)


# %% right: in numpy
def my_water_filling(variances, level):
    v = variances.numpy().astype(np.float64)
    return torch.from_numpy(np.maximum(0, np.log(v / level) / 2)), torch.from_numpy(np.minimum(v, level))


# %% right: a list of two, in place on its own tensors
def my_water_filling(variances, level):
    errors = variances.clone()
    errors[errors > level] = level
    rates = (variances / level).log_().mul_(0.5)
    rates[rates < 0] = 0
    return [rates, errors]


# %% right: by the linear model's posterior
def my_water_filling(variances, level):
    w2 = (variances - level).clamp(min=0)
    posterior = level / (w2 + level)
    return -0.5 * posterior.log(), variances * posterior**2 + w2 * posterior


# %% right: in bits and back
def my_water_filling(variances, level):
    bits = (0.5 * torch.log2(variances / level)).clamp(min=0)
    return bits * math.log(2), torch.fmin(variances, torch.full_like(variances, level))


# %% right: sorted and put back
def my_water_filling(variances, level):
    order = variances.argsort(descending=True)
    back = order.argsort()
    ranked = variances[order]
    n = int((ranked > level).sum())
    rates = torch.cat([0.5 * (ranked[:n] / level).log(), torch.zeros(len(ranked) - n)])
    errors = torch.cat([torch.full((n,), level), ranked[n:]])
    return rates[back], errors[back]


# %% right: overwrites its own input
def my_water_filling(variances, level):
    rates = torch.log1p((variances - level).clamp(min=0) / level) * 0.5
    return rates, variances.clamp_(max=level)


# %% wrong: taken to be sorted
def my_water_filling(variances, level):
    n = int((variances > level).sum())
    rates, errors = torch.zeros_like(variances), variances.clone()
    rates[:n] = 0.5 * (variances[:n] / level).log()
    errors[:n] = level
    return rates, errors


# %% wrong: in descending order
def my_water_filling(variances, level):
    ranked = variances.sort(descending=True).values
    return 0.5 * (ranked / level).log().clamp(min=0), ranked.clamp(max=level)


# %% wrong: kept directions alone
def my_water_filling(variances, level):
    kept = variances[variances > level]
    return 0.5 * (kept / level).log(), torch.full_like(kept, level)


# %% wrong: level as a standard deviation
def my_water_filling(variances, level):
    return (variances.sqrt() / level).log().clamp(min=0), variances.clamp(max=level**2)


# %% wrong: decimal logarithm
def my_water_filling(variances, level):
    return 0.5 * torch.log10(variances / level).clamp(min=0), variances.clamp(max=level)


# %% wrong: the size of the logarithm
def my_water_filling(variances, level):
    return 0.5 * (variances / level).log().abs(), variances.clamp(max=level)


# %% wrong: the ratio upside down
def my_water_filling(variances, level):
    return 0.5 * (level / variances).log().clamp(min=0), variances.clamp(max=level)


# %% wrong: the error of the posterior mean, without its noise
def my_water_filling(variances, level):
    w2 = (variances - level).clamp(min=0)
    return 0.5 * (variances / level).log().clamp(min=0), variances * (level / (w2 + level)) ** 2


# %% wrong: errors halved
def my_water_filling(variances, level):
    return 0.5 * (variances / level).log().clamp(min=0), 0.5 * variances.clamp(max=level)


# %% wrong: errors over the level, as they stand in the distortion
def my_water_filling(variances, level):
    return 0.5 * (variances / level).log().clamp(min=0), variances.clamp(max=level) / (2 * level)


# %% wrong: a level of 1 whatever is passed in
def my_water_filling(variances, level=1.0):
    return 0.5 * variances.log().clamp(min=0), variances.clamp(max=1.0)


# %% wrong: the level shared out over the directions
def my_water_filling(variances, level):
    level = level / len(variances)
    return 0.5 * (variances / level).log().clamp(min=0), variances.clamp(max=level)


# %% wrong: in the wrong order
def my_water_filling(variances, level):
    return variances.clamp(max=level), 0.5 * (variances / level).log().clamp(min=0)


# %% wrong: one result, stacked
def my_water_filling(variances, level):
    return torch.stack([0.5 * (variances / level).log().clamp(min=0), variances.clamp(max=level)])[0]


# %% wrong: NaN below the level
def my_water_filling(variances, level):
    return 0.5 * (variances - level).log().sub(math.log(level)), variances.clamp(max=level)
