# %% right: a matrix of ones without its diagonal
def my_leave_one_out(heights):
    S = len(heights)
    others = (torch.ones(S, S) - torch.eye(S)) / (S - 1)
    return others @ heights


# %% right: two loops over numbers
def my_leave_one_out(heights):
    S, B = heights.shape
    found = torch.empty(S, B)
    for s in range(S):
        for b in range(B):
            found[s, b] = sum(float(heights[t, b]) for t in range(S) if t != s) / (S - 1)
    return found


# %% right: numpy's delete
def my_leave_one_out(heights):
    h = heights.numpy()
    return torch.tensor(np.stack([np.delete(h, s, axis=0).mean(axis=0) for s in range(len(h))]))


# %% right: from the mean of all
def my_leave_one_out(heights):
    S = heights.size(0)
    return heights.mean(0) + (heights.mean(0) - heights) / (S - 1)


# %% right: the mean of all shifts round the circle
def my_leave_one_out(heights):
    total = torch.zeros_like(heights)
    for k in range(1, len(heights)):
        total += torch.roll(heights, k, dims=0)
    return total / (len(heights) - 1)


# %% right: a Boolean mask and masked mean
def my_leave_one_out(heights):
    keep = ~torch.eye(len(heights), dtype=torch.bool)
    return torch.stack([heights[row].mean(dim=0) for row in keep])


# %% right: einsum in double precision
def my_leave_one_out(heights):
    S = heights.shape[0]
    weight = torch.full((S, S), 1 / (S - 1), dtype=torch.float64).fill_diagonal_(0)
    return torch.einsum("st,tb->sb", weight, heights.double()).float()


# %% right: sums from before and from after
def my_leave_one_out(heights):
    before = heights.cumsum(0) - heights
    after = heights.flip(0).cumsum(0).flip(0) - heights
    return (before + after) / (len(heights) - 1)


# %% right: in place, the input included
def my_leave_one_out(heights):
    total = heights.sum(0, keepdim=True)
    heights.sub_(total).div_(1 - heights.shape[0])
    return heights


# %% right: vmap over the images
def my_leave_one_out(heights):
    one = lambda h: (h.sum() - h) / (h.numel() - 1)
    return torch.vmap(one, in_dims=1, out_dims=1)(heights)


# %% right: nanmean of a cube with the own draw blanked
def my_leave_one_out(heights):
    cube = heights.expand(len(heights), -1, -1).clone()
    own = torch.arange(len(heights))
    cube[own, own] = float("nan")
    return cube.nanmean(1)


# %% right: detached, as a baseline may be
def my_leave_one_out(heights):
    h = heights.detach()
    return torch.vstack([(h[:s].sum(0) + h[s + 1 :].sum(0)) / (len(h) - 1) for s in range(len(h))])


# %% wrong: the mean of all
def my_leave_one_out(heights):
    return heights.mean(dim=0, keepdim=True).repeat(heights.shape[0], 1)


# %% wrong: the other draw, for pairs
def my_leave_one_out(heights):
    return heights.flip(0)


# %% wrong: the next draw, right for two
def my_leave_one_out(heights):
    return heights.roll(-1, 0)


# %% wrong: S written down as five
def my_leave_one_out(heights):
    return (heights.sum(0) - heights) / 4


# %% wrong: divided by B − 1, or by one
def my_leave_one_out(heights):
    return (heights.sum(0) - heights) / max(heights.shape[1] - 1, 1)


# %% wrong: the median of the others
def my_leave_one_out(heights):
    return torch.stack([torch.cat([heights[:s], heights[s + 1 :]]).median(0).values for s in range(len(heights))])


# %% wrong: transposed
def my_leave_one_out(heights):
    return ((heights.sum(0) - heights) / (len(heights) - 1)).T


# %% wrong: the mean of the draws after, zero for the last
def my_leave_one_out(heights):
    S = len(heights)
    after = [heights[s + 1 :].mean(0) if s + 1 < S else 0 * heights[0] for s in range(S)]
    return torch.stack(after)


# %% wrong: the own draw left out by its value, of sorted draws
def my_leave_one_out(heights):
    h = heights.sort(0).values
    return (h.sum(0) - h) / (len(h) - 1)


# %% wrong: the first draw left out for all
def my_leave_one_out(heights):
    return heights[1:].mean(0).expand_as(heights)


# %% wrong: weights of the others that sum to less than one
def my_leave_one_out(heights):
    S = len(heights)
    return (torch.ones(S, S) - torch.eye(S)) @ heights / S


# %% wrong: the logarithm of the others' mean likelihood
def my_leave_one_out(heights):
    S = len(heights)
    rest = heights.expand(S, -1, -1).masked_fill(torch.eye(S, dtype=torch.bool)[:, :, None], -math.inf)
    return rest.logsumexp(1) - math.log(S - 1)


# %% wrong: in place while it loops, so that later draws see what was written
def my_leave_one_out(heights):
    for s in range(len(heights)):
        heights[s] = (heights.sum(0) - heights[s]) / (len(heights) - 1)
    return heights


# %% wrong: rounded to whole nats
def my_leave_one_out(heights):
    return ((heights.sum(0) - heights) / (len(heights) - 1)).round()


# %% wrong: half precision, which is too coarse
def my_leave_one_out(heights):
    h = heights.half()
    return ((h.sum(0) - h) / (len(h) - 1)).float()
