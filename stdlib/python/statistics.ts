"""Statistics of numbers."""
import bisect
import math
import random
from collections import Counter, namedtuple
from fractions import Fraction

__all__ = ["NormalDist", "StatisticsError", "correlation", "covariance", "fmean", "geometric_mean", "harmonic_mean",
           "linear_regression", "mean", "median", "median_grouped", "median_high", "median_low", "mode", "multimode",
           "pstdev", "pvariance", "quantiles", "stdev", "variance"]


class StatisticsError(ValueError):
    pass


def _ratios(data):
    """The numerators by denominator, then those of the squares, the type of the result, the number of values and the sum
    of those that are not finite. Adding ints of one denominator takes no greatest common divisors."""
    sums, squares, count, kind, special = {}, {}, 0, int, 0.0
    for x in data:
        count += 1
        if isinstance(x, float):
            if kind is int or kind is Fraction:
                kind = float
            try:
                n, d = x.as_integer_ratio()
            except (OverflowError, ValueError):
                special += x
                continue
        elif isinstance(x, int):
            n, d = int(x), 1
        elif hasattr(x, "as_integer_ratio"):
            if kind is int or kind is Fraction:
                kind = type(x)
            n, d = x.as_integer_ratio()
        else:
            raise TypeError(f"can't convert type '{type(x).__name__}' to numerator/denominator")
        sums[d] = sums.get(d, 0) + n
        squares[d] = squares.get(d, 0) + n * n
    return sums, squares, kind, count, special


def _exact_sum(data):
    """The exact sum as a Fraction, the type of the result and the number of values."""
    sums, _, kind, count, special = _ratios(data)
    if special:
        return special, float, count
    return sum([Fraction(n, d) for d, n in sums.items()], Fraction(0)), kind, count


def _convert(value, kind):
    if type(value) is kind:
        return value
    if kind is int and value.denominator != 1:
        kind = float
    try:
        return kind(value)
    except TypeError:
        return kind(value.numerator) / kind(value.denominator)


def mean(data):
    """The arithmetic mean."""
    total, kind, n = _exact_sum(data)
    if n < 1:
        raise StatisticsError("mean requires at least one data point")
    return _convert(total / n, kind)


def fmean(data, weights=None):
    """The mean as a float, faster."""
    values = list(data)
    if not values:
        raise StatisticsError("fmean requires at least one data point")
    if weights is None:
        return math.fsum(values) / len(values)
    weights = list(weights)
    if len(weights) != len(values):
        raise StatisticsError("data and weights must be the same length")
    total = math.fsum(weights)
    if not total:
        raise StatisticsError("sum of weights must be non-zero")
    return math.fsum([x * w for x, w in zip(values, weights)]) / total


def geometric_mean(data):
    values = [float(x) for x in data]
    if not values:
        raise StatisticsError("geometric mean requires a non-empty dataset containing positive numbers")
    if any([x <= 0 for x in values]):
        raise StatisticsError("geometric mean requires a non-empty dataset containing positive numbers")
    return math.exp(fmean([math.log(x) for x in values]))


def harmonic_mean(data, weights=None):
    values = list(data)
    if not values:
        raise StatisticsError("harmonic_mean requires at least one data point")
    if any([x < 0 for x in values]):
        raise StatisticsError("harmonic mean does not support negative values")
    if weights is None:
        weights, total = [1] * len(values), len(values)
    else:
        weights = list(weights)
        if len(weights) != len(values):
            raise StatisticsError("Number of weights does not match data size")
        total = sum(weights)
    if len(values) == 1 and hasattr(values[0], "as_integer_ratio"):
        return values[0]
    try:
        inverse, kind, _ = _exact_sum([w / x if w else 0 for w, x in zip(weights, values)])
    except ZeroDivisionError:
        return 0
    if inverse <= 0:
        raise StatisticsError("Weighted sum must be positive")
    return _convert(total / inverse, kind)


def _sorted(data):
    values = sorted(data)
    if not values:
        raise StatisticsError("no median for empty data")
    return values


def median(data):
    values = _sorted(data)
    n = len(values)
    return values[n // 2] if n % 2 else (values[n // 2 - 1] + values[n // 2]) / 2


def median_low(data):
    values = _sorted(data)
    return values[(len(values) - 1) // 2]


def median_high(data):
    values = _sorted(data)
    return values[len(values) // 2]


def median_grouped(data, interval=1):
    values = _sorted(data)
    n = len(values)
    x = values[n // 2]
    low = bisect.bisect_left(values, x)
    high = bisect.bisect_right(values, x, lo=low)
    interval, x = float(interval), float(x)
    return x - interval / 2.0 + interval * (n / 2 - low) / (high - low)


def mode(data):
    """The most frequent value; the first of several."""
    common = Counter(iter(data)).most_common(1)
    if not common:
        raise StatisticsError("no mode for empty data")
    return common[0][0]


def multimode(data):
    counts = Counter(iter(data))
    if not counts:
        return []
    most = max(counts.values())
    return [value for value, count in counts.items() if count == most]


def quantiles(data, *, n=4, method="exclusive"):
    """The n - 1 values that cut the data into n parts."""
    if n < 1:
        raise StatisticsError("n must be at least 1")
    values = sorted(data)
    size = len(values)
    if size < 2:
        raise StatisticsError("must have at least two data points")
    out = []
    if method == "inclusive":
        m = size - 1
        for i in range(1, n):
            j, delta = divmod(i * m, n)
            out.append((values[j] * (n - delta) + values[j + 1] * delta) / n)
        return out
    if method == "exclusive":
        m = size + 1
        for i in range(1, n):
            j = i * m // n
            j = 1 if j < 1 else size - 1 if j > size - 1 else j
            delta = i * m - j * n
            out.append((values[j - 1] * (n - delta) + values[j] * delta) / n)
        return out
    raise ValueError(f"Unknown method: {method!r}")


def _deviations(data, center=None):
    """The exact sum of squares around the mean, the type and the number of values."""
    if center is not None:
        return _exact_sum([(x - center) * (x - center) for x in data])
    sums, squares, kind, n, special = _ratios(data)
    if special:
        return special, float, n
    total = sum([Fraction(x, d) for d, x in sums.items()], Fraction(0))
    total_squares = sum([Fraction(x, d * d) for d, x in squares.items()], Fraction(0))
    return (total_squares - total * total / n if n else total), kind, n


def variance(data, xbar=None):
    squares, kind, n = _deviations(data, xbar)
    if n < 2:
        raise StatisticsError("variance requires at least two data points")
    return _convert(squares / (n - 1), kind)


def pvariance(data, mu=None):
    squares, kind, n = _deviations(data, mu)
    if n < 1:
        raise StatisticsError("pvariance requires at least one data point")
    return _convert(squares / n, kind)


def _root(value):
    """The square root of a Fraction, correctly rounded."""
    n, d = value.numerator, value.denominator
    if n == 0:
        return 0.0
    shift = max(0, 110 - n.bit_length() + d.bit_length())
    shift += shift % 2
    scaled = (n << shift) // d
    root = math.isqrt(scaled)
    if root * root != scaled or (n << shift) % d:
        root = root << 1 | 1
        return float(Fraction(root, 1 << shift // 2 + 1))
    return float(Fraction(root, 1 << shift // 2))


def _decimal_root(value):
    """The square root of a Fraction as a Decimal of the context's precision."""
    from decimal import Decimal, localcontext
    with localcontext() as context:
        context.prec += 10
        root = (Decimal(value.numerator) / Decimal(value.denominator)).sqrt()
    return +root


def _deviation(mean_square, kind):
    if not isinstance(mean_square, Fraction):
        return math.sqrt(mean_square)
    return _decimal_root(mean_square) if kind.__name__ == "Decimal" else _root(mean_square)


def stdev(data, xbar=None):
    squares, kind, n = _deviations(data, xbar)
    if n < 2:
        raise StatisticsError("stdev requires at least two data points")
    return _deviation(squares / (n - 1), kind)


def pstdev(data, mu=None):
    squares, kind, n = _deviations(data, mu)
    if n < 1:
        raise StatisticsError("pstdev requires at least one data point")
    return _deviation(squares / n, kind)


def covariance(x, y, /):
    x, y = list(x), list(y)
    n = len(x)
    if len(y) != n:
        raise StatisticsError("covariance requires that both inputs have same number of data points")
    if n < 2:
        raise StatisticsError("covariance requires at least two data points")
    mx, my = math.fsum(x) / n, math.fsum(y) / n
    return math.fsum([(a - mx) * (b - my) for a, b in zip(x, y)]) / (n - 1)


def correlation(x, y, /):
    x, y = list(x), list(y)
    n = len(x)
    if len(y) != n:
        raise StatisticsError("correlation requires that both inputs have same number of data points")
    if n < 2:
        raise StatisticsError("correlation requires at least two data points")
    mx, my = math.fsum(x) / n, math.fsum(y) / n
    sxy = math.fsum([(a - mx) * (b - my) for a, b in zip(x, y)])
    sxx = math.fsum([(a - mx) ** 2.0 for a in x])
    syy = math.fsum([(b - my) ** 2.0 for b in y])
    if not sxx * syy:
        raise StatisticsError("at least one of the inputs is constant")
    return sxy / math.sqrt(sxx * syy)


LinearRegression = namedtuple("LinearRegression", ("slope", "intercept"))


def linear_regression(x, y, /, *, proportional=False):
    x, y = list(x), list(y)
    n = len(x)
    if len(y) != n:
        raise StatisticsError("linear regression requires that both inputs have same number of data points")
    if n < 2:
        raise StatisticsError("linear regression requires at least two data points")
    if proportional:
        sxy = math.fsum([a * b for a, b in zip(x, y)])
        sxx = math.fsum([a * a for a in x])
        mx = my = 0.0
    else:
        mx, my = math.fsum(x) / n, math.fsum(y) / n
        sxy = math.fsum([(a - mx) * (b - my) for a, b in zip(x, y)])
        sxx = math.fsum([(a - mx) ** 2.0 for a in x])
    if not sxx:
        raise StatisticsError("x is constant")
    slope = sxy / sxx
    return LinearRegression(slope=slope, intercept=0.0 if proportional else my - slope * mx)


class NormalDist:
    """A normal distribution."""
    __slots__ = ("_mu", "_sigma")

    def __init__(self, mu=0.0, sigma=1.0):
        if sigma < 0.0:
            raise StatisticsError("sigma must be non-negative")
        self._mu, self._sigma = float(mu), float(sigma)

    @classmethod
    def from_samples(cls, data):
        values = list(data)
        return cls(fmean(values), stdev(values))

    def samples(self, n, *, seed=None):
        gauss = random.gauss if seed is None else random.Random(seed).gauss
        return [gauss(self._mu, self._sigma) for _ in range(n)]

    def pdf(self, x):
        variance = self._sigma * self._sigma
        if not variance:
            raise StatisticsError("pdf() not defined when sigma is zero")
        d = x - self._mu
        return math.exp(d * d / (-2.0 * variance)) / math.sqrt(2 * math.pi * variance)

    def cdf(self, x):
        if not self._sigma:
            raise StatisticsError("cdf() not defined when sigma is zero")
        return 0.5 * (1.0 + math.erf((x - self._mu) / (self._sigma * math.sqrt(2.0))))

    def inv_cdf(self, p):
        if p <= 0.0 or p >= 1.0:
            raise StatisticsError("p must be in the range 0.0 < p < 1.0")
        # Newton's method on the logarithm-free tail, started from the logistic approximation.
        x = math.log(p / (1.0 - p)) / 1.702
        for _ in range(60):
            error = 0.5 * math.erfc(-x / math.sqrt(2.0)) - p
            step = error * math.sqrt(2 * math.pi) * math.exp(min(x * x / 2, 700.0))
            step = step / (1 + x * step / 2)
            x -= step
            if abs(step) <= 1e-16 * max(1.0, abs(x)):
                break
        return self._mu + self._sigma * x

    def quantiles(self, n=4):
        return [self.inv_cdf(i / n) for i in range(1, n)]

    def overlap(self, other):
        x, y = self, other
        if (y._sigma, y._mu) < (x._sigma, x._mu):
            x, y = y, x
        vx, vy = x.variance, y.variance
        if not vx or not vy:
            raise StatisticsError("overlap() not defined when sigma is zero")
        dv, dm = vy - vx, abs(y._mu - x._mu)
        if not dv:
            return 1.0 - math.erf(dm / (2.0 * x._sigma * math.sqrt(2)))
        a = x._mu * vy - y._mu * vx
        b = x._sigma * y._sigma * math.sqrt(dm * dm + dv * math.log(vy / vx))
        one, two = (a + b) / dv, (a - b) / dv
        return 1.0 - (abs(y.cdf(one) - x.cdf(one)) + abs(y.cdf(two) - x.cdf(two)))

    def zscore(self, x):
        if not self._sigma:
            raise StatisticsError("zscore() not defined when sigma is zero")
        return (x - self._mu) / self._sigma

    @property
    def mean(self):
        return self._mu

    median = mode = mean

    @property
    def stdev(self):
        return self._sigma

    @property
    def variance(self):
        return self._sigma * self._sigma

    def __add__(self, other):
        if isinstance(other, NormalDist):
            return NormalDist(self._mu + other._mu, math.hypot(self._sigma, other._sigma))
        return NormalDist(self._mu + other, self._sigma)

    __radd__ = __add__

    def __sub__(self, other):
        if isinstance(other, NormalDist):
            return NormalDist(self._mu - other._mu, math.hypot(self._sigma, other._sigma))
        return NormalDist(self._mu - other, self._sigma)

    def __rsub__(self, other):
        return -(self - other)

    def __mul__(self, other):
        return NormalDist(self._mu * other, self._sigma * abs(other))

    __rmul__ = __mul__

    def __truediv__(self, other):
        return NormalDist(self._mu / other, self._sigma / abs(other))

    def __pos__(self):
        return NormalDist(self._mu, self._sigma)

    def __neg__(self):
        return NormalDist(-self._mu, self._sigma)

    def __eq__(self, other):
        return (self._mu, self._sigma) == (other._mu, other._sigma) if isinstance(other, NormalDist) else NotImplemented

    def __hash__(self):
        return hash((self._mu, self._sigma))

    def __repr__(self):
        return f"{type(self).__name__}(mu={self._mu!r}, sigma={self._sigma!r})"
