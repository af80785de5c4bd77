"""Decimal numbers of any precision.

A number is (sign, digits as an int, exponent); specials have an exponent of "F" (infinity), "n" (NaN) or "N" (signalling NaN). Results
are computed exactly where that is possible and then rounded to the context's precision.
"""
import math
import numbers
import re

__all__ = ["Decimal", "Context", "DecimalTuple", "DefaultContext", "BasicContext", "ExtendedContext", "DecimalException",
           "Clamped", "InvalidOperation", "DivisionByZero", "Inexact", "Rounded", "Subnormal", "Overflow", "Underflow",
           "FloatOperation", "DivisionImpossible", "InvalidContext", "ConversionSyntax", "DivisionUndefined", "ROUND_DOWN",
           "ROUND_HALF_UP", "ROUND_HALF_EVEN", "ROUND_CEILING", "ROUND_FLOOR", "ROUND_UP", "ROUND_HALF_DOWN", "ROUND_05UP",
           "setcontext", "getcontext", "localcontext"]

ROUND_DOWN, ROUND_HALF_UP, ROUND_HALF_EVEN, ROUND_CEILING = "ROUND_DOWN", "ROUND_HALF_UP", "ROUND_HALF_EVEN", "ROUND_CEILING"
ROUND_FLOOR, ROUND_UP, ROUND_HALF_DOWN, ROUND_05UP = "ROUND_FLOOR", "ROUND_UP", "ROUND_HALF_DOWN", "ROUND_05UP"
MAX_PREC = MAX_EMAX = 999999999999999999
MIN_EMIN = -MAX_EMAX


class DecimalException(ArithmeticError):
    pass


class Clamped(DecimalException):
    pass


class InvalidOperation(DecimalException):
    pass


class ConversionSyntax(InvalidOperation):
    pass


class DivisionByZero(DecimalException, ZeroDivisionError):
    pass


class DivisionImpossible(InvalidOperation):
    pass


class DivisionUndefined(InvalidOperation, ZeroDivisionError):
    pass


class Inexact(DecimalException):
    pass


class InvalidContext(InvalidOperation):
    pass


class Rounded(DecimalException):
    pass


class Subnormal(DecimalException):
    pass


class Overflow(Inexact, Rounded):
    pass


class Underflow(Inexact, Rounded, Subnormal):
    pass


class FloatOperation(DecimalException, TypeError):
    pass


_SIGNALS = [Clamped, DivisionByZero, Inexact, Overflow, Rounded, Underflow, InvalidOperation, Subnormal, FloatOperation]
for _s in _SIGNALS + [ConversionSyntax, DivisionImpossible, DivisionUndefined, InvalidContext, DecimalException]:
    _s.__module__ = "decimal"


class DecimalTuple(tuple):
    """sign, digits, exponent"""
    __module__ = "decimal"

    def __new__(cls, sign, digits, exponent):
        return tuple.__new__(cls, (sign, digits, exponent))

    sign = property(lambda self: self[0])
    digits = property(lambda self: self[1])
    exponent = property(lambda self: self[2])

    def __repr__(self):
        return "DecimalTuple(sign=%r, digits=%r, exponent=%r)" % tuple(self)


class Context:
    """How results are rounded, and which conditions are exceptions."""

    def __init__(self, prec=None, rounding=None, Emin=None, Emax=None, capitals=None, clamp=None, flags=None, traps=None):
        d = globals().get("DefaultContext")
        self.prec = prec if prec is not None else d.prec if d else 28
        self.rounding = rounding if rounding is not None else d.rounding if d else ROUND_HALF_EVEN
        self.Emin = Emin if Emin is not None else -999999
        self.Emax = Emax if Emax is not None else 999999
        self.capitals = 1 if capitals is None else capitals
        self.clamp = 0 if clamp is None else clamp
        default = {s: s in (DivisionByZero, Overflow, InvalidOperation) for s in _SIGNALS}
        if traps is None:
            self.traps = dict(d.traps) if d else default
        else:
            self.traps = {s: s in traps for s in _SIGNALS} if not isinstance(traps, dict) else traps
        self.flags = {s: False for s in _SIGNALS}

    def __setattr__(self, name, value):
        if name == "prec" and (not isinstance(value, int) or not 1 <= value <= MAX_PREC):
            raise ValueError("valid range for prec is [1, MAX_PREC]")
        if name == "rounding" and value not in _ROUND:
            raise TypeError("valid values for rounding are:\n  [ROUND_CEILING, ROUND_FLOOR, ROUND_UP, ROUND_DOWN,\n"
                            "   ROUND_HALF_UP, ROUND_HALF_DOWN, ROUND_HALF_EVEN,\n   ROUND_05UP]")
        object.__setattr__(self, name, value)

    def __repr__(self):
        names = lambda d: ", ".join([s.__name__ for s in _SIGNALS if d.get(s)])
        return ("Context(prec=%d, rounding=%s, Emin=%d, Emax=%d, capitals=%d, clamp=%d, flags=[%s], traps=[%s])" %
                (self.prec, self.rounding, self.Emin, self.Emax, self.capitals, self.clamp, names(self.flags), names(self.traps)))

    def copy(self):
        c = Context(self.prec, self.rounding, self.Emin, self.Emax, self.capitals, self.clamp, traps=dict(self.traps))
        c.flags = dict(self.flags)
        return c

    __copy__ = copy

    def clear_flags(self):
        for s in self.flags:
            self.flags[s] = False

    def clear_traps(self):
        for s in self.traps:
            self.traps[s] = False

    def _signal(self, condition, *args):
        """Notes a condition; raises it if it is trapped."""
        kind = condition if condition in self.flags else InvalidOperation
        self.flags[kind] = True
        if self.traps.get(kind):
            raise kind(*args)

    def create_decimal(self, num="0"):
        return Decimal(num)._rounded(self)

    def add(self, a, b):
        return _decimal(a)._add(_decimal(b), self)

    def subtract(self, a, b):
        return _decimal(a)._add(-_decimal(b), self)

    def multiply(self, a, b):
        return _decimal(a)._mul(_decimal(b), self)

    def divide(self, a, b):
        return _decimal(a)._div(_decimal(b), self)

    def sqrt(self, a):
        return _decimal(a).sqrt(self)

    def power(self, a, b, modulo=None):
        return _decimal(a)._pow(_decimal(b), self)

    def quantize(self, a, b):
        return _decimal(a).quantize(b, context=self)

    def plus(self, a):
        return _decimal(a)._rounded(self)


def _round_up_away(kind, sign, q, twice_vs_one, exact):
    """Whether the magnitude q is to be raised; twice_vs_one: the sign of rest - half."""
    if exact:
        return False
    if kind == ROUND_HALF_EVEN:
        return twice_vs_one > 0 or twice_vs_one == 0 and q % 2 == 1
    if kind == ROUND_HALF_UP:
        return twice_vs_one >= 0
    if kind == ROUND_HALF_DOWN:
        return twice_vs_one > 0
    if kind == ROUND_DOWN:
        return False
    if kind == ROUND_UP:
        return True
    if kind == ROUND_CEILING:
        return not sign
    if kind == ROUND_FLOOR:
        return bool(sign)
    return q % 5 == 0  # ROUND_05UP


_ROUND = {ROUND_DOWN, ROUND_HALF_UP, ROUND_HALF_EVEN, ROUND_CEILING, ROUND_FLOOR, ROUND_UP, ROUND_HALF_DOWN, ROUND_05UP}


def _divide_rounded(kind, sign, n, d):
    """n / d to an int, rounded; and whether it was exact."""
    q, r = divmod(n, d)
    if _round_up_away(kind, sign, q, (2 * r > d) - (2 * r < d), r == 0):
        q += 1
    return q, r == 0


_PARSER = re.compile(r"""(?P<sign>[-+])?(?:(?=\d|\.\d)(?P<int>\d*)(?:\.(?P<frac>\d*))?(?:E(?P<exp>[-+]?\d+))?
    |Inf(?:inity)?|(?P<signal>s)?NaN(?P<diag>\d*))\Z""", re.VERBOSE | re.IGNORECASE)


class Decimal:
    __message_name__ = "decimal.Decimal"
    __slots__ = ("_sign", "_int", "_exp")
    __module__ = "decimal"

    def __new__(cls, value="0", context=None):
        if isinstance(value, str):
            m = _PARSER.match(value.strip().replace("_", ""))
            if m is None:
                (context or getcontext())._signal(ConversionSyntax, [ConversionSyntax])
                return _make(0, 0, "n", cls)
            sign = 1 if m.group("sign") == "-" else 0
            if m.group("int") is not None:
                frac = m.group("frac") or ""
                return _make(sign, int((m.group("int") + frac) or "0"), int(m.group("exp") or "0") - len(frac), cls)
            if m.group("diag") is not None:
                return _make(sign, int(m.group("diag") or "0"), "N" if m.group("signal") else "n", cls)
            return _make(sign, 0, "F", cls)
        if isinstance(value, int):
            return _make(1 if value < 0 else 0, abs(value), 0, cls)
        if isinstance(value, Decimal):
            return _make(value._sign, value._int, value._exp, cls)
        if isinstance(value, float):
            return cls.from_float(value)
        if isinstance(value, (list, tuple)):
            if len(value) != 3:
                raise ValueError("argument must be a sequence of length 3")
            sign, digits, exponent = value
            n = 0
            for d in digits:
                n = n * 10 + d
            return _make(sign, n, exponent, cls)
        raise TypeError("conversion from %s to Decimal is not supported" % type(value).__name__)

    @classmethod
    def from_float(cls, f):
        if isinstance(f, int):
            return cls(f)
        if f != f:
            return _make(0, 0, "n", cls)
        if f in (math.inf, -math.inf):
            return _make(1 if f < 0 else 0, 0, "F", cls)
        n, d = abs(f).as_integer_ratio()
        k = d.bit_length() - 1
        return _make(1 if math.copysign(1.0, f) < 0 else 0, n * 5 ** k, -k, cls)

    # --- what it is
    def is_nan(self):
        return self._exp in ("n", "N")

    def is_infinite(self):
        return self._exp == "F"

    def is_finite(self):
        return isinstance(self._exp, int)

    def is_zero(self):
        return self.is_finite() and self._int == 0

    def is_signed(self):
        return self._sign == 1

    def is_qnan(self):
        return self._exp == "n"

    def is_snan(self):
        return self._exp == "N"

    def is_normal(self, context=None):
        return self.is_finite() and self._int != 0

    def as_tuple(self):
        digits = () if self.is_nan() and not self._int else tuple([int(c) for c in str(self._int)])
        return DecimalTuple(self._sign, digits, self._exp)

    def as_integer_ratio(self):
        if self.is_nan():
            raise ValueError("cannot convert NaN to integer ratio")
        if self.is_infinite():
            raise OverflowError("cannot convert Infinity to integer ratio")
        n, d = self._int, 1
        if self._exp >= 0:
            n *= 10 ** self._exp
        else:
            d = 10 ** -self._exp
        g = math.gcd(n, d)
        return (-n if self._sign else n) // g, d // g

    def adjusted(self):
        return self._exp + len(str(self._int)) - 1 if self.is_finite() else 0

    def __bool__(self):
        return not self.is_finite() or self._int != 0

    def __hash__(self):
        if self._exp == "N":
            raise TypeError("Cannot hash a signaling NaN value.")
        if self._exp == "n":
            return object.__hash__(self)
        if self._exp == "F":
            return -314159 if self._sign else 314159
        modulus = (1 << 61) - 1
        power = pow(10, self._exp, modulus) if self._exp >= 0 else pow(pow(10, -1, modulus), -self._exp, modulus)
        h = self._int * power % modulus
        h = -h if self._sign else h
        return -2 if h == -1 else h

    # --- as text
    def __str__(self):
        sign = "-" if self._sign else ""
        if not self.is_finite():
            if self._exp == "F":
                return sign + "Infinity"
            return sign + ("NaN" if self._exp == "n" else "sNaN") + (str(self._int) if self._int else "")
        digits = str(self._int)
        left = self._exp + len(digits)
        if self._exp <= 0 and left > -6:
            point = left
        else:
            point = 1
        if point <= 0:
            text = "0." + "0" * -point + digits
        elif point >= len(digits):
            text = digits + "0" * (point - len(digits))
        else:
            text = digits[:point] + "." + digits[point:]
        if left != point:
            text += ("E" if getcontext().capitals else "e") + "%+d" % (left - point)
        return sign + text

    def __repr__(self):
        return "Decimal('%s')" % str(self)

    def to_eng_string(self, context=None):
        return str(self)

    def __format__(self, spec, context=None):
        m = re.match(r"(?:(.)?([<>=^]))?([-+ ])?(z)?(#)?(0)?(\d+)?([,_])?(?:\.(\d+))?([eEfFgGn%])?\Z", spec, re.DOTALL)
        if m is None:
            raise ValueError("invalid format string")
        fill, align, sign, _, _, zero, width, comma, precision, kind = m.groups()
        value = self
        if kind is None and precision is None and not comma:
            body = str(value)
        elif not value.is_finite():
            body = str(value)
        else:
            kind = kind or "g"
            places = int(precision) if precision is not None else None
            if kind == "%":
                value = _make(value._sign, value._int, value._exp + 2, Decimal)
            if kind in "fF%":
                if places is not None:
                    value = value._to_exponent(-places, getcontext().rounding)
                elif value._exp > 0:
                    value = value._to_exponent(0, getcontext().rounding)
                digits, exp = str(value._int), value._exp
                if exp >= 0:
                    body = digits + "0" * exp
                else:
                    digits = digits.rjust(-exp + 1, "0")
                    body = digits[:exp] + "." + digits[exp:]
                if kind == "%":
                    body += "%"
            elif kind in "eE":
                if places is not None:
                    value = value._to_digits(places + 1)
                digits = str(value._int)
                exponent = value._exp + len(digits) - 1
                if not value._int and places is not None:
                    digits = "0" * (places + 1)
                body = digits[0] + ("." + digits[1:] if len(digits) > 1 else "") + kind + "%+d" % exponent
            else:
                if places is not None and len(str(value._int)) > max(places, 1):
                    value = value._to_digits(max(places, 1))
                body = str(_make(0, value._int, value._exp, Decimal))
                if kind == "g":
                    body = body.replace("E", "e")
            body = ("-" if value._sign else "") + body
        negative = body.startswith("-")
        if negative:
            body = body[1:]
        if comma:
            whole, dot, rest = body.partition(".")
            groups = []
            while len(whole) > 3:
                groups.insert(0, whole[-3:])
                whole = whole[:-3]
            body = comma.join([whole] + groups) + dot + rest
        mark = "-" if negative else sign if sign in ("+", " ") else ""
        width = int(width or 0)
        if zero and not align:
            fill, align = "0", "="
        fill, align = fill or " ", align or ">"
        missing = max(0, width - len(mark) - len(body))
        if align == "=":
            return mark + fill * missing + body
        text = mark + body
        if align == "<":
            return text + fill * missing
        if align == "^":
            return fill * (missing // 2) + text + fill * (missing - missing // 2)
        return fill * missing + text

    # --- rounding
    def _to_exponent(self, exp, rounding):
        """The nearest number with that exponent."""
        if self._exp >= exp:
            return _make(self._sign, self._int * 10 ** (self._exp - exp), exp, Decimal)
        q, _ = _divide_rounded(rounding, self._sign, self._int, 10 ** (exp - self._exp))
        return _make(self._sign, q, exp, Decimal)

    def _to_digits(self, n):
        digits = len(str(self._int))
        if not self._int:
            return self
        if digits <= n:
            return _make(self._sign, self._int * 10 ** (n - digits), self._exp - (n - digits), Decimal)
        out = self._to_exponent(self._exp + digits - n, getcontext().rounding)
        if len(str(out._int)) > n:
            out = _make(out._sign, out._int // 10, out._exp + 1, Decimal)
        return out

    def _rounded(self, context, exact=True):
        if not self.is_finite():
            return self
        digits = len(str(self._int))
        out = self
        if digits > context.prec:
            drop = digits - context.prec
            q, was_exact = _divide_rounded(context.rounding, self._sign, self._int, 10 ** drop)
            exp = self._exp + drop
            if len(str(q)) > context.prec:
                q //= 10
                exp += 1
            out = _make(self._sign, q, exp, Decimal)
            context._signal(Rounded)
            exact = exact and was_exact
        if not exact:
            context._signal(Inexact)
        if out._int and out._exp + len(str(out._int)) - 1 > context.Emax:
            context._signal(Overflow, "above Emax")
            return _make(out._sign, 0, "F", Decimal)
        return out

    def quantize(self, exp, rounding=None, context=None):
        context = context or getcontext()
        exp = _decimal(exp)
        if not self.is_finite() or not exp.is_finite():
            if self.is_infinite() and exp.is_infinite() or self.is_nan() or exp.is_nan():
                return self if self.is_nan() or self.is_infinite() else exp
            return _invalid(context, "quantize with one INF")
        out = self._to_exponent(exp._exp, rounding or context.rounding)
        if len(str(out._int)) > context.prec:
            return _invalid(context, "quantize result has too many digits for current context")
        return out

    def to_integral_value(self, rounding=None, context=None):
        if not self.is_finite() or self._exp >= 0:
            return Decimal(self)
        return self._to_exponent(0, rounding or (context or getcontext()).rounding)

    to_integral = to_integral_exact = to_integral_value

    def normalize(self, context=None):
        out = self._rounded(context or getcontext())
        if not out.is_finite():
            return out
        if not out._int:
            return _make(out._sign, 0, 0, Decimal)
        n, exp = out._int, out._exp
        while n % 10 == 0:
            n //= 10
            exp += 1
        return _make(out._sign, n, exp, Decimal)

    def __round__(self, n=None):
        if n is None:
            return int(self._to_exponent(0, ROUND_HALF_EVEN)) if self.is_finite() else int(self)
        return self.quantize(_make(0, 1, -n, Decimal), ROUND_HALF_EVEN)

    def __trunc__(self):
        return int(self)

    def __floor__(self):
        return int(self._to_exponent(0, ROUND_FLOOR)) if self._exp < 0 else int(self)

    def __ceil__(self):
        return int(self._to_exponent(0, ROUND_CEILING)) if self._exp < 0 else int(self)

    def __int__(self):
        if self.is_nan():
            raise ValueError("cannot convert NaN to integer")
        if self.is_infinite():
            raise OverflowError("cannot convert Infinity to integer")
        n = self._int * 10 ** self._exp if self._exp >= 0 else self._int // 10 ** -self._exp
        return -n if self._sign else n

    def __float__(self):
        if self._exp == "N":
            raise ValueError("cannot convert signaling NaN to float")
        return float(str(self))

    def __complex__(self):
        return complex(float(self))

    @property
    def real(self):
        return self

    @property
    def imag(self):
        return Decimal(0)

    def conjugate(self):
        return self

    # --- arithmetic
    def __neg__(self):
        if not self._int and self.is_finite():
            return _make(0, 0, self._exp, Decimal)
        return _make(1 - self._sign, self._int, self._exp, Decimal)._rounded(getcontext())

    def __pos__(self):
        if not self._int and self.is_finite():
            return _make(0, 0, self._exp, Decimal)
        return self._rounded(getcontext())

    def __abs__(self):
        return _make(0, self._int, self._exp, Decimal)._rounded(getcontext())

    def copy_abs(self):
        return _make(0, self._int, self._exp, Decimal)

    def copy_negate(self):
        return _make(1 - self._sign, self._int, self._exp, Decimal)

    def copy_sign(self, other):
        return _make(_decimal(other)._sign, self._int, self._exp, Decimal)

    def _signed(self):
        return -self._int if self._sign else self._int

    def _add(self, other, context):
        if self.is_nan() or other.is_nan():
            return _nan_of(self, other, context)
        if self.is_infinite() or other.is_infinite():
            if self.is_infinite() and other.is_infinite() and self._sign != other._sign:
                return _invalid(context, "-INF + INF")
            return self if self.is_infinite() else other
        exp = min(self._exp, other._exp)
        n = self._signed() * 10 ** (self._exp - exp) + other._signed() * 10 ** (other._exp - exp)
        if n == 0:
            sign = self._sign if self._sign == other._sign else 1 if context.rounding == ROUND_FLOOR else 0
            return _make(sign, 0, exp, Decimal)
        return _make(1 if n < 0 else 0, abs(n), exp, Decimal)._rounded(context)

    def _mul(self, other, context):
        sign = self._sign ^ other._sign
        if self.is_nan() or other.is_nan():
            return _nan_of(self, other, context)
        if self.is_infinite() or other.is_infinite():
            if not self or not other:
                return _invalid(context, "(+-)INF * 0")
            return _make(sign, 0, "F", Decimal)
        return _make(sign, self._int * other._int, self._exp + other._exp, Decimal)._rounded(context)

    def _div(self, other, context):
        sign = self._sign ^ other._sign
        if self.is_nan() or other.is_nan():
            return _nan_of(self, other, context)
        if self.is_infinite():
            if other.is_infinite():
                return _invalid(context, "(+-)INF/(+-)INF")
            return _make(sign, 0, "F", Decimal)
        if other.is_infinite():
            return _make(sign, 0, context.Emin - context.prec + 1, Decimal)
        if not other._int:
            if not self._int:
                context._signal(DivisionUndefined, [DivisionUndefined])
                return _make(0, 0, "n", Decimal)
            context._signal(DivisionByZero, [DivisionByZero])
            return _make(sign, 0, "F", Decimal)
        if not self._int:
            return _make(sign, 0, self._exp - other._exp, Decimal)
        shift = len(str(other._int)) - len(str(self._int)) + context.prec + 1
        exp = self._exp - other._exp - shift
        if shift >= 0:
            q, r = divmod(self._int * 10 ** shift, other._int)
        else:
            q, r = divmod(self._int, other._int * 10 ** -shift)
        if r:
            if q % 5 == 0:
                q += 1  # a digit that says: a little more
            return _make(sign, q, exp, Decimal)._rounded(context, exact=False)
        ideal = self._exp - other._exp
        while exp < ideal and q % 10 == 0:
            q //= 10
            exp += 1
        return _make(sign, q, exp, Decimal)._rounded(context)

    def _divmod(self, other, context):
        if self.is_nan() or other.is_nan():
            n = _nan_of(self, other, context)
            return n, n
        sign = self._sign ^ other._sign
        if self.is_infinite():
            if other.is_infinite():
                n = _invalid(context, "divmod(INF, INF)")
            else:
                return _make(sign, 0, "F", Decimal), _invalid(context, "INF % x")
            return n, n
        if other.is_infinite():
            return _make(sign, 0, 0, Decimal), self._rounded(context)
        if not other._int:
            if not self._int:
                context._signal(DivisionUndefined, [DivisionUndefined])
                n = _make(0, 0, "n", Decimal)
                return n, n
            context._signal(DivisionByZero, [DivisionByZero])
            return _make(sign, 0, "F", Decimal), _invalid(context, "x % 0")
        exp = min(self._exp, other._exp)
        a, b = self._int * 10 ** (self._exp - exp), other._int * 10 ** (other._exp - exp)
        q, r = divmod(a, b)
        if len(str(q)) > context.prec:
            context._signal(DivisionImpossible, [DivisionImpossible])
            n = _make(0, 0, "n", Decimal)
            return n, n
        return _make(sign, q, 0, Decimal), _make(self._sign, r, exp, Decimal)._rounded(context)

    def _pow(self, other, context):
        if self.is_nan() or other.is_nan():
            return _nan_of(self, other, context)
        whole = other.is_finite() and other == other.to_integral_value()
        if whole and other.is_finite():
            n = int(other)
            if n == 0:
                if not self:
                    return _invalid(context, "0 ** 0")
                return Decimal(1)
            if self.is_finite():
                if not self._int:
                    if n < 0:
                        return _make(self._sign & n & 1, 0, "F", Decimal)
                    return _make(self._sign & n & 1, 0, 0, Decimal)
                if abs(n) <= 10000:
                    exact = _make(self._sign & n & 1, self._int ** abs(n), self._exp * abs(n), Decimal)
                    if n > 0:
                        return exact._rounded(context)
                    return Decimal(1)._div(exact, context)
        if self.is_finite() and self._sign and self._int and not whole:
            return _invalid(context, "x ** y with x negative and y not an integer")
        wide = Context(prec=context.prec + 10 + len(str(abs(other.adjusted()))) + abs(self.adjusted()).bit_length())
        return other._mul(self.copy_abs().ln(wide), wide).exp(wide)._rounded(context, exact=False)

    def sqrt(self, context=None):
        context = context or getcontext()
        if self.is_nan():
            return _nan_of(self, self, context)
        if self.is_finite() and not self._int:
            return _make(self._sign, 0, self._exp >> 1, Decimal)
        if self._sign:
            return _invalid(context, "sqrt(-x), x > 0")
        if self.is_infinite():
            return self
        prec = context.prec + 1
        n, exp = self._int, self._exp
        if exp & 1:
            n *= 10
            exp -= 1
        shift = max(0, prec - (len(str(n)) + 1) // 2)
        n *= 100 ** shift
        root = math.isqrt(n)
        out_exp = exp // 2 - shift
        ideal = self._exp >> 1
        if root * root == n:
            while out_exp < ideal and root % 10 == 0:
                root //= 10
                out_exp += 1
            return _make(0, root, out_exp, Decimal)._rounded(_half_even(context))
        if root % 5 == 0:
            root += 1
        return _make(0, root, out_exp, Decimal)._rounded(_half_even(context), exact=False)

    def exp(self, context=None):
        context = context or getcontext()
        if self.is_nan():
            return _nan_of(self, self, context)
        if self.is_infinite():
            return Decimal(0) if self._sign else self
        if not self._int:
            return Decimal(1)
        digits = context.prec + 12 + max(0, self.adjusted())
        one = 10 ** digits
        x = _fixed(self, digits)
        k = max(0, x.bit_length() - one.bit_length()) + 8
        x >>= k
        total = term = one
        i = 1
        while term:
            term = term * x // (one * i) if term * x >= 0 else -(-(term * x) // (one * i))
            total += term
            i += 1
        for _ in range(k):
            total = total * total // one
        return _make(0, total, -digits, Decimal)._rounded(_half_even(context), exact=False)

    def ln(self, context=None):
        context = context or getcontext()
        if self.is_nan():
            return _nan_of(self, self, context)
        if self.is_finite() and not self._int:
            return _make(1, 0, "F", Decimal)
        if self._sign:
            return _invalid(context, "ln of a negative value")
        if self.is_infinite():
            return self
        if self == 1:
            return Decimal(0)
        digits = context.prec + 14 + len(str(abs(self.adjusted()) + 1))
        return _make_signed(_ln_fixed(self, digits), -digits)._rounded(_half_even(context), exact=False)

    def log10(self, context=None):
        context = context or getcontext()
        if self.is_finite() and self._int and not self._sign:
            text = str(self._int).rstrip("0")
            if text == "1":
                return Decimal(self.adjusted())
        elif self.is_finite() and not self._int:
            return _make(1, 0, "F", Decimal)
        elif self._sign:
            return _invalid(context, "log10 of a negative value")
        digits = context.prec + 14 + len(str(abs(self.adjusted()) + 1))
        n = _ln_fixed(self, digits) * 10 ** digits // _ln_fixed(Decimal(10), digits)
        return _make_signed(n, -digits)._rounded(_half_even(context), exact=False)

    # --- operators
    def __add__(self, other):
        other = _operand(other)
        return other if other is NotImplemented else self._add(other, getcontext())

    __radd__ = __add__

    def __sub__(self, other):
        other = _operand(other)
        return other if other is NotImplemented else self._add(other.copy_negate(), getcontext())

    def __rsub__(self, other):
        other = _operand(other)
        return other if other is NotImplemented else other._add(self.copy_negate(), getcontext())

    def __mul__(self, other):
        other = _operand(other)
        return other if other is NotImplemented else self._mul(other, getcontext())

    __rmul__ = __mul__

    def __truediv__(self, other):
        other = _operand(other)
        return other if other is NotImplemented else self._div(other, getcontext())

    def __rtruediv__(self, other):
        other = _operand(other)
        return other if other is NotImplemented else other._div(self, getcontext())

    def __floordiv__(self, other):
        other = _operand(other)
        return other if other is NotImplemented else self._divmod(other, getcontext())[0]

    def __rfloordiv__(self, other):
        other = _operand(other)
        return other if other is NotImplemented else other._divmod(self, getcontext())[0]

    def __mod__(self, other):
        other = _operand(other)
        return other if other is NotImplemented else self._divmod(other, getcontext())[1]

    def __rmod__(self, other):
        other = _operand(other)
        return other if other is NotImplemented else other._divmod(self, getcontext())[1]

    def __divmod__(self, other):
        other = _operand(other)
        return other if other is NotImplemented else self._divmod(other, getcontext())

    def __rdivmod__(self, other):
        other = _operand(other)
        return other if other is NotImplemented else other._divmod(self, getcontext())

    def __pow__(self, other, modulo=None):
        other = _operand(other)
        return other if other is NotImplemented else self._pow(other, getcontext())

    def __rpow__(self, other):
        other = _operand(other)
        return other if other is NotImplemented else other._pow(self, getcontext())

    # --- comparison
    def _order(self, other):
        """-1, 0, 1 of numbers that are no NaNs."""
        if self.is_infinite() or other.is_infinite():
            a = (0 if not self.is_infinite() else -1 if self._sign else 1)
            b = (0 if not other.is_infinite() else -1 if other._sign else 1)
            return (a > b) - (a < b)
        exp = min(self._exp, other._exp)
        a, b = self._signed() * 10 ** (self._exp - exp), other._signed() * 10 ** (other._exp - exp)
        return (a > b) - (a < b)

    def compare(self, other, context=None):
        other = _decimal(other)
        if self.is_nan() or other.is_nan():
            return _nan_of(self, other, context or getcontext())
        return Decimal(self._order(other))

    def __eq__(self, other):
        other = _comparable(other)
        if other is NotImplemented:
            return other
        return not (self.is_nan() or other.is_nan()) and self._order(other) == 0

    def _ordered(self, other, test):
        other = _comparable(other)
        if other is NotImplemented:
            return other
        if self.is_nan() or other.is_nan():
            getcontext()._signal(InvalidOperation, [InvalidOperation])
            return False
        return test(self._order(other))

    def __lt__(self, other):
        return self._ordered(other, lambda c: c < 0)

    def __le__(self, other):
        return self._ordered(other, lambda c: c <= 0)

    def __gt__(self, other):
        return self._ordered(other, lambda c: c > 0)

    def __ge__(self, other):
        return self._ordered(other, lambda c: c >= 0)

    def max(self, other, context=None):
        other = _decimal(other)
        return (self if self >= other else other)._rounded(context or getcontext())

    def min(self, other, context=None):
        other = _decimal(other)
        return (self if self <= other else other)._rounded(context or getcontext())

    def scaleb(self, other, context=None):
        return _make(self._sign, self._int, self._exp + int(other), Decimal)._rounded(context or getcontext())

    def fma(self, other, third, context=None):
        product = _make(self._sign ^ _decimal(other)._sign, self._int * _decimal(other)._int, self._exp + _decimal(other)._exp, Decimal)
        return product._add(_decimal(third), context or getcontext())

    def remainder_near(self, other, context=None):
        other = _decimal(other)
        q = self._div(other, Context(prec=60))._to_exponent(0, ROUND_HALF_EVEN)
        return self._add(q._mul(other, Context(prec=200)).copy_negate(), context or getcontext())

    def same_quantum(self, other, context=None):
        return self._exp == _decimal(other)._exp

    def radix(self):
        return Decimal(10)

    def canonical(self):
        return self

    def __reduce__(self):
        return self.__class__, (str(self),)

    def __copy__(self):
        return self

    def __deepcopy__(self, memo):
        return self


numbers.Number.register(Decimal)


def _make(sign, n, exp, cls):
    d = object.__new__(cls)
    d._sign, d._int, d._exp = sign, n, exp
    return d


def _make_signed(n, exp):
    return _make(1 if n < 0 else 0, abs(n), exp, Decimal)


def _decimal(value):
    if isinstance(value, Decimal):
        return value
    if isinstance(value, int):
        return Decimal(value)
    raise TypeError("conversion from %s to Decimal is not supported" % type(value).__name__)


def _operand(value):
    if isinstance(value, Decimal):
        return value
    return Decimal(value) if isinstance(value, int) else NotImplemented


def _comparable(value):
    if isinstance(value, Decimal):
        return value
    if isinstance(value, (int, float)):
        return Decimal(value)
    if isinstance(value, numbers.Rational):
        return Context(prec=200).divide(Decimal(value.numerator), Decimal(value.denominator))
    return NotImplemented


def _invalid(context, message):
    context._signal(InvalidOperation, [InvalidOperation])
    return _make(0, 0, "n", Decimal)


def _nan_of(a, b, context):
    for x in (a, b):
        if x._exp == "N":
            context._signal(InvalidOperation, [InvalidOperation])
            return _make(x._sign, x._int, "n", Decimal)
    return a if a.is_nan() else b


def _half_even(context):
    if context.rounding == ROUND_HALF_EVEN:
        return context
    c = context.copy()
    c.rounding = ROUND_HALF_EVEN
    return c


def _fixed(d, digits):
    """The number times 10 ** digits as an int."""
    shift = digits + d._exp
    n = d._int * 10 ** shift if shift >= 0 else d._int // 10 ** -shift
    return -n if d._sign else n


def _ln_fixed(d, digits):
    """ln(d) * 10 ** digits."""
    one = 10 ** (digits + 6)
    exponent = d.adjusted() + 1
    x = _fixed(_make(0, d._int, d._exp - exponent, Decimal), digits + 6)  # in [0.1, 1)
    twos = 0
    while x * 4 < one * 3:
        x *= 2
        twos += 1

    def series(a, b):
        """ln(a / b) for a near b: 2 * artanh((a - b) / (a + b))."""
        y = (a - b) * one // (a + b)
        square = y * y // one
        total, power, k = 0, y, 1
        while power:
            total += power // k if power > 0 else -(-power // k)
            power = power * square // one if power > 0 else -(-power * square // one)
            k += 2
        return 2 * total

    ln2 = series(2, 1)
    ln10 = 3 * ln2 + series(10, 8)
    return (series(x, one) - twos * ln2 + exponent * ln10) // 10 ** 6


DefaultContext = Context(prec=28, rounding=ROUND_HALF_EVEN)
BasicContext = Context(prec=9, rounding=ROUND_HALF_UP)
ExtendedContext = Context(prec=9, rounding=ROUND_HALF_EVEN, traps=[])
_current = DefaultContext.copy()


def getcontext():
    """The context that operations use."""
    return _current


def setcontext(context):
    global _current
    _current = context.copy() if context in (DefaultContext, BasicContext, ExtendedContext) else context


class _Local:
    def __init__(self, context):
        self._context = context

    def __enter__(self):
        self._saved = getcontext()
        setcontext(self._context)
        return self._context

    def __exit__(self, *exc):
        setcontext(self._saved)


def localcontext(ctx=None, **kwargs):
    """A context for a with statement."""
    c = (getcontext() if ctx is None else ctx).copy()
    for name, value in kwargs.items():
        setattr(c, name, value)
    return _Local(c)
