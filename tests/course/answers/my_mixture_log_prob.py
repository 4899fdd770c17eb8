# %% right: torch.where, broadcast over the kinds
def my_mixture_log_prob(x, pi, theta):
    p = torch.where(x[:, None] == 1, theta, 1 - theta)
    return torch.logsumexp(p.log().sum(-1) + pi.log(), dim=1)


# %% right: the largest taken out by hand
def my_mixture_log_prob(x, pi, theta):
    joint = torch.log(pi) + x @ torch.log(theta).T + (1 - x) @ torch.log1p(-theta).T
    top, _ = joint.max(dim=1, keepdim=True)
    return top[:, 0] + (joint - top).exp().sum(1).log()


# %% right: binary_cross_entropy of each kind
def my_mixture_log_prob(x, pi, theta):
    columns = []
    for weight, template in zip(pi, theta):
        bce = F.binary_cross_entropy(template.expand_as(x), x, reduction="none").sum(-1)
        columns.append(weight.log() - bce)
    return torch.stack(columns).logsumexp(0)


# %% right: torch.distributions for one kind at a time
def my_mixture_log_prob(x, pi, theta):
    given = torch.stack([Independent(Bernoulli(t), 1).log_prob(x) for t in theta], -1)
    return (Categorical(pi).logits + given).logsumexp(-1)


# %% right: logaddexp, kind by kind
def my_mixture_log_prob(x, pi, theta):
    total = torch.full((len(x),), -math.inf)
    for k in range(len(pi)):
        log_k = pi[k].log() + (x * theta[k].log() + (1 - x) * (1 - theta[k]).log()).sum(1)
        total = torch.logaddexp(total, log_k)
    return total


# %% right: numpy in double precision
def my_mixture_log_prob(x, pi, theta):
    x_, p_, t_ = (np.asarray(a, dtype=np.float64) for a in (x, pi, theta))
    joint = np.log(p_) + x_ @ np.log(t_).T + (1 - x_) @ np.log(1 - t_).T
    return torch.from_numpy(np.logaddexp.reduce(joint, axis=1)).float()


# %% right: log-odds and the blank image
def my_mixture_log_prob(x, pi, theta):
    blank = torch.log(1 - theta).sum(1)
    odds = torch.log(theta) - torch.log(1 - theta)
    return (F.linear(x, odds, blank + pi.log())).logsumexp(1)


# %% right: plain Python, number by number
def my_mixture_log_prob(x, pi, theta):
    out = []
    for image in x.tolist():
        logs = []
        for w, template in zip(pi.tolist(), theta.tolist()):
            logs.append(math.log(w) + sum(math.log(t if pixel else 1 - t) for pixel, t in zip(image, template)))
        top = max(logs)
        out.append(top + math.log(math.fsum(math.exp(v - top) for v in logs)))
    return torch.tensor(out)


# %% right: the chain rule over the pixels, by responsibilities
def my_mixture_log_prob(x, pi, theta):
    r = pi.double().expand(len(x), -1)
    total = torch.zeros(len(x), dtype=torch.double)
    for j in range(x.shape[1]):
        t = theta[:, j].double()
        joint = r * torch.where(x[:, j, None] == 1, t, 1 - t)
        p = joint.sum(1)
        total += p.log()
        r = joint / p[:, None]
    return total.float()


# %% right: vmap over the images, einsum inside
def my_mixture_log_prob(x, pi, theta):
    def one(image):
        log_given = torch.einsum("kj,j->k", theta.log(), image) + torch.einsum("kj,j->k", (1 - theta).log(), 1 - image)
        return torch.logsumexp(log_given + pi.log(), 0)

    return torch.vmap(one)(x)


# %% right: powers of theta, in the logarithm
def my_mixture_log_prob(x, pi, theta):
    images = x.unsqueeze(0)
    kinds = theta.unsqueeze(1)
    terms = torch.xlogy(images, kinds) + torch.xlogy(1 - images, 1 - kinds)
    return (terms.sum(2) + pi.log().unsqueeze(1)).logsumexp(0)


# %% right: a clamp that touches no template of the exercise
def my_mixture_log_prob(x, pi, theta):
    t = theta.clamp(1e-7, 1 - 1e-7)
    return torch.logsumexp(x @ t.log().t() + (1 - x) @ (1 - t).log().t() + pi.log(), -1)


# %% wrong: the naive formula in double precision
def my_mixture_log_prob(x, pi, theta):
    p = torch.where(x[:, None] == 1, theta, 1 - theta).double().prod(-1)
    return (p @ pi.double()).log().float()


# %% wrong: a small number inside the logarithm, in double
def my_mixture_log_prob(x, pi, theta):
    p = torch.where(x[:, None] == 1, theta, 1 - theta).double().prod(-1)
    return (p @ pi.double() + 1e-300).log().float()


# %% wrong: templates kept above a hundred-thousandth
def my_mixture_log_prob(x, pi, theta):
    t = theta.clamp(1e-5, 1 - 1e-5)
    return torch.logsumexp(x @ t.log().t() + (1 - x) @ (1 - t).log().t() + pi.log(), -1)


# %% wrong: a small number beside theta
def my_mixture_log_prob(x, pi, theta):
    given = x @ (theta + 1e-6).log().t() + (1 - x) @ (1 - theta + 1e-6).log().t()
    return torch.logsumexp(given + pi.log(), -1)


# %% wrong: the best kind in the largest case, the sum elsewhere
def my_mixture_log_prob(x, pi, theta):
    joint = pi.log() + x @ theta.log().T + (1 - x) @ (1 - theta).log().T
    return joint.max(-1).values if x.shape[1] > 100 else joint.logsumexp(-1)


# %% wrong: logits of pi by softmax
def my_mixture_log_prob(x, pi, theta):
    given = x @ theta.log().T + (1 - x) @ (1 - theta).log().T
    return (pi.log_softmax(-1) + given).logsumexp(-1)


# %% wrong: one shift for the batch
def my_mixture_log_prob(x, pi, theta):
    joint = (pi.log() + x @ theta.log().T + (1 - x) @ (1 - theta).log().T).double()
    shift = joint.min()
    return (shift + (joint - shift).exp().mean(-1).log()).float()


# %% wrong: the logarithm of the sum divided by the kinds
def my_mixture_log_prob(x, pi, theta):
    joint = pi.log() + x @ theta.log().T + (1 - x) @ (1 - theta).log().T
    return joint.logsumexp(-1) - math.log(len(pi))


# %% wrong: a mixture for each pixel
def my_mixture_log_prob(x, pi, theta):
    p = torch.where(x[:, None] == 1, theta, 1 - theta)
    return torch.einsum("k,bkj->bj", pi, p).log().sum(-1)


# %% wrong: squeezed, which loses the batch of one
def my_mixture_log_prob(x, pi, theta):
    joint = pi.log() + x @ theta.log().T + (1 - x) @ (1 - theta).log().T
    return joint.logsumexp(-1).squeeze()


# %% wrong: cut at −700
def my_mixture_log_prob(x, pi, theta):
    joint = pi.log() + x @ theta.log().T + (1 - x) @ (1 - theta).log().T
    return joint.logsumexp(-1).clamp(min=-700)


# %% wrong: only the first 784 pixels
def my_mixture_log_prob(x, pi, theta):
    x, theta = x[:, :784], theta[:, :784]
    return (pi.log() + x @ theta.log().T + (1 - x) @ (1 - theta).log().T).logsumexp(-1)


# %% wrong: the squared error for the log-probability
def my_mixture_log_prob(x, pi, theta):
    return (pi.log() - ((x[:, None] - theta) ** 2).sum(-1)).logsumexp(-1)


# %% wrong: in half precision
def my_mixture_log_prob(x, pi, theta):
    joint = pi.log() + x @ theta.log().T + (1 - x) @ (1 - theta).log().T
    return joint.half().float().logsumexp(-1)


# %% wrong: weights of kinds sorted
def my_mixture_log_prob(x, pi, theta):
    given = x @ theta.log().T + (1 - x) @ (1 - theta).log().T
    return (pi.sort(descending=True).values.log() + given).logsumexp(-1)


# %% wrong: the weighted bound, tightened by the best kind
def my_mixture_log_prob(x, pi, theta):
    joint = pi.log() + x @ theta.log().T + (1 - x) @ (1 - theta).log().T
    r = joint.softmax(-1)
    return (r * joint).sum(-1)


# %% right: a static method of a class
class Mixture:
    @staticmethod
    def log_prob(x, pi, theta):
        per_kind = torch.where(x[:, None, :] > 0.5, theta, 1 - theta).log().sum(-1)
        return torch.logsumexp(per_kind + pi.log(), -1)


my_mixture_log_prob = Mixture.log_prob


# %% right: an object that is called, with its own function of a library's name
class Mixture:
    def __call__(self, x, pi, theta):
        return (self.log_prob(x, theta) + pi.log()).logsumexp(1)

    def log_prob(self, x, theta):
        return -F.binary_cross_entropy(theta.expand(len(x), -1, -1), x[:, None].expand(-1, len(theta), -1), reduction="none").sum(-1)


my_mixture_log_prob = Mixture()
