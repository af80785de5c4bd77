"""Pointwise operators: one entry each, from which everything follows.

    @op.pointwise(operator="mul")                    # kind and fields
    def mul(self: Tensor, other: Operand) -> Tensor: # PyTorch's schema; Operand: a tensor or a number (two overloads)
        '''Multiplies element by element.'''         # documentation
        return self * other                          # what is computed for one element

    @mul.backward                                    # the node is MulBackward0 (else: @mul.backward("Name"))
    def _(grad, self, other):                        # what it names is saved, nothing else
        d_self = grad * other.conj()                 # the gradient of `self`, computed only if it is asked for
        d_other = grad * self.conj()                 # broadcasting and dtype are undone by the engine

Kinds: `pointwise` (below), `primitive` (the C++ kernel ops::cpu::NAME, or a body that calls `cpu.other(...)`), `reduction`
and `scan` (primitives whose kind the fuser knows), `composite` (a body of other operators; with a `backward` it is one node,
without one the operators inside record themselves).

Fields: overload (for several, one word for each, numbers last), variants ("function method inplace out"), namespace
("torch", "nn", "linalg", "special", "fft", "private"), aliases, operator (the special methods: "add" gives __add__,
__radd__, __iadd__), promote ("common", or "float": integers compute in the default float type), dtypes (classes of dtypes,
where the body would take more: "bool int float complex"), results (names of several results), plain_tuple (True: no named tuple), kernel, cuda, view (True, or
"multiple"), random, factory (adds dtype, layout, device, pin_memory), differentiable (False: no node).
A name that ends in _ writes to its first argument.

Types: Tensor, Tensor | None, list[Tensor], list[Tensor | None], Operand, Number (a number that counts in promotion), Scalar,
int, float, bool, str, list[int], int[2] (a list of 2, or one int for both), Dtype, Device, Layout, MemoryFormat, Generator,
Element[Bool] (pointwise: a tensor that takes no part in promotion).

Bodies of pointwise operators are compiled once for each compute type. `if is_complex(x)` and the like (is_float, is_int,
is_bool) are decided then; `a if c else b` chooses for each element. A type whose operations do not exist is refused.
Functions: those of ops/scalar/opcodes.def in snake_case; float(x), int(x), bool(x), complex(re, im).
"""


# --- arithmetic ----------------------------------------------------------------------------------------------------------
@op.pointwise(operator="add", check="addition")
def add(self: Tensor, other: Operand, *, alpha: Scalar = 1) -> Tensor:
    """Adds ``alpha * other`` to each element."""
    if is_bool(self):
        return self or (alpha and other)
    return self + alpha * other

@add.backward("AddBackward0 AddBackward0/AddBackward1")
def _(grad, alpha):
    d_self = grad
    d_other = scaled(grad, alpha)


@op.pointwise(operator="sub", aliases="subtract", check="subtraction")
def sub(self: Tensor, other: Operand, *, alpha: Scalar = 1) -> Tensor:
    """Subtracts ``alpha * other`` from each element."""
    return self - alpha * other

@sub.backward("SubBackward0 SubBackward0/SubBackward1")
def _(grad, alpha):
    d_self = grad
    d_other = scaled(-grad, alpha)


@op.pointwise(variants="function", overload="Tensor Scalar", operator="rsub", check="subtraction")
def rsub(self: Tensor, other: Operand, alpha: Scalar = 1) -> Tensor:
    """``other - alpha * self``."""
    return other - alpha * self

@rsub.backward("RsubBackward0 RsubBackward1")
def _(grad, alpha):
    d_self = scaled(-grad, alpha)
    d_other = grad


@op.composite(namespace="private", variants="none")
def scaled(self: Tensor, factor: Scalar) -> Tensor:
    if factor == 1:
        return self
    return self * conj_scalar(factor)


@op.pointwise(operator="mul", aliases="multiply")
def mul(self: Tensor, other: Operand) -> Tensor:
    """Multiplies element by element."""
    if is_bool(self):
        return self and other
    return self * other

@mul.backward("MulBackward0 MulBackward0/MulBackward1")
def _(grad, self, other):
    d_self = grad * other.conj()
    d_other = grad * self.conj()


@op.pointwise(operator="truediv", aliases="divide true_divide", promote="float")
def div(self: Tensor, other: Operand) -> Tensor:
    """Divides element by element; integers give floats."""
    return self / other

@div.backward("DivBackward0 DivBackward0/DivBackward1")
def _(grad, self, other):
    d_self = grad / other.conj()
    d_other = -grad * ((self / other) / other).conj()


@op.composite(overload="Tensor_mode Scalar_mode", variants="function method inplace out", aliases="divide")
def div(self: Tensor, other: Operand, *, rounding_mode: str | None) -> Tensor:
    """Divides and rounds: towards zero ("trunc"), down ("floor"), or not (None)."""
    if rounding_mode is None:
        return torch.div(self, other)
    if rounding_mode == "trunc":
        return torch.div_trunc(self, other)
    if rounding_mode == "floor":
        return torch.div_floor(self, other)
    raise RuntimeError(f"div expected rounding_mode to be one of None, 'trunc', or 'floor' but found '{rounding_mode}'")

@div.backward("DivBackward1")
def _(grad, self, other, rounding_mode):
    d_self = grad / other.conj() if rounding_mode is None else grad.zeros_like()
    d_other = -grad * ((self / other) / other).conj() if rounding_mode is None else grad.zeros_like()


@op.pointwise(namespace="private", variants="none", dtypes="int float")
def div_trunc(self: Tensor, other: Operand) -> Tensor:
    if is_int(self):
        return div_trunc(self, other)
    return trunc(self / other)


@op.pointwise(namespace="private", variants="none", dtypes="int float", overload="Tensor Scalar Scalar_Tensor")
def div_floor(self: Operand, other: Operand) -> Tensor:
    return floor_div(self, other)


@op.pointwise(operator="floordiv", dtypes="int float", kernel="div_floor_cpu")
def floor_divide(self: Tensor, other: Operand) -> Tensor:
    """The quotient rounded down."""
    return floor_div(self, other)


@op.pointwise(operator="mod", overload="Tensor Scalar Scalar_Tensor", dtypes="int float", kernel="remainder_cpu")
def remainder(self: Operand, other: Operand) -> Tensor:
    """Python's ``%``: the remainder has the sign of the divisor."""
    return remainder(self, other)

@remainder.backward
def _(grad, self, other):
    d_self = grad
    d_other = -grad * torch.div_floor(self, other)


@op.pointwise(dtypes="int float", kernel="fmod_cpu")
def fmod(self: Tensor, other: Operand) -> Tensor:
    """C's remainder: it has the sign of the dividend."""
    return fmod(self, other)

@fmod.backward
def _(grad, self, other):
    d_self = grad
    d_other = -grad * self.div(other, rounding_mode="trunc")


@op.pointwise(namespace="private", variants="none", overload="Tensor_Tensor Tensor_Scalar Scalar")
def any_power(self: Operand, exponent: Operand) -> Tensor:
    return pow(self, exponent)


@op.pointwise(namespace="private", variants="none", dtypes="float")
def cube(self: Tensor) -> Tensor:
    return self * self * self


@op.pointwise(namespace="private", variants="none", dtypes="float")
def squared(self: Tensor) -> Tensor:
    return self * self


@op.pointwise(namespace="private", variants="none", dtypes="float")
def inverse_square(self: Tensor) -> Tensor:
    return 1 / (self * self)


@op.composite(operator="pow", overload="Tensor_Tensor", variants="function method inplace out")
def pow(self: Tensor, exponent: Tensor) -> Tensor:
    """``self`` to the power ``exponent``."""
    return torch.any_power(self, exponent)

@pow.backward("PowBackward1")
def _(grad, self, exponent, result):
    d_self = pow_gradient(grad, self, exponent)
    d_exponent = grad * torch.where(result == 0, 0, (result * self.log()).conj())


@op.composite(operator="pow", overload="Tensor_Scalar", variants="function method inplace out")
def pow(self: Tensor, exponent: Number) -> Tensor:
    """``self`` to the power ``exponent``."""
    if self.is_floating_point():
        if exponent == 2:
            return torch.squared(self)
        if exponent == 3:
            return torch.cube(self)
        if exponent == 0.5:
            return torch.sqrt(self)
        if exponent == -2:
            return torch.inverse_square(self)
    check_power(self, exponent)
    return torch.any_power(self, exponent)

@pow.backward("PowBackward0")
def _(grad, self, exponent):
    d_self = pow_gradient(grad, self, exponent)


@op.composite(operator="pow", overload="Scalar", variants="function out")
def pow(self: Number, exponent: Tensor) -> Tensor:
    """``self`` to the power ``exponent``."""
    return torch.any_power(self, exponent)

@pow.backward("PowBackward1")
def _(grad, self, result):
    d_exponent = grad * torch.where(result == 0, 0, (result * self.log()).conj())


@op.composite(namespace="private", variants="none", overload="Scalar")
def pow_gradient(grad: Tensor, self: Tensor, exponent: Scalar) -> Tensor:
    if exponent == 0:
        return grad.zeros_like()
    if exponent == 2:
        return grad * (exponent * self).conj()
    return grad * (exponent * self.pow(exponent - 1)).conj()


@op.composite(namespace="private", variants="none", overload="Tensor")
def pow_gradient(grad: Tensor, self: Tensor, exponent: Tensor) -> Tensor:
    return torch.where(exponent == 0, 0, grad * (exponent * self.pow(exponent - 1)).conj())


@op.pointwise(operator="neg", aliases="negative", dtypes="int float complex", check="negation")
def neg(self: Tensor) -> Tensor:
    """The negative of each element."""
    return -self

@neg.backward
def _(grad):
    d_self = -grad


@op.composite(variants="function method")
def positive(self: Tensor) -> Tensor:
    """``+self``."""
    return self


@op.pointwise(aliases="absolute", operator="abs")
def abs(self: Tensor) -> Tensor:
    """The absolute value of each element."""
    if is_complex(self):
        return modulus(self)
    if is_bool(self):
        return self
    return abs(self)

@abs.backward
def _(grad, self):
    d_self = grad * self.sgn()


@op.pointwise(dtypes="int float bool")
def sign(self: Tensor) -> Tensor:
    """-1, 0 or 1 as each element's sign."""
    if is_bool(self):
        return self
    return sign(self)

@sign.backward
def _(grad):
    d_self = grad.zeros_like()


@op.pointwise
def sgn(self: Tensor) -> Tensor:
    """The sign; for complex numbers, the number divided by its absolute value."""
    if is_bool(self):
        return self
    return sign(self)

@sgn.backward
def _(grad, self, result):
    d_self = sgn_gradient(self, grad, result)


@op.composite(namespace="private", variants="none")
def sgn_gradient(self: Tensor, grad: Tensor, sgn: Tensor) -> Tensor:
    if not self.is_complex():
        return grad.zeros_like()
    size = self.abs()
    return torch.where(size == 0, 0, (grad / size) - (torch.real(grad / sgn) * sgn / size))


@op.pointwise(promote="float")
def reciprocal(self: Tensor) -> Tensor:
    """1 divided by each element."""
    return reciprocal(self)

@reciprocal.backward
def _(grad, result):
    d_self = -grad * (result * result).conj()


@op.composite(variants="function method inplace out")
def square(self: Tensor) -> Tensor:
    """Each element times itself."""
    return self.pow(2)


@op.pointwise(overload="")
def addcmul(self: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: Scalar = 1) -> Tensor:
    """``self + value * tensor1 * tensor2``."""
    return self + value * tensor1 * tensor2

@addcmul.backward
def _(grad, tensor1, tensor2, value):
    d_self = grad
    d_tensor1 = scaled(grad * tensor2.conj(), value)
    d_tensor2 = scaled(grad * tensor1.conj(), value)


@op.pointwise(overload="", dtypes="float complex")
def addcdiv(self: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: Scalar = 1) -> Tensor:
    """``self + value * tensor1 / tensor2``."""
    return self + value * tensor1 / tensor2

@addcdiv.backward
def _(grad, tensor1, tensor2, value):
    d_self = grad
    d_tensor1 = scaled(grad / tensor2.conj(), value)
    d_tensor2 = scaled(-grad * (tensor1 / (tensor2 * tensor2)).conj(), value)


@op.pointwise(overload="Tensor Scalar", dtypes="float complex")
def lerp(self: Tensor, end: Tensor, weight: Operand) -> Tensor:
    """``self + weight * (end - self)``."""
    if is_complex(self):
        return self + weight * (end - self) if modulus(weight) < 0.5 else end - (end - self) * (1 - weight)
    return self + weight * (end - self) if abs(weight) < 0.5 else end - (end - self) * (1 - weight)

@lerp.backward("LerpBackward1 LerpBackward0")
def _(grad, self, end, weight):
    d_self = grad * (1 - weight).conj()
    d_end = grad * weight.conj()
    d_weight = grad * (end - self).conj()


# --- powers, exponentials, logarithms ---------------------------------------------------------------------------------
@op.pointwise(promote="float")
def exp(self: Tensor) -> Tensor:
    """e to the power of each element."""
    return exp(self)

@exp.backward
def _(grad, result):
    d_self = grad * result.conj()


@op.pointwise(promote="float", dtypes="float")
def exp2(self: Tensor) -> Tensor:
    """2 to the power of each element."""
    return exp2(self)

@exp2.backward
def _(grad, result):
    d_self = grad * result * 0.6931471805599453


@op.pointwise(promote="float", dtypes="float")
def expm1(self: Tensor) -> Tensor:
    """``exp(x) - 1``, exact near 0."""
    return expm1(self)

@expm1.backward
def _(grad, result):
    d_self = grad * (result + 1)


@op.pointwise(promote="float")
def log(self: Tensor) -> Tensor:
    """The natural logarithm of each element."""
    return log(self)

@log.backward
def _(grad, self):
    d_self = grad / self.conj()


@op.pointwise(promote="float", dtypes="float complex")
def log2(self: Tensor) -> Tensor:
    """The logarithm with base 2."""
    if is_complex(self):
        return log(self) * 1.4426950408889634
    return log2(self)

@log2.backward
def _(grad, self):
    d_self = grad / (self.conj() * 0.6931471805599453)


@op.pointwise(promote="float", dtypes="float complex")
def log10(self: Tensor) -> Tensor:
    """The logarithm with base 10."""
    if is_complex(self):
        return log(self) * 0.4342944819032518
    return log10(self)

@log10.backward
def _(grad, self):
    d_self = grad / (self.conj() * 2.302585092994046)


@op.pointwise(promote="float", dtypes="float")
def log1p(self: Tensor) -> Tensor:
    """``log(1 + x)``, exact near 0."""
    return log1p(self)

@log1p.backward
def _(grad, self):
    d_self = grad / (self + 1)


@op.pointwise(promote="float")
def sqrt(self: Tensor) -> Tensor:
    """The square root of each element."""
    return sqrt(self)

@sqrt.backward
def _(grad, result):
    d_self = grad / (2 * result.conj())


@op.pointwise(promote="float")
def rsqrt(self: Tensor) -> Tensor:
    """1 divided by the square root."""
    return rsqrt(self)

@rsqrt.backward
def _(grad, result):
    d_self = -0.5 * grad * result.pow(3).conj()


@op.pointwise(promote="float", dtypes="float", kernel="logaddexp_cpu")
def logaddexp(self: Tensor, other: Tensor) -> Tensor:
    """``log(exp(a) + exp(b))`` without overflow."""
    m = max(self, other)
    return m if is_inf(m) and self == other else m + log1p(exp(-abs(self - other)))

@logaddexp.backward
def _(grad, self, other, result):
    d_self = grad * (self - result).exp()
    d_other = grad * (other - result).exp()


@op.pointwise(promote="float", dtypes="float")
def logaddexp2(self: Tensor, other: Tensor) -> Tensor:
    """``log2(2 ** a + 2 ** b)`` without overflow."""
    m = max(self, other)
    return m if is_inf(m) and self == other else m + log1p(exp2(-abs(self - other))) * 1.4426950408889634

@logaddexp2.backward
def _(grad, self, other, result):
    d_self = grad * (self - result).exp2()
    d_other = grad * (other - result).exp2()


@op.pointwise(overload="Tensor Scalar_Other Scalar_Self", promote="float", dtypes="float", kernel="xlogy_cpu")
def xlogy(self: Operand, other: Operand) -> Tensor:
    """``a * log(b)``, 0 where ``a`` is 0."""
    return other if is_nan(other) else (0 if self == 0 else self * log(other))

@xlogy.backward("XlogyBackward0 XlogyBackward2 XlogyBackward1")
def _(grad, self, other):
    d_self = grad * torch.xlogy_slope(self, other)
    d_other = grad * self / other


@op.pointwise(namespace="private", variants="none", overload="Tensor Scalar_Other Scalar_Self", promote="float", dtypes="float")
def xlogy_slope(self: Operand, other: Operand) -> Tensor:
    return 0 if self == 0 and other <= 0 else log(other)


# --- trigonometry -------------------------------------------------------------------------------------------------------
@op.pointwise(promote="float")
def sin(self: Tensor) -> Tensor:
    """Sine of each element, in radians."""
    return sin(self)

@sin.backward
def _(grad, self):
    d_self = grad * self.cos().conj()


@op.pointwise(promote="float")
def cos(self: Tensor) -> Tensor:
    """Cosine of each element, in radians."""
    return cos(self)

@cos.backward
def _(grad, self):
    d_self = grad * -self.sin().conj()


@op.pointwise(promote="float")
def tan(self: Tensor) -> Tensor:
    """Tangent of each element."""
    return tan(self)

@tan.backward
def _(grad, result):
    d_self = grad * (1 + result.pow(2)).conj()


@op.pointwise(promote="float", aliases="arcsin")
def asin(self: Tensor) -> Tensor:
    """Inverse of the sine."""
    return asin(self)

@asin.backward
def _(grad, self):
    d_self = grad * (1 - self * self).rsqrt().conj()


@op.pointwise(promote="float", aliases="arccos")
def acos(self: Tensor) -> Tensor:
    """Inverse of the cosine."""
    return acos(self)

@acos.backward
def _(grad, self):
    d_self = grad * -((1 - self * self).rsqrt()).conj()


@op.pointwise(promote="float", aliases="arctan")
def atan(self: Tensor) -> Tensor:
    """Inverse of the tangent."""
    return atan(self)

@atan.backward
def _(grad, self):
    d_self = grad / (self * self + 1).conj()


@op.pointwise(promote="float", dtypes="float", aliases="arctan2", kernel="atan2_cpu")
def atan2(self: Tensor, other: Tensor) -> Tensor:
    """The angle of the point (other, self)."""
    return atan2(self, other)

@atan2.backward
def _(grad, self, other):
    scale = grad / (self * self + other * other)
    d_self = scale * other
    d_other = scale * -self


@op.pointwise(promote="float")
def sinh(self: Tensor) -> Tensor:
    """Hyperbolic sine."""
    return sinh(self)

@sinh.backward
def _(grad, self):
    d_self = grad * self.cosh().conj()


@op.pointwise(promote="float")
def cosh(self: Tensor) -> Tensor:
    """Hyperbolic cosine."""
    return cosh(self)

@cosh.backward
def _(grad, self):
    d_self = grad * self.sinh().conj()


@op.pointwise(promote="float")
def tanh(self: Tensor) -> Tensor:
    """Hyperbolic tangent."""
    return tanh(self)

@tanh.backward
def _(grad, result):
    d_self = torch.tanh_backward(grad, result)


@op.pointwise(namespace="private", variants="function")
def tanh_backward(grad_output: Tensor, output: Tensor) -> Tensor:
    if is_complex(output):
        return grad_output * conj(1 - output * output)
    return grad_output * (1 - output * output)

@tanh_backward.backward
def _(grad, grad_output, output):
    d_grad_output = torch.tanh_backward(grad, output)
    d_output = grad * (-2 * output * grad_output)


@op.pointwise(promote="float", aliases="arcsinh")
def asinh(self: Tensor) -> Tensor:
    """Inverse of the hyperbolic sine."""
    return asinh(self)

@asinh.backward
def _(grad, self):
    d_self = grad * (self.pow(2) + 1).rsqrt().conj()


@op.pointwise(promote="float", aliases="arccosh")
def acosh(self: Tensor) -> Tensor:
    """Inverse of the hyperbolic cosine."""
    return acosh(self)

@acosh.backward
def _(grad, self):
    d_self = grad * ((self - 1).rsqrt() * (self + 1).rsqrt()).conj()


@op.pointwise(promote="float", aliases="arctanh")
def atanh(self: Tensor) -> Tensor:
    """Inverse of the hyperbolic tangent."""
    return atanh(self)

@atanh.backward
def _(grad, self):
    d_self = grad * (1 / (1 - self.pow(2))).conj()


@op.pointwise(dtypes="float", kernel="hypot_cpu")
def hypot(self: Tensor, other: Tensor) -> Tensor:
    """The length of the hypotenuse."""
    return hypot(self, other)

@hypot.backward
def _(grad, self, other, result):
    d_self = grad * (self / result)
    d_other = grad * (other / result)


@op.pointwise(promote="float", dtypes="float complex")
def sinc(self: Tensor) -> Tensor:
    """``sin(pi x) / (pi x)``."""
    x = self * math.pi
    return 1 if x == 0 else sin(x) / x

@sinc.backward
def _(grad, self):
    x = self * math.pi
    d_self = grad * torch.where(self == 0, 0, (x * x.cos() - x.sin()) / (x * self)).conj()


@op.composite(variants="function method inplace out")
def deg2rad(self: Tensor) -> Tensor:
    """Degrees as radians."""
    return self * 0.017453292519943295


@op.composite(variants="function method inplace out")
def rad2deg(self: Tensor) -> Tensor:
    """Radians as degrees."""
    return self * 57.29577951308232


# --- special functions ---------------------------------------------------------------------------------------------------
@op.pointwise(promote="float", dtypes="float", kernel="erf_vml_cpu")
def erf(self: Tensor) -> Tensor:
    """The error function."""
    return erf(self)

@erf.backward
def _(grad, self):
    d_self = 1.1283791670955126 * (-(self * self)).exp() * grad


@op.pointwise(promote="float", dtypes="float")
def erfc(self: Tensor) -> Tensor:
    """1 minus the error function."""
    return erfc(self)

@erfc.backward
def _(grad, self):
    d_self = -1.1283791670955126 * (-(self * self)).exp() * grad


@op.pointwise(promote="float", dtypes="float")
def erfinv(self: Tensor) -> Tensor:
    """Inverse of the error function."""
    return erfinv(self)

@erfinv.backward
def _(grad, result):
    d_self = 0.8862269254527579 * (result * result).exp() * grad


@op.pointwise(promote="float", dtypes="float", kernel="lgamma_vml_cpu")
def lgamma(self: Tensor) -> Tensor:
    """Logarithm of the absolute value of the gamma function."""
    return lgamma(self)

@lgamma.backward
def _(grad, self):
    d_self = grad * self.digamma()


@op.pointwise(promote="float", dtypes="float")
def digamma(self: Tensor) -> Tensor:
    """Derivative of the logarithm of the gamma function."""
    return digamma(self)

@digamma.backward
def _(grad, self):
    d_self = grad * torch.polygamma(1, self)


@op.pointwise(promote="float", dtypes="float complex")
def sigmoid(self: Tensor) -> Tensor:
    """``1 / (1 + exp(-x))``."""
    return sigmoid(self)

@sigmoid.backward
def _(grad, result):
    d_self = torch.sigmoid_backward(grad, result)


@op.pointwise(namespace="private", variants="function")
def sigmoid_backward(grad_output: Tensor, output: Tensor) -> Tensor:
    if is_complex(output):
        return grad_output * conj((1 - output) * output)
    return grad_output * ((1 - output) * output)

@sigmoid_backward.backward
def _(grad, grad_output, output):
    d_grad_output = torch.sigmoid_backward(grad, output)
    d_output = grad * grad_output * (1 - 2 * output)


@op.pointwise(overload="", promote="float", dtypes="float")
def logit(self: Tensor, eps: Scalar = -1) -> Tensor:
    """``log(x / (1 - x))``; with eps, x is first clamped to [eps, 1 - eps]."""
    x = (self if eps < 0 else (eps if self < eps else (1 - eps if self > 1 - eps else self)))
    return log(x / (1 - x))

@logit.backward
def _(grad, self, eps):
    d_self = torch.logit_gradient(grad, self, eps)


@op.pointwise(namespace="private", variants="none", overload="")
def logit_gradient(grad: Tensor, self: Tensor, eps: Scalar) -> Tensor:
    low = 0 if eps < 0 else eps
    outside = math.nan if eps < 0 else 0
    return outside * self if self < low or self > 1 - low else grad / (self * (1 - self))


# --- rounding -----------------------------------------------------------------------------------------------------------
@op.pointwise(dtypes="int float", kernel="floor_vml_cpu")
def floor(self: Tensor) -> Tensor:
    """Rounds down."""
    if is_int(self):
        return self
    return floor(self)

@floor.backward
def _(grad):
    d_self = grad.zeros_like()


@op.pointwise(dtypes="int float", kernel="ceil_vml_cpu")
def ceil(self: Tensor) -> Tensor:
    """Rounds up."""
    if is_int(self):
        return self
    return ceil(self)

@ceil.backward
def _(grad):
    d_self = grad.zeros_like()


@op.pointwise(dtypes="int float", kernel="round_vml_cpu")
def round(self: Tensor) -> Tensor:
    """Rounds to the nearest integer, halves to the even one."""
    if is_int(self):
        return self
    return round_even(self)

@round.backward
def _(grad):
    d_self = grad.zeros_like()


@op.composite(overload="decimals", variants="function method inplace out")
def round(self: Tensor, *, decimals: int) -> Tensor:
    """Rounds to that many digits after the point."""
    if decimals == 0:
        return self.round()
    scale = 10.0 ** abs(decimals)
    if decimals > 0:
        return (self * scale).round() / scale
    return (self / scale).round() * scale

@round.backward("RoundBackward1")
def _(grad):
    d_self = grad.zeros_like()


@op.pointwise(dtypes="int float", aliases="fix", kernel="trunc_vml_cpu")
def trunc(self: Tensor) -> Tensor:
    """Rounds towards zero."""
    if is_int(self):
        return self
    return trunc(self)

@trunc.backward
def _(grad):
    d_self = grad.zeros_like()


@op.pointwise(dtypes="float", kernel="frac_cpu")
def frac(self: Tensor) -> Tensor:
    """What ``trunc`` cuts off."""
    return frac(self)

@frac.backward
def _(grad):
    d_self = grad


# --- smaller, larger, between ---------------------------------------------------------------------------------------------
@op.pointwise(variants="function method out", overload="", dtypes="bool int float")
def maximum(self: Tensor, other: Tensor) -> Tensor:
    """The larger one; NaN wins."""
    return max(self, other)

@maximum.backward
def _(grad, self, other):
    half = (grad / 2).where_equal(grad, self, other)
    d_self = torch.where(self < other, 0, half)
    d_other = torch.where(self > other, 0, half)


@op.pointwise(variants="function method out", overload="", dtypes="bool int float")
def minimum(self: Tensor, other: Tensor) -> Tensor:
    """The smaller one; NaN wins."""
    return min(self, other)

@minimum.backward
def _(grad, self, other):
    half = (grad / 2).where_equal(grad, self, other)
    d_self = torch.where(self > other, 0, half)
    d_other = torch.where(self < other, 0, half)


@op.composite(namespace="private", variants="none")
def where_equal(self: Tensor, otherwise: Tensor, a: Tensor, b: Tensor) -> Tensor:
    return torch.where(a == b, self, otherwise)


@op.pointwise(variants="function method out", overload="", dtypes="bool int float")
def fmax(self: Tensor, other: Tensor) -> Tensor:
    """The larger one; NaN loses."""
    if is_float(self):
        return f_max(self, other)
    return max(self, other)

@fmax.backward
def _(grad, self, other):
    first = (self >= other).logical_or(other.isnan())
    d_self = torch.where(first.logical_not(), 0, grad)
    d_other = torch.where(first, 0, grad)


@op.pointwise(variants="function method out", overload="", dtypes="bool int float")
def fmin(self: Tensor, other: Tensor) -> Tensor:
    """The smaller one; NaN loses."""
    if is_float(self):
        return f_min(self, other)
    return min(self, other)

@fmin.backward
def _(grad, self, other):
    first = (self <= other).logical_or(other.isnan())
    d_self = torch.where(first.logical_not(), 0, grad)
    d_other = torch.where(first, 0, grad)


@op.pointwise(dtypes="bool int float", overload="Tensor Scalar")
def clamp_min(self: Tensor, min: Operand) -> Tensor:
    """The element, or ``min`` where that is larger."""
    if is_int(self) or is_bool(self):
        return max(self, min)
    return self if is_nan(self) else max(self, min)

@clamp_min.backward("ClampMinBackward1 ClampMinBackward0")
def _(grad, self, min):
    d_self = torch.where(self < min, 0, grad)
    d_min = torch.where(self >= min, 0, grad)


@op.pointwise(dtypes="bool int float", overload="Tensor Scalar")
def clamp_max(self: Tensor, max: Operand) -> Tensor:
    """The element, or ``max`` where that is smaller."""
    if is_int(self) or is_bool(self):
        return min(self, max)
    return self if is_nan(self) else min(self, max)

@clamp_max.backward("ClampMaxBackward1 ClampMaxBackward0")
def _(grad, self, max):
    d_self = torch.where(self > max, 0, grad)
    d_max = torch.where(self <= max, 0, grad)


@op.pointwise(namespace="private", variants="none", dtypes="int float", overload="")
def clamp_both(self: Tensor, low: Number, high: Number) -> Tensor:
    if is_int(self):
        return min(max(self, low), high)
    return self if is_nan(self) else min(max(self, low), high)


@op.pointwise(namespace="private", variants="none", overload="", dtypes="int float bool")
def clamp_mask(self: Tensor, low: Number, high: Number) -> Tensor:
    return self >= low and self <= high


@op.composite(overload="", variants="function method inplace out", aliases="clip")
def clamp(self: Tensor, min: Scalar | None = None, max: Scalar | None = None) -> Tensor:
    """Each element, moved into [min, max]."""
    if min is not None and max is not None:
        return torch.clamp_both(self, min, max)
    if min is not None:
        return self.clamp_min(min)
    if max is not None:
        return self.clamp_max(max)
    raise RuntimeError("torch.clamp: At least one of 'min' or 'max' must not be None")

@clamp.backward("ClampBackward1")
def _(grad, self, min, max):
    d_self = clamp_gradient(grad, self, min, max)


@op.composite(namespace="private", variants="none", overload="")
def clamp_gradient(grad: Tensor, self: Tensor, min: Scalar | None, max: Scalar | None) -> Tensor:
    if min is not None and max is not None:
        return torch.where(torch.clamp_mask(self, min, max), grad, 0)
    if min is not None:
        return torch.where(self >= min, grad, 0)
    return torch.where(self <= max, grad, 0)


@op.composite(overload="Tensor", variants="function method inplace out", aliases="clip")
def clamp(self: Tensor, min: Tensor | None = None, max: Tensor | None = None) -> Tensor:
    """Each element, moved between the elements of ``min`` and ``max``."""
    if min is not None and max is not None:
        return torch.minimum(torch.maximum(self, min), max)
    if min is not None:
        return torch.maximum(self, min)
    if max is not None:
        return torch.minimum(self, max)
    raise RuntimeError("torch.clamp: At least one of 'min' or 'max' must not be None")

@clamp.backward("ClampBackward0")
def _(grad, self, min, max):
    low = self < min if min is not None else self != self
    high = self > max if max is not None else self != self
    d_self = torch.where(low.logical_or(high), 0, grad)
    if min is not None:
        d_min = torch.where(low.logical_not(), 0, grad) if max is None else torch.where((low & (min < max)).logical_not(), 0, grad)
    if max is not None:
        d_max = torch.where(high.logical_not(), 0, grad) if min is None else torch.where((high | (max < min)).logical_not(), 0, grad)


# --- comparison -----------------------------------------------------------------------------------------------------------
@op.pointwise(operator="eq")
def eq(self: Tensor, other: Operand) -> Tensor:
    """Whether they are equal."""
    return self == other


@op.pointwise(operator="ne", aliases="not_equal")
def ne(self: Tensor, other: Operand) -> Tensor:
    """Whether they differ."""
    return self != other


@op.pointwise(operator="lt", aliases="less", kernel="lt_cpu")
def lt(self: Tensor, other: Operand) -> Tensor:
    """``self < other``."""
    return self < other


@op.pointwise(operator="le", aliases="less_equal", kernel="le_cpu")
def le(self: Tensor, other: Operand) -> Tensor:
    """``self <= other``."""
    return self <= other


@op.pointwise(operator="gt", aliases="greater", kernel="gt_cpu")
def gt(self: Tensor, other: Operand) -> Tensor:
    """``self > other``."""
    return self > other


@op.pointwise(operator="ge", aliases="greater_equal", kernel="ge_cpu")
def ge(self: Tensor, other: Operand) -> Tensor:
    """``self >= other``."""
    return self >= other


@op.pointwise(variants="function method")
def isnan(self: Tensor) -> Tensor:
    """Whether each element is NaN."""
    if is_float(self) or is_complex(self):
        return is_nan(self)
    return bool(self) and not bool(self)


@op.pointwise(variants="function method")
def isinf(self: Tensor) -> Tensor:
    """Whether each element is infinite."""
    if is_float(self) or is_complex(self):
        return is_inf(self)
    return bool(self) and not bool(self)


@op.pointwise(variants="function method")
def isfinite(self: Tensor) -> Tensor:
    """Whether each element is neither infinite nor NaN."""
    if is_float(self) or is_complex(self):
        return is_finite(self)
    return bool(self) or not bool(self)


@op.pointwise(variants="function method out", dtypes="int float bool")
def isposinf(self: Tensor) -> Tensor:
    """Whether each element is positive infinity."""
    if is_float(self):
        return self == math.inf
    return bool(self) and not bool(self)


@op.pointwise(variants="function method out", dtypes="int float bool")
def isneginf(self: Tensor) -> Tensor:
    """Whether each element is negative infinity."""
    if is_float(self):
        return self == -math.inf
    return bool(self) and not bool(self)


@op.pointwise(variants="function method")
def isreal(self: Tensor) -> Tensor:
    """Whether the imaginary part of each element is 0."""
    if is_complex(self):
        return imag(self) == 0
    return bool(self) or not bool(self)


@op.pointwise(variants="function method out", dtypes="int float bool")
def signbit(self: Tensor) -> Tensor:
    """Whether each element's sign is negative (also of -0)."""
    if is_bool(self):
        return self and not self
    return sign_bit(self)


@op.composite(variants="function method", differentiable=False)
def isclose(self: Tensor, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> Tensor:
    """Whether ``|a - b| <= atol + rtol * |b|``."""
    if self.dtype != other.dtype:
        raise RuntimeError(f"{self.dtype} did not match {other.dtype}")
    if rtol < 0:
        raise RuntimeError(f"rtol must be greater than or equal to zero, but got {rtol}")
    if atol < 0:
        raise RuntimeError(f"atol must be greater than or equal to zero, but got {atol}")
    return torch.close_to(self, other, rtol, atol, equal_nan)


@op.pointwise(overload="", variants="none", namespace="private")
def close_to(self: Tensor, other: Tensor, rtol: float, atol: float, equal_nan: bool) -> Tensor:
    if is_bool(self):
        return self == other
    if is_int(self):
        return self == other or float(abs(self - other)) <= atol + abs(rtol * float(other))
    if is_complex(self):
        return (self == other or (is_nan(self) and is_nan(other) and equal_nan)
                or (is_finite(modulus(self - other)) and modulus(self - other) <= atol + rtol * modulus(other)))
    return (self == other or (is_nan(self) and is_nan(other) and equal_nan)
            or (is_finite(self - other) and abs(self - other) <= atol + abs(rtol * other)))


@op.composite(variants="function method")
def allclose(self: Tensor, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> bool:
    """Whether all elements are close."""
    return bool(torch.isclose(self, other, rtol, atol, equal_nan).all().item())


@op.composite(variants="function method")
def equal(self: Tensor, other: Tensor) -> bool:
    """Whether sizes and all elements are equal."""
    if self.shape != other.shape:
        return False
    return bool((self == other).all().item())


# --- logic and bits ---------------------------------------------------------------------------------------------------------
@op.pointwise
def logical_not(self: Tensor) -> Tensor:
    """Whether each element is 0."""
    return not bool(self)


@op.pointwise(overload="")
def logical_and(self: Tensor, other: Tensor) -> Tensor:
    """Whether both are nonzero."""
    return bool(self) and bool(other)


@op.pointwise(overload="")
def logical_or(self: Tensor, other: Tensor) -> Tensor:
    """Whether one of them is nonzero."""
    return bool(self) or bool(other)


@op.pointwise(overload="")
def logical_xor(self: Tensor, other: Tensor) -> Tensor:
    """Whether exactly one of them is nonzero."""
    return bool(self) != bool(other)


@op.pointwise(operator="invert", dtypes="bool int", kernel="bitwise_not_cpu")
def bitwise_not(self: Tensor) -> Tensor:
    """All bits turned around; for bools, not."""
    return ~self


@op.pointwise(operator="and", dtypes="bool int", overload="Tensor Scalar Scalar_Tensor", kernel="bitwise_and_cpu")
def bitwise_and(self: Operand, other: Operand) -> Tensor:
    """The bits that both have."""
    return self & other


@op.pointwise(operator="or", dtypes="bool int", overload="Tensor Scalar Scalar_Tensor", kernel="bitwise_or_cpu")
def bitwise_or(self: Operand, other: Operand) -> Tensor:
    """The bits that one of them has."""
    return self | other


@op.pointwise(operator="xor", dtypes="bool int", overload="Tensor Scalar Scalar_Tensor", kernel="bitwise_xor_cpu")
def bitwise_xor(self: Operand, other: Operand) -> Tensor:
    """The bits that exactly one of them has."""
    return self ^ other


@op.pointwise(operator="lshift", dtypes="int", overload="Tensor Tensor_Scalar Scalar_Tensor", kernel="lshift_cpu")
def bitwise_left_shift(self: Operand, other: Operand) -> Tensor:
    """Bits moved up."""
    return self << other


@op.pointwise(operator="rshift", dtypes="int", overload="Tensor Tensor_Scalar Scalar_Tensor", kernel="rshift_cpu")
def bitwise_right_shift(self: Operand, other: Operand) -> Tensor:
    """Bits moved down, the sign kept."""
    return self >> other


@op.pointwise(overload="self ScalarOther ScalarSelf Scalar", variants="function", check="condition")
def where(condition: Element[Bool], self: Operand, other: Operand) -> Tensor:
    """``self`` where the condition holds, ``other`` elsewhere."""
    return self if condition else other

@where.backward
def _(grad, condition):
    d_self = torch.where(condition, grad, 0)
    d_other = torch.where(condition, 0, grad)


# --- sign and neighbours --------------------------------------------------------------------------------------------------
@op.pointwise(promote="float", dtypes="float", kernel="copysign_cpu")
def copysign(self: Tensor, other: Operand) -> Tensor:
    """The size of ``self`` with the sign of ``other``."""
    return copysign(self, other)

@copysign.backward
def _(grad, self, result):
    d_self = grad * torch.where(self == 0, 0, result / self)
    d_other = grad.zeros_like()


@op.pointwise(overload="", dtypes="float", kernel="nextafter_cpu")
def nextafter(self: Tensor, other: Tensor) -> Tensor:
    """The next number in the direction of ``other``."""
    return nextafter(self, other)


@op.pointwise(dtypes="bool int float", overload="")
def heaviside(self: Tensor, values: Tensor) -> Tensor:
    """0, ``values`` or 1 for negative, zero and positive elements."""
    if is_bool(self):
        return self or values
    return values if self == 0 else (1 if self > 0 else 0)


@op.composite(variants="function method inplace out")
def ldexp(self: Tensor, other: Tensor) -> Tensor:
    """``self * 2 ** other``."""
    return self * torch.pow(2.0, other)


@op.pointwise(overload="", dtypes="float", namespace="private", variants="none")
def nan_to_num_with(self: Tensor, nan: float, posinf: float, neginf: float) -> Tensor:
    return nan if is_nan(self) else (posinf if self == math.inf else (neginf if self == -math.inf else self))


@op.composite(variants="function method inplace out")
def nan_to_num(self: Tensor, nan: float | None = None, posinf: float | None = None, neginf: float | None = None) -> Tensor:
    """Replaces NaN and infinities by numbers."""
    if not self.is_floating_point():
        return self.clone()
    low = lowest_value(self.dtype)
    return torch.nan_to_num_with(self, 0.0 if nan is None else nan, -low if posinf is None else posinf,
                                 low if neginf is None else neginf)

@nan_to_num.backward
def _(grad, self):
    d_self = torch.where(self.isfinite().logical_not(), 0, grad)


# --- complex numbers --------------------------------------------------------------------------------------------------------
@op.pointwise(dtypes="complex", namespace="private", variants="none")
def conj_complex(self: Tensor) -> Tensor:
    return conj(self)

@conj_complex.backward("ConjBackward0")
def _(grad):
    d_self = grad.conj()


@op.pointwise
def conj_physical(self: Tensor) -> Tensor:
    """The complex conjugate, as numbers of its own."""
    if is_complex(self):
        return conj(self)
    return self

@conj_physical.backward
def _(grad):
    d_self = grad.conj()


@op.composite(variants="function method")
def conj(self: Tensor) -> Tensor:
    """The complex conjugate; real tensors as they are."""
    if self.is_complex():
        return torch.conj_complex(self)
    return self


@op.composite(variants="method function", aliases="resolve_neg")
def resolve_conj(self: Tensor) -> Tensor:
    """The tensor itself: conjugation is never delayed here."""
    return self


@op.composite(variants="function")
def real(self: Tensor) -> Tensor:
    """The real parts, as a view."""
    if not self.is_complex():
        return self
    return torch.view_as_real(self).select(-1, 0)


@op.composite(variants="function")
def imag(self: Tensor) -> Tensor:
    """The imaginary parts, as a view."""
    if not self.is_complex():
        raise RuntimeError("imag is not implemented for tensors with non-complex dtypes.")
    return torch.view_as_real(self).select(-1, 1)


@op.pointwise(promote="float", variants="function method out")
def angle(self: Tensor) -> Tensor:
    """The angle of each element in the complex plane."""
    if is_complex(self):
        return angle(self)
    return self if is_nan(self) else (math.pi if self < 0 else 0)

@angle.backward
def _(grad, self):
    d_self = angle_gradient(grad, self)


@op.composite(namespace="private", variants="none")
def angle_gradient(grad: Tensor, self: Tensor) -> Tensor:
    if not self.is_complex():
        return grad.zeros_like()
    i = torch.complex(torch.zeros_like(grad), torch.ones_like(grad))
    size = self.abs()
    return torch.where(size == 0, 0, grad * i * self / (size * size))


@op.pointwise(dtypes="float", variants="function out", overload="", namespace="torch", check="parts")
def complex(real: Tensor, imag: Tensor) -> Tensor:
    """Complex numbers from their parts."""
    return complex(real, imag)

@complex.backward
def _(grad):
    d_real = torch.real(grad)
    d_imag = torch.imag(grad)


@op.pointwise(dtypes="float", variants="function out", overload="", check="parts")
def polar(abs: Tensor, angle: Tensor) -> Tensor:
    """Complex numbers from absolute values and angles."""
    return complex(abs * cos(angle), abs * sin(angle))

@polar.backward
def _(grad, result):
    d_abs = torch.real(grad * result.sgn().conj())
    d_angle = torch.imag(grad * result.conj())
