"""The rows that models are asked: what is hard, and what is usual."""
import numpy as np
import scipy.sparse

R = np.random.default_rng(20)


def reseed(number):
    """Starts the random numbers of a task anew."""
    R.bit_generator.state = np.random.default_rng(number).bit_generator.state


def training(n, features, informative=6):
    """A matrix, and a target that depends on some of its columns."""
    x = R.normal(size=(n, features)).astype(np.float32)
    used = R.choice(features, min(informative, features), replace=False)
    y = x[:, used[0]] + sum(np.sin(2 * x[:, a]) * x[:, b] for a, b in zip(used, used[1:]))
    return x, (y + 0.2 * R.normal(size=n)).astype(np.float32)


def holes(x, share=0.15):
    """x with a share of its values missing."""
    return np.where(R.random(x.shape) < share, np.nan, x).astype(x.dtype)


def specials(dtype, infinite):
    list_ = [0.0, -0.0, 1.0, -1.0, 1e-40, -1e-40, 1e-36, -1e-36, 1e-35, 3e38, -3e38, 1e20]
    if dtype == np.float64:
        list_ += [1e-310, -1e-310, 1e300, -1e300, 1.0000000180025095e-35]
    if infinite:
        list_ += [np.inf, -np.inf]
    return np.array(list_, dtype)


def hard(n, features, thresholds, dtype=np.float32, missing=True, infinite=True, categories=None):
    """n rows: a third as in training, a third with values at the thresholds of
    the model and beside them, a third with numbers that are special; a tenth of
    all values missing. thresholds is a list for each feature; categories says
    how many each categorical column has."""
    x = R.normal(size=(n, features)).astype(dtype)
    kind = np.arange(n) % 3
    for f in range(features):
        near = np.asarray(thresholds[f] if len(thresholds[f]) else [0.0], dtype)
        at = R.choice(near, n)
        side = R.integers(0, 3, n)
        at = np.where(side == 1, np.nextafter(at, dtype(np.inf)), at)
        at = np.where(side == 2, np.nextafter(at, dtype(-np.inf)), at)
        x[kind == 1, f] = at[kind == 1]
    odd = R.choice(specials(dtype, infinite), x.shape)
    x = np.where((kind == 2)[:, None] & (R.random(x.shape) < 0.4), odd, x)
    if not infinite:
        x = np.where(np.isinf(x), 0, x).astype(dtype)
    for f, count in (categories or {}).items():
        x[:, f] = R.integers(-1 if missing else 0, count + 3, n)
        if not missing:
            x[:, f] = np.minimum(x[:, f], count - 1)
    if missing:
        x = np.where(R.random(x.shape) < 0.1, np.nan, x)
        x[:2] = np.nan
    return x.astype(dtype)


def finite(x):
    """x with its infinities replaced, for what libraries refuse them in."""
    return np.where(np.isinf(x), np.sign(x) * 3e38, x).astype(x.dtype)


def sparse(n, features, each=60, used=400):
    """n rows of which each has some values, in the columns used by most."""
    indices = np.sort(np.where(R.random((n, each)) < 0.7, R.integers(0, used, (n, each)) * (features // used), R.integers(0, features, (n, each))), axis=1)
    values = R.normal(size=n * each).astype(np.float32)
    matrix = scipy.sparse.csr_matrix((values, indices.ravel(), np.arange(0, n * each + 1, each)), (n, features))
    matrix.sum_duplicates()
    matrix.sort_indices()
    return matrix
