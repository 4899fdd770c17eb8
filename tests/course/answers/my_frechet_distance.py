# %% right: a symmetric product, by two eigendecompositions
def my_frechet_distance(a, b):
    c1, c2 = torch.cov(a.T), torch.cov(b.T)
    values, vectors = torch.linalg.eigh(c1)
    root = vectors @ torch.diag(values.clamp(min=0).sqrt()) @ vectors.T
    cross = torch.linalg.eigvalsh(root @ c2 @ root).clamp(min=0).sqrt().sum()
    return (a.mean(0) - b.mean(0)).pow(2).sum() + torch.trace(c1) + torch.trace(c2) - 2 * cross


# %% right: in numpy
def my_frechet_distance(a, b):
    a, b = a.numpy(), b.numpy()
    c1, c2 = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    roots = np.sqrt(np.linalg.eigvals(c1 @ c2).astype(complex)).real
    return float(((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(c1) + np.trace(c2) - 2 * roots.sum())


# %% right: with the complex root, whose real part is taken last
def my_frechet_distance(a, b):
    c1, c2 = torch.cov(a.T), torch.cov(b.T)
    cross = torch.linalg.eigvals(c1 @ c2).sqrt().sum().real
    return torch.dist(a.mean(0), b.mean(0)) ** 2 + (c1 + c2).trace() - 2 * cross


# %% right: the order of the covariances does not matter
def my_frechet_distance(a, b):
    c1, c2 = a.T.cov(), b.T.cov()
    cross = torch.linalg.eigvals(c2 @ c1).abs().sqrt().sum()
    return (b.mean(0) - a.mean(0)).square().sum() + c1.diagonal().sum() + c2.diagonal().sum() - 2 * cross


# %% right: covariances by hand, with a loop for the means
def my_frechet_distance(a, b):
    moments = []
    for x in (a.double(), b.double()):
        m = sum(x) / len(x)
        moments.append((m, torch.einsum("ni,nj->ij", x - m, x - m) / (len(x) - 1)))
    (m1, c1), (m2, c2) = moments
    eigenvalues = torch.linalg.eigvals(c1 @ c2).real.clamp(min=0)
    return torch.dot(m1 - m2, m1 - m2) + torch.trace(c1 + c2 - 0 * c1) - 2 * eigenvalues.sqrt().sum()


# %% right: the singular values of the centred features
def my_frechet_distance(a, b):
    x = (a - a.mean(0)) / math.sqrt(len(a) - 1)
    y = (b - b.mean(0)) / math.sqrt(len(b) - 1)
    cross = torch.linalg.svdvals(x @ y.T).sum()
    return ((a.mean(0) - b.mean(0)) ** 2).sum() + (x**2).sum() + (y**2).sum() - 2 * cross


# %% right: Cholesky factors
def my_frechet_distance(a, b):
    c1, c2 = torch.cov(a.T), torch.cov(b.T)
    low = torch.linalg.cholesky(c1)
    cross = torch.linalg.eigvalsh(low.T @ c2 @ low).clamp(min=0).sqrt().sum()
    return (a.mean(0) - b.mean(0)).square().sum() + c1.trace() + c2.trace() - 2 * cross


# %% right: the root of the matrix by iteration
def my_frechet_distance(a, b):
    a, b = a.double(), b.double()
    c1, c2 = torch.cov(a.T), torch.cov(b.T)
    y, eye = c1 @ c2, torch.eye(c1.shape[0], dtype=torch.float64)
    scale = y.norm()
    y, w = y / scale, eye
    for _ in range(100):
        t = 0.5 * (3 * eye - w @ y)
        y, w = y @ t, t @ w
    return (a.mean(0) - b.mean(0)).square().sum() + torch.trace(c1 + c2 - 2 * y * scale.sqrt())


# %% right: the variances and twice the cross term, with keyword arguments
def my_frechet_distance(a, b):
    shift = torch.sum((a.mean(dim=0) - b.mean(dim=0)) ** 2)
    product = torch.matmul(input=torch.cov(a.t()), other=torch.cov(b.t()))
    roots = torch.linalg.eigvals(product).real.clamp_min(0).sqrt()
    return shift + a.var(dim=0).sum() + b.var(dim=0).sum() - 2 * roots.sum()


# %% right: centres its own input in place
def my_frechet_distance(a, b):
    m1, m2 = a.mean(0), b.mean(0)
    a -= m1
    b -= m2
    c1, c2 = a.T @ a / (len(a) - 1), b.T @ b / (len(b) - 1)
    cross = torch.linalg.eigvals(c1 @ c2).real.clamp(min=0).sqrt().sum()
    return (m1 - m2) @ (m1 - m2) + c1.trace() + c2.trace() - 2 * cross


# %% right: clipped at zero
def my_frechet_distance(a, b):
    c1, c2 = torch.cov(a.T).double(), torch.cov(b.T).double()
    roots = torch.linalg.eigvals(c1 @ c2).real.clamp(min=0).sqrt()
    d = (a.mean(0) - b.mean(0)).double().square().sum() + c1.trace() + c2.trace() - 2 * roots.sum()
    return max(d.item(), 0.0)


# %% wrong: without the square on the shift
def my_frechet_distance(a, b):
    c1, c2 = torch.cov(a.T), torch.cov(b.T)
    cross = torch.linalg.eigvals(c1 @ c2).real.clamp(min=0).sqrt().sum()
    return torch.linalg.norm(a.mean(0) - b.mean(0)) + c1.trace() + c2.trace() - 2 * cross


# %% wrong: the mean of the squared shift
def my_frechet_distance(a, b):
    c1, c2 = torch.cov(a.T), torch.cov(b.T)
    cross = torch.linalg.eigvals(c1 @ c2).real.clamp(min=0).sqrt().sum()
    return F.mse_loss(a.mean(0), b.mean(0)) + c1.trace() + c2.trace() - 2 * cross


# %% wrong: the eigenvalues without their root
def my_frechet_distance(a, b):
    c1, c2 = torch.cov(a.T), torch.cov(b.T)
    return (a.mean(0) - b.mean(0)).square().sum() + torch.trace(c1 + c2) - 2 * torch.linalg.eigvals(c1 @ c2).real.sum()


# %% wrong: the entries' roots
def my_frechet_distance(a, b):
    c1, c2 = torch.cov(a.T), torch.cov(b.T)
    return (a.mean(0) - b.mean(0)).square().sum() + torch.trace(c1 + c2 - 2 * (c1 @ c2).abs().sqrt())


# %% wrong: an entrywise product
def my_frechet_distance(a, b):
    c1, c2 = torch.cov(a.T), torch.cov(b.T)
    return (a.mean(0) - b.mean(0)).square().sum() + torch.trace(c1 + c2 - 2 * (c1 * c2).clamp(min=0).sqrt())


# %% wrong: variances only
def my_frechet_distance(a, b):
    return (a.mean(0) - b.mean(0)).square().sum() + (a.std(0) - b.std(0)).square().sum()


# %% wrong: one mean and one variance for all features
def my_frechet_distance(a, b):
    return (a.mean() - b.mean()) ** 2 + (a.std() - b.std()) ** 2


# %% wrong: covariances of the images
def my_frechet_distance(a, b):
    n = min(len(a), len(b))
    c1, c2 = torch.cov(a[:n]), torch.cov(b[:n])
    cross = torch.linalg.eigvals(c1 @ c2).real.clamp(min=0).sqrt().sum()
    return (a.mean(0) - b.mean(0)).square().sum() + c1.trace() + c2.trace() - 2 * cross


# %% wrong: correlations in the place of covariances
def my_frechet_distance(a, b):
    c1, c2 = torch.corrcoef(a.T), torch.corrcoef(b.T)
    cross = torch.linalg.eigvals(c1 @ c2).real.clamp(min=0).sqrt().sum()
    return (a.mean(0) - b.mean(0)).square().sum() + c1.trace() + c2.trace() - 2 * cross


# %% wrong: the first covariance twice
def my_frechet_distance(a, b):
    c1, c2 = torch.cov(a.T), torch.cov(b.T)
    cross = torch.linalg.eigvals(c1 @ c1).real.clamp(min=0).sqrt().sum()
    return (a.mean(0) - b.mean(0)).square().sum() + c1.trace() + c2.trace() - 2 * cross


# %% wrong: the roots multiplied, by their Frobenius distance
def my_frechet_distance(a, b):
    def root(c):
        values, vectors = torch.linalg.eigh(c)
        return (vectors * values.clamp(min=0).sqrt()) @ vectors.T

    return (a.mean(0) - b.mean(0)).square().sum() + (root(torch.cov(a.T)) - root(torch.cov(b.T))).square().sum()


# %% wrong: the eigenvalues paired by size
def my_frechet_distance(a, b):
    r1, r2 = (torch.linalg.eigvalsh(torch.cov(x.T)).clamp(min=0).sqrt() for x in (a, b))
    return (a.mean(0) - b.mean(0)).square().sum() + (r1 - r2).square().sum()


# %% wrong: the root of the determinant
def my_frechet_distance(a, b):
    c1, c2 = torch.cov(a.T), torch.cov(b.T)
    return (a.mean(0) - b.mean(0)).square().sum() + c1.trace() + c2.trace() - 2 * (c1.det() * c2.det()).sqrt()


# %% wrong: the squared covariances' trace for the cross term
def my_frechet_distance(a, b):
    c1, c2 = torch.cov(a.T), torch.cov(b.T)
    return (a.mean(0) - b.mean(0)).square().sum() + (c1 + c2 - 2 * torch.sqrt(c1.trace() * c2.trace())).trace()


# %% wrong: second moments, without the means taken off
def my_frechet_distance(a, b):
    c1, c2 = a.T @ a / len(a), b.T @ b / len(b)
    cross = torch.linalg.eigvals(c1 @ c2).real.clamp(min=0).sqrt().sum()
    return (a.mean(0) - b.mean(0)).square().sum() + c1.trace() + c2.trace() - 2 * cross


# %% wrong: a jitter that can be seen
def my_frechet_distance(a, b):
    eye = 0.1 * torch.eye(a.shape[1])
    c1, c2 = torch.cov(a.T) + eye, torch.cov(b.T) + eye
    cross = torch.linalg.eigvals(c1 @ c2).real.clamp(min=0).sqrt().sum()
    return (a.mean(0) - b.mean(0)).square().sum() + torch.cov(a.T).trace() + torch.cov(b.T).trace() - 2 * cross


# %% wrong: pairs of images
def my_frechet_distance(a, b):
    n = min(len(a), len(b))
    return (a[:n] - b[:n]).square().sum(1).mean()
