"""Functions of complex numbers."""
import math

__builtin_functions__ = True
e, pi, tau, inf, nan = math.e, math.pi, math.tau, math.inf, math.nan
infj, nanj = complex(0.0, inf), complex(0.0, nan)


def phase(x):
    x = complex(x)
    return math.atan2(x.imag, x.real)


def polar(x):
    return abs(complex(x)), phase(x)


def rect(r, phi):
    return complex(r * math.cos(phi), r * math.sin(phi))


def exp(x):
    x = complex(x)
    r = math.exp(x.real)
    return complex(r * math.cos(x.imag), r * math.sin(x.imag))


def log(x, base=None):
    x = complex(x)
    if x == 0:
        raise ValueError("math domain error")
    value = complex(math.log(math.hypot(x.real, x.imag)), math.atan2(x.imag, x.real))
    return value if base is None else value / log(base)


def log10(x):
    value = log(x)
    return complex(value.real / math.log(10), value.imag / math.log(10))


def sqrt(x):
    x = complex(x)
    a, b = x.real, x.imag
    if a == 0 and b == 0:
        return complex(0.0, b)
    if math.isinf(b):
        return complex(inf, b)
    s = math.sqrt((abs(a) + math.hypot(a, b)) / 2)
    d = abs(b) / (2 * s)
    return complex(s, math.copysign(d, b)) if a >= 0 else complex(d, math.copysign(s, b))


def sin(x):
    x = complex(x)
    return complex(math.sin(x.real) * math.cosh(x.imag), math.cos(x.real) * math.sinh(x.imag))


def cos(x):
    x = complex(x)
    return complex(math.cos(x.real) * math.cosh(x.imag), -math.sin(x.real) * math.sinh(x.imag))


def tan(x):
    return sin(x) / cos(x)


def sinh(x):
    x = complex(x)
    return complex(math.sinh(x.real) * math.cos(x.imag), math.cosh(x.real) * math.sin(x.imag))


def cosh(x):
    x = complex(x)
    return complex(math.cosh(x.real) * math.cos(x.imag), math.sinh(x.real) * math.sin(x.imag))


def tanh(x):
    return sinh(x) / cosh(x)


def asinh(x):
    x = complex(x)
    a, b = sqrt(complex(1 + x.imag, -x.real)), sqrt(complex(1 - x.imag, x.real))
    return complex(math.asinh(a.real * b.imag - b.real * a.imag), math.atan2(x.imag, a.real * b.real - a.imag * b.imag))


def asin(x):
    x = complex(x)
    y = asinh(complex(-x.imag, x.real))
    return complex(y.imag, -y.real)


def acos(x):
    x = complex(x)
    a, b = sqrt(complex(1 - x.real, -x.imag)), sqrt(complex(1 + x.real, x.imag))
    return complex(2 * math.atan2(a.real, b.real), math.asinh(b.real * a.imag - b.imag * a.real))


def acosh(x):
    x = complex(x)
    a, b = sqrt(complex(x.real - 1, x.imag)), sqrt(complex(x.real + 1, x.imag))
    return complex(math.asinh(a.real * b.real + a.imag * b.imag), 2 * math.atan2(a.imag, b.real))


def atanh(x):
    x = complex(x)
    return (log(1 + x) - log(1 - x)) / 2


def atan(x):
    x = complex(x)
    y = atanh(complex(-x.imag, x.real))
    return complex(y.imag, -y.real)


def isnan(x):
    x = complex(x)
    return math.isnan(x.real) or math.isnan(x.imag)


def isinf(x):
    x = complex(x)
    return math.isinf(x.real) or math.isinf(x.imag)


def isfinite(x):
    x = complex(x)
    return math.isfinite(x.real) and math.isfinite(x.imag)


def isclose(a, b, *, rel_tol=1e-09, abs_tol=0.0):
    if rel_tol < 0 or abs_tol < 0:
        raise ValueError("tolerances must be non-negative")
    if a == b:
        return True
    if isinf(a) or isinf(b):
        return False
    d = abs(complex(a) - complex(b))
    return d <= rel_tol * abs(complex(b)) or d <= rel_tol * abs(complex(a)) or d <= abs_tol
