# %% right: Bayes' rule by exponentials after the largest is taken out
def my_conditional_mean(seen, pi, theta):
    A = seen.size(1)
    joint = pi.log() + seen @ theta[:, :A].log().T + (1 - seen) @ (1 - theta[:, :A]).log().T
    w = (joint - joint.amax(1, keepdim=True)).exp()
    return (w @ theta[:, A:]) / w.sum(1, keepdim=True)


# %% right: a ratio of two mixtures, pixel by pixel
def log_p(x, pi, theta):
    return (pi.log() + x @ theta.log().T + (1 - x) @ (1 - theta).log().T).logsumexp(-1)


def my_conditional_mean(seen, pi, theta):
    seen, pi, theta = seen.double(), pi.double(), theta.double()
    A, X = seen.shape[1], theta.shape[1]
    below = log_p(seen, pi, theta[:, :A])
    found = []
    for j in range(A, X):
        columns = list(range(A)) + [j]
        inked = torch.cat([seen, torch.ones(len(seen), 1, dtype=torch.double)], 1)
        found.append((log_p(inked, pi, theta[:, columns]) - below).exp())
    return torch.stack(found, 1).float()


# %% right: Categorical's probabilities
def my_conditional_mean(seen, pi, theta):
    above, below = theta.split([seen.shape[1], theta.shape[1] - seen.shape[1]], dim=1)
    given = torch.stack([Bernoulli(t).log_prob(seen).sum(-1) for t in above], -1)
    return Categorical(logits=given + pi.log()).probs @ below


# %% right: the responsibilities, pixel by pixel, never small
def my_conditional_mean(seen, pi, theta):
    r = pi.double().repeat(len(seen), 1)
    for j in range(seen.shape[1]):
        t = theta[:, j].double()
        r = r * torch.where(seen[:, j : j + 1] > 0.5, t, 1 - t)
        r = r / r.sum(-1, keepdim=True)
    return (r @ theta[:, seen.shape[1] :].double()).float()


# %% right: numpy
def my_conditional_mean(seen, pi, theta):
    s, p, t = (np.array(a, dtype=np.float64) for a in (seen, pi, theta))
    a = s.shape[1]
    log_w = np.log(p) + s @ np.log(t[:, :a]).T + (1 - s) @ np.log1p(-t[:, :a]).T
    w = np.exp(log_w - log_w.max(1, keepdims=True))
    return torch.tensor(w / w.sum(1, keepdims=True) @ t[:, a:], dtype=torch.float32)


# %% right: einsum, with where for the pixels
def my_conditional_mean(seen, pi, theta):
    n = seen.shape[-1]
    logs = torch.where(seen[:, None, :] == 1, theta[None, :, :n], 1 - theta[None, :, :n]).log()
    r = F.softmax(pi.log() + logs.sum(-1), dim=1)
    return torch.einsum("bk,kj->bj", r, theta[:, n:])


# %% right: vmap over the images
def my_conditional_mean(seen, pi, theta):
    def one(a):
        n = a.shape[0]
        log_w = pi.log() + (a * theta[:, :n].log() + (1 - a) * (1 - theta[:, :n]).log()).sum(1)
        return log_w.softmax(0) @ theta[:, n:]

    return torch.vmap(one)(seen)


# %% right: log-softmax, mixed in logarithms
def my_conditional_mean(seen, pi, theta):
    A = seen.shape[1]
    log_r = (torch.log(pi) + seen @ theta[:, :A].log().T + (1 - seen) @ (1 - theta[:, :A]).log().T).log_softmax(1)
    return (log_r[:, :, None] + theta[:, A:].log()).logsumexp(1).exp()


# %% right: loops over images and kinds
def my_conditional_mean(seen, pi, theta):
    A = seen.shape[1]
    rows = []
    for a in seen:
        logs = torch.stack(
            [
                pi[k].double().log() + torch.where(a == 1, theta[k, :A], 1 - theta[k, :A]).double().log().sum()
                for k in range(len(pi))
            ]
        )
        weights = (logs - logs.max()).exp()
        weights /= weights.sum()
        rows.append(sum(w * t[A:].double() for w, t in zip(weights, theta)).float())
    return torch.stack(rows)


# %% right: odds against the first kind
def my_conditional_mean(seen, pi, theta):
    A = seen.shape[1]
    joint = pi.log() + seen @ theta[:, :A].log().T + (1 - seen) @ (1 - theta[:, :A]).log().T
    odds = (joint[:, :, None] - joint[:, None, :]).exp()
    return (1 / odds.sum(1)) @ theta[:, A:]


# %% right: cross-entropy of each kind, softmax of its negative
def my_conditional_mean(seen, pi, theta):
    A = seen.shape[1]
    cost = torch.stack(
        [F.binary_cross_entropy(t[:A].expand_as(seen), seen, reduction="none").sum(1) for t in theta], dim=1
    )
    return F.softmin(cost - pi.log(), dim=1) @ theta[:, A:]


# %% wrong: exponentials in double precision
def my_conditional_mean(seen, pi, theta):
    A = seen.shape[1]
    p = torch.where(seen[:, None] == 1, theta[:, :A], 1 - theta[:, :A]).double().prod(-1) * pi
    return (p / p.sum(1, keepdim=True) @ theta[:, A:].double()).float()


# %% wrong: exponentials, and a small number in the denominator
def my_conditional_mean(seen, pi, theta):
    A = seen.shape[1]
    p = torch.where(seen[:, None] == 1, theta[:, :A], 1 - theta[:, :A]).double().prod(-1) * pi
    return (p / (p.sum(1, keepdim=True) + 1e-12) @ theta[:, A:].double()).float()


# %% wrong: NaN filled up with the mean image
def my_conditional_mean(seen, pi, theta):
    A = seen.shape[1]
    p = torch.where(seen[:, None] == 1, theta[:, :A], 1 - theta[:, :A]).prod(-1) * pi
    found = p / p.sum(1, keepdim=True) @ theta[:, A:]
    return torch.where(found.isnan(), (pi @ theta)[A:], found)


# %% wrong: the last pixels' templates for the seen ones
def my_conditional_mean(seen, pi, theta):
    A = seen.shape[1]
    a, b = theta[:, -A:], theta[:, :-A]
    return (pi.log() + seen @ a.log().T + (1 - seen) @ (1 - a).log().T).softmax(-1) @ b


# %% wrong: weights squared
def my_conditional_mean(seen, pi, theta):
    A = seen.shape[1]
    joint = pi.log() + seen @ theta[:, :A].log().T + (1 - seen) @ (1 - theta[:, :A]).log().T
    return (2 * joint).softmax(-1) @ theta[:, A:]


# %% wrong: weights multiply the logarithms
def my_conditional_mean(seen, pi, theta):
    A = seen.shape[1]
    given = seen @ theta[:, :A].log().T + (1 - seen) @ (1 - theta[:, :A]).log().T
    return (pi * given).softmax(-1) @ theta[:, A:]


# %% wrong: the nearest template by squared distance, softly
def my_conditional_mean(seen, pi, theta):
    A = seen.shape[1]
    away = ((seen[:, None] - theta[:, :A]) ** 2).sum(-1)
    return (pi.log() - away).softmax(-1) @ theta[:, A:]


# %% wrong: the unseen pixels at one half
def my_conditional_mean(seen, pi, theta):
    rest = theta.shape[1] - seen.shape[1]
    x = torch.cat([seen, torch.full((len(seen), rest), 0.5)], 1)
    return (pi.log() + x @ theta.log().T + (1 - x) @ (1 - theta).log().T).softmax(-1) @ theta[:, -rest:]


# %% wrong: the probability of no ink
def my_conditional_mean(seen, pi, theta):
    A = seen.shape[1]
    joint = pi.log() + seen @ theta[:, :A].log().T + (1 - seen) @ (1 - theta[:, :A]).log().T
    return joint.softmax(-1) @ (1 - theta[:, A:])


# %% wrong: a softmax of the weights instead of their logarithms
def my_conditional_mean(seen, pi, theta):
    A = seen.shape[1]
    given = seen @ theta[:, :A].log().T + (1 - seen) @ (1 - theta[:, :A]).log().T
    return (pi.softmax(0).log() + given).softmax(-1) @ theta[:, A:]


# %% wrong: the first hundred seen pixels
def my_conditional_mean(seen, pi, theta):
    A, few = seen.shape[1], min(seen.shape[1], 100)
    a, s = theta[:, :few], seen[:, :few]
    return (pi.log() + s @ a.log().T + (1 - s) @ (1 - a).log().T).softmax(-1) @ theta[:, A:]


# %% wrong: the likeliest kind where many pixels are seen
def my_conditional_mean(seen, pi, theta):
    A = seen.shape[1]
    joint = pi.log() + seen @ theta[:, :A].log().T + (1 - seen) @ (1 - theta[:, :A]).log().T
    r = joint.softmax(-1) if A < 100 else F.one_hot(joint.argmax(-1), len(pi)).float()
    return r @ theta[:, A:]


# %% wrong: one posterior for the whole batch
def my_conditional_mean(seen, pi, theta):
    A = seen.shape[1]
    given = seen @ theta[:, :A].log().T + (1 - seen) @ (1 - theta[:, :A]).log().T
    return (pi.log() + given.sum(0)).softmax(-1).expand(len(seen), -1) @ theta[:, A:]


# %% wrong: drawn, not the mean
def my_conditional_mean(seen, pi, theta):
    A = seen.shape[1]
    joint = pi.log() + seen @ theta[:, :A].log().T + (1 - seen) @ (1 - theta[:, :A]).log().T
    return torch.bernoulli(joint.softmax(-1) @ theta[:, A:])


# %% wrong: the template of one kind, drawn
def my_conditional_mean(seen, pi, theta):
    A = seen.shape[1]
    joint = pi.log() + seen @ theta[:, :A].log().T + (1 - seen) @ (1 - theta[:, :A]).log().T
    return theta[joint.softmax(-1).multinomial(1)[:, 0], A:]
