# Exact sums behind statistics; seeds and ranges of random; names of typing.
import random
import statistics as st
import typing
from decimal import Decimal
from fractions import Fraction


def error(f):
    try:
        return f()
    except Exception as e:
        return f"{type(e).__name__}: {e}"


random.seed(3)
data = [random.gauss(1, 4) for _ in range(500)]
print(st.mean(data), st.variance(data), st.pstdev(data), st.variance(data, st.mean(data)))  # expect: 0.7702466836065237 15.590326749117743 3.9445083465014377 15.590326749117743
print(st.mean([Fraction(1, 2), Fraction(1, 3)]), st.variance([Decimal("0.1"), Decimal("7")]), st.stdev([Decimal("0.1"), Decimal("7")]), st.mean([True, False, 2]))  # expect: 5/12 23.805 4.879036790187177918365826099 1
print(st.harmonic_mean([40, 60]), st.harmonic_mean([40, 60], weights=[5, 30]), st.harmonic_mean([0, 1]), st.harmonic_mean([2.5]))  # expect: 48.0 56.0 0 2.5
print(st.mean([1.5, float("inf")]), error(lambda: st.mean([])), error(lambda: st.stdev([1])), error(lambda: st.mean(["a"])))  # expect: inf StatisticsError: mean requires at least one data point StatisticsError: stdev requires at least two data points TypeError: can't convert type 'str' to numerator/denominator
random.seed("x", version=1)
print(random.random(), error(lambda: random.randint(1.5, 2)), error(lambda: random.randrange(1, 2.5)))  # expect: 0.5377813247899501 ValueError: non-integer arg 1 for randrange() ValueError: non-integer stop for randrange()


@typing.overload
def parse(a: int) -> int: ...
@typing.overload
def parse(a: str) -> str: ...
def parse(a):
    return a


print(len(typing.get_overloads(parse)), parse(3), typing.ContextManager[int], typing.Awaitable[int])  # expect: 2 3 typing.ContextManager[int] typing.Awaitable[int]
