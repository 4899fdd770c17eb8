# %% right: solve, without an inverse for the mean
def my_ppca_posterior(x, mean, weight, s):
    D = weight.shape[1]
    precision = torch.eye(D) + weight.T @ weight / s**2
    means = torch.linalg.solve(precision, weight.T @ (x - mean).T / s**2).T
    return means, torch.linalg.inv(precision)


# %% right: the form with M = WᵀW + s²I, as a list
def my_ppca_posterior(x, mean, weight, s):
    M = weight.T.mm(weight) + s * s * torch.eye(weight.size(1))
    inverse = torch.inverse(M)
    return [(x - mean).mm(weight).mm(inverse.T), s * s * inverse]


# %% right: Cholesky
def my_ppca_posterior(x, mean, weight, s):
    precision = torch.eye(weight.shape[1]) + weight.T @ weight / s**2
    L = torch.linalg.cholesky(precision)
    b = ((x - mean) @ weight / s**2).T
    return torch.cholesky_solve(b, L).T, torch.cholesky_inverse(L)


# %% right: conditioning the joint Gaussian, in the space of pixels
def my_ppca_posterior(x, mean, weight, s):
    C = weight @ weight.T + s**2 * torch.eye(len(weight))
    gain = torch.linalg.solve(C, weight).T
    return (x - mean) @ gain.T, torch.eye(weight.shape[1]) - gain @ weight


# %% right: a pixel at a time, as in a Kalman filter
def my_ppca_posterior(x, mean, weight, s):
    B, D = len(x), weight.shape[1]
    mu, cov = torch.zeros(B, D, dtype=torch.double), torch.eye(D, dtype=torch.double)
    for j in range(len(weight)):
        w = weight[j].double()
        gain = cov @ w / (w @ cov @ w + s**2)
        surprise = x[:, j].double() - mean[j].double() - mu @ w
        mu = mu + surprise[:, None] * gain
        cov = cov - torch.outer(gain, w @ cov)
    return mu.float(), cov.float()


# %% right: singular values
def my_ppca_posterior(x, mean, weight, s):
    U, d, Vh = torch.linalg.svd(weight, full_matrices=False)
    shrink = d / (d**2 + s**2)
    means = ((x - mean) @ U * shrink) @ Vh
    return means, Vh.T @ torch.diag(s**2 / (d**2 + s**2)) @ Vh


# %% right: a loop over the observations
def my_ppca_posterior(x, mean, weight, s):
    cov = torch.linalg.inv(torch.eye(weight.shape[1]) + weight.T @ weight / s**2)
    return torch.stack([cov @ weight.T @ (row - mean) / s**2 for row in x]), cov


# %% right: numpy in double precision
def my_ppca_posterior(x, mean, weight, s):
    x_, m, W = (a.numpy().astype(np.float64) for a in (x, mean, weight))
    cov = np.linalg.inv(np.eye(W.shape[1]) + W.T @ W / s**2)
    return torch.tensor((x_ - m) @ W @ cov / s**2).float(), torch.tensor(cov).float()


# %% right: ridge regression, by least squares with the prior as rows
def my_ppca_posterior(x, mean, weight, s):
    D = weight.shape[1]
    rows = torch.cat([weight / s, torch.eye(D)])
    targets = torch.cat([(x - mean).T / s, torch.zeros(D, len(x))])
    means = torch.linalg.lstsq(rows, targets).solution.T
    return means, torch.linalg.inv(rows.T @ rows)


# %% right: eigenvectors of the precision
def my_ppca_posterior(x, mean, weight, s):
    values, vectors = torch.linalg.eigh(weight.T @ weight / s**2)
    cov = vectors @ torch.diag(1 / (1 + values)) @ vectors.T
    return torch.einsum("bx,xd,de->be", x - mean, weight, cov) / s**2, cov


# %% right: vmap over the observations, a tensor for s
def my_ppca_posterior(x, mean, weight, s):
    var = torch.tensor(float(s)).square()
    cov = (torch.eye(weight.shape[-1]) + weight.mT @ weight / var).inverse()
    one = lambda row: cov @ (weight.mT @ (row - mean)) / var
    return torch.vmap(one)(x), cov


# %% right: the derivative of the joint's logarithm, by autograd
def my_ppca_posterior(x, mean, weight, s):
    def log_joint(z, row):
        return -0.5 * (z @ z) - 0.5 * ((row - mean - weight @ z) ** 2).sum() / s**2

    D = weight.shape[1]
    hessian = torch.autograd.functional.hessian(lambda z: log_joint(z, x[0]), torch.zeros(D))
    cov = torch.linalg.inv(-hessian)
    means = []
    for row in x:
        z = torch.zeros(D, requires_grad=True)
        (slope,) = torch.autograd.grad(log_joint(z, row), z)
        means.append(cov @ slope)
    return torch.stack(means), cov


# %% wrong: the inverse of M for the covariance
def my_ppca_posterior(x, mean, weight, s):
    M = weight.T @ weight + s**2 * torch.eye(weight.shape[1])
    return (x - mean) @ weight @ M.inverse(), M.inverse()


# %% wrong: columns taken for orthogonal
def my_ppca_posterior(x, mean, weight, s):
    v = 1 / (1 + (weight**2).sum(0) / s**2)
    return (x - mean) @ weight * v / s**2, torch.diag(v)


# %% wrong: s for s²
def my_ppca_posterior(x, mean, weight, s):
    cov = torch.linalg.inv(torch.eye(weight.shape[1]) + weight.T @ weight / s)
    return (x - mean) @ weight @ cov / s, cov


# %% wrong: s² in the precision, s in the mean
def my_ppca_posterior(x, mean, weight, s):
    cov = torch.linalg.inv(torch.eye(weight.shape[1]) + weight.T @ weight / s**2)
    return (x - mean) @ weight @ cov / s, cov


# %% wrong: x minus the batch's mean
def my_ppca_posterior(x, mean, weight, s):
    cov = torch.linalg.inv(torch.eye(weight.shape[1]) + weight.T @ weight / s**2)
    return (x - x.mean(0)) @ weight @ cov / s**2, cov


# %% wrong: twice the prior
def my_ppca_posterior(x, mean, weight, s):
    cov = torch.linalg.inv(2 * torch.eye(weight.shape[1]) + weight.T @ weight / s**2)
    return (x - mean) @ weight @ cov / s**2, cov


# %% wrong: reciprocals of the precision's entries
def my_ppca_posterior(x, mean, weight, s):
    precision = torch.eye(weight.shape[1]) + weight.T @ weight / s**2
    return torch.linalg.solve(precision, weight.T @ (x - mean).T / s**2).T, 1 / precision


# %% wrong: a Cholesky factor for the covariance
def my_ppca_posterior(x, mean, weight, s):
    cov = torch.linalg.inv(torch.eye(weight.shape[1]) + weight.T @ weight / s**2)
    return (x - mean) @ weight @ cov / s**2, torch.linalg.cholesky(cov)


# %% wrong: the mean alone
def my_ppca_posterior(x, mean, weight, s):
    precision = torch.eye(weight.shape[1]) + weight.T @ weight / s**2
    return (x - mean) @ weight @ torch.linalg.inv(precision) / s**2


# %% wrong: means as columns
def my_ppca_posterior(x, mean, weight, s):
    cov = torch.linalg.inv(torch.eye(weight.shape[1]) + weight.T @ weight / s**2)
    return cov @ weight.T @ (x - mean).T / s**2, cov


# %% wrong: a covariance for each observation
def my_ppca_posterior(x, mean, weight, s):
    cov = torch.linalg.inv(torch.eye(weight.shape[1]) + weight.T @ weight / s**2)
    return (x - mean) @ weight @ cov / s**2, cov.repeat(len(x), 1, 1)


# %% wrong: a draw from the posterior
def my_ppca_posterior(x, mean, weight, s):
    cov = torch.linalg.inv(torch.eye(weight.shape[1]) + weight.T @ weight / s**2)
    means = (x - mean) @ weight @ cov / s**2
    return means + torch.randn_like(means) @ torch.linalg.cholesky(cov).T, cov


# %% wrong: the covariance of the means in the batch
def my_ppca_posterior(x, mean, weight, s):
    cov = torch.linalg.inv(torch.eye(weight.shape[1]) + weight.T @ weight / s**2)
    means = (x - mean) @ weight @ cov / s**2
    return means, torch.cov(means.T)


# %% wrong: the noise's variance divided by the number of pixels
def my_ppca_posterior(x, mean, weight, s):
    cov = torch.linalg.inv(torch.eye(weight.shape[1]) + weight.T @ weight / s**2 / len(weight))
    return (x - mean) @ weight @ cov / s**2 / len(weight), cov


# %% wrong: the mean added back
def my_ppca_posterior(x, mean, weight, s):
    cov = torch.linalg.inv(torch.eye(weight.shape[1]) + weight.T @ weight / s**2)
    return x @ weight @ cov / s**2, cov


# %% wrong: s written down as a half
def my_ppca_posterior(x, mean, weight, s):
    cov = torch.linalg.inv(torch.eye(weight.shape[1]) + 4 * weight.T @ weight)
    return 4 * (x - mean) @ weight @ cov, cov
