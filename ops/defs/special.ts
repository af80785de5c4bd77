"""Special functions of torch.special and torch, with their derivatives."""


# --- by one kernel ------------------------------------------------------------------------------------------------------------
@op.composite(variants="function method inplace out")
def i0(self: Tensor) -> Tensor:
    """The modified Bessel function of order 0."""
    return cpu.special_one(self, "i0")

@i0.backward
def _(grad, self):
    d_self = grad * torch.special_i1(self)


@op.composite(namespace="special", variants="function out")
def special_i0(self: Tensor) -> Tensor:
    """The modified Bessel function of order 0."""
    return torch.i0(self)


@op.composite(namespace="special", variants="function out")
def special_i0e(self: Tensor) -> Tensor:
    """i0, scaled by e to the minus absolute value."""
    return cpu.special_one(self, "special_i0e")

@special_i0e.backward
def _(grad, self, result):
    d_self = grad * (torch.special_i1e(self) - self.sgn() * result)


@op.composite(namespace="special", variants="function out")
def special_i1(self: Tensor) -> Tensor:
    """The modified Bessel function of order 1."""
    return cpu.special_one(self, "special_i1")

@special_i1.backward
def _(grad, self, result):
    d_self = grad * torch.where(self.abs() > epsilon_of(self.dtype), torch.i0(self) - result / self, 0.5)


@op.composite(namespace="special", variants="function out")
def special_i1e(self: Tensor) -> Tensor:
    """i1, scaled by e to the minus absolute value."""
    return cpu.special_one(self, "special_i1e")

@special_i1e.backward
def _(grad, self, result):
    d_self = grad * torch.where(self.abs() > epsilon_of(self.dtype), torch.special_i0e(self) - result * (self.sgn() + self.reciprocal()), 0.5)


@op.composite(namespace="special", variants="function out")
def special_ndtri(self: Tensor) -> Tensor:
    """The quantile of the normal distribution."""
    return cpu.special_one(self, "special_ndtri")

@special_ndtri.backward
def _(grad, result):
    d_self = grad * 2.5066282746310002 * (result * result / 2).exp()


@op.composite(namespace="special", variants="function out")
def special_log_ndtr(self: Tensor) -> Tensor:
    """The logarithm of the normal distribution function."""
    return cpu.special_one(self, "special_log_ndtr")

@special_log_ndtr.backward
def _(grad, self, result):
    d_self = grad * (-(self * self) / 2 - result - 0.9189385332046727).exp()


@op.composite(namespace="special", variants="function out")
def special_ndtr(self: Tensor) -> Tensor:
    """The normal distribution function."""
    x = self * 0.7071067811865476
    return torch.erfc(-x) * 0.5

@special_ndtr.backward("MulBackward1")
def _(grad, self):
    d_self = grad * 0.3989422804014327 * (-(self * self) / 2).exp()


@op.composite(namespace="special", variants="function out")
def special_erfcx(self: Tensor) -> Tensor:
    """erfc, scaled by e to the square."""
    return cpu.special_one(self, "special_erfcx")

@special_erfcx.backward
def _(grad, self, result):
    d_self = (2 * self * result - 1.1283791670955126) * grad


@op.composite(namespace="special", variants="function out", differentiable=False)
def special_airy_ai(x: Tensor) -> Tensor:
    """The Airy function."""
    return cpu.special_one(x, "special_airy_ai")


@op.composite(namespace="special", variants="function out", differentiable=False)
def special_bessel_j0(self: Tensor) -> Tensor:
    """The Bessel function of the first kind, order 0."""
    return cpu.special_one(self, "special_bessel_j0")


@op.composite(namespace="special", variants="function out", differentiable=False)
def special_bessel_j1(self: Tensor) -> Tensor:
    """The Bessel function of the first kind, order 1."""
    return cpu.special_one(self, "special_bessel_j1")


@op.composite(namespace="special", variants="function out", differentiable=False)
def special_bessel_y0(self: Tensor) -> Tensor:
    """The Bessel function of the second kind, order 0."""
    return cpu.special_one(self, "special_bessel_y0")


@op.composite(namespace="special", variants="function out", differentiable=False)
def special_bessel_y1(self: Tensor) -> Tensor:
    """The Bessel function of the second kind, order 1."""
    return cpu.special_one(self, "special_bessel_y1")


@op.composite(namespace="special", variants="function out", differentiable=False)
def special_modified_bessel_i0(self: Tensor) -> Tensor:
    """The modified Bessel function of the first kind, order 0."""
    return cpu.special_one(self, "special_modified_bessel_i0")


@op.composite(namespace="special", variants="function out", differentiable=False)
def special_modified_bessel_i1(self: Tensor) -> Tensor:
    """The modified Bessel function of the first kind, order 1."""
    return cpu.special_one(self, "special_modified_bessel_i1")


@op.composite(namespace="special", variants="function out", differentiable=False)
def special_modified_bessel_k0(self: Tensor) -> Tensor:
    """The modified Bessel function of the second kind, order 0."""
    return cpu.special_one(self, "special_modified_bessel_k0")


@op.composite(namespace="special", variants="function out", differentiable=False)
def special_modified_bessel_k1(self: Tensor) -> Tensor:
    """The modified Bessel function of the second kind, order 1."""
    return cpu.special_one(self, "special_modified_bessel_k1")


@op.composite(namespace="special", variants="function out", differentiable=False)
def special_scaled_modified_bessel_k0(x: Tensor) -> Tensor:
    """modified_bessel_k0 times e to the argument."""
    return cpu.special_one(x, "special_scaled_modified_bessel_k0")


@op.composite(namespace="special", variants="function out", differentiable=False)
def special_scaled_modified_bessel_k1(x: Tensor) -> Tensor:
    """modified_bessel_k1 times e to the argument."""
    return cpu.special_one(x, "special_scaled_modified_bessel_k1")


@op.composite(namespace="special", variants="function out", differentiable=False)
def special_spherical_bessel_j0(x: Tensor) -> Tensor:
    """The spherical Bessel function of the first kind, order 0."""
    return cpu.special_one(x, "special_spherical_bessel_j0")


# --- gamma functions -----------------------------------------------------------------------------------------------------------------
@op.composite(variants="function out")
def polygamma(n: int, self: Tensor) -> Tensor:
    """The n-th derivative of digamma."""
    return cpu.polygamma(n, self)

@polygamma.backward
def _(grad, n, self):
    d_self = grad * torch.polygamma(n + 1, self)


@op.composite(variants="none", namespace="private")
def polygamma_of(self: Tensor, n: int) -> Tensor:
    return torch.polygamma(n, self)


@op.composite(variants="function method out")
def mvlgamma(self: Tensor, p: int) -> Tensor:
    """The logarithm of the multivariate gamma function."""
    if p < 1:
        raise RuntimeError("p has to be greater than or equal to 1")
    x = self if self.is_floating_point() else self.to(default_dtype())
    args = torch.arange(1 - p, 1, 1, dtype=x.dtype, device=x.device) * 0.5
    return (x.unsqueeze(-1) + args).lgamma().sum([-1], False) + float(p * (p - 1)) * 0.28618247146235004

@mvlgamma.backward
def _(grad, self, p):
    d_self = grad * (self.unsqueeze(-1) + torch.arange(1 - p, 1, 1, dtype=self.dtype, device=self.device) * 0.5).digamma().sum([-1], False)


@op.composite(variants="method")
def mvlgamma_(self: Tensor, p: int) -> Tensor:
    """The logarithm of the multivariate gamma function, in place."""
    self.copy_(torch.mvlgamma(self, p))


@op.composite(namespace="special", variants="function out")
def special_multigammaln(self: Tensor, p: int) -> Tensor:
    """The logarithm of the multivariate gamma function."""
    return torch.mvlgamma(self, p)


@op.composite(variants="function method inplace out")
def igamma(self: Tensor, other: Tensor) -> Tensor:
    """The regularised lower incomplete gamma function."""
    return cpu.special_two(self, other, "igamma")

@igamma.backward
def _(grad, self, other):
    d_self = torch.not_differentiable(grad, "not differentiable with respect to argument 'input'")
    d_other = grad * torch.exp((self - 1) * torch.log(other) - other - torch.lgamma(self))


@op.composite(variants="function method inplace out")
def igammac(self: Tensor, other: Tensor) -> Tensor:
    """The regularised upper incomplete gamma function."""
    return cpu.special_two(self, other, "igammac")

@igammac.backward
def _(grad, self, other):
    d_self = torch.not_differentiable(grad, "not differentiable with respect to argument 'input'")
    d_other = -grad * torch.exp((self - 1) * torch.log(other) - other - torch.lgamma(self))


@op.composite(variants="none", namespace="private")
def not_differentiable(self: Tensor, message: str) -> Tensor:
    raise RuntimeError(message)


@op.composite(namespace="special", variants="function out")
def special_gammainc(self: Tensor, other: Tensor) -> Tensor:
    """The regularised lower incomplete gamma function."""
    return torch.igamma(self, other)


@op.composite(namespace="special", variants="function out")
def special_gammaincc(self: Tensor, other: Tensor) -> Tensor:
    """The regularised upper incomplete gamma function."""
    return torch.igammac(self, other)


@op.composite(namespace="special", variants="function out")
def special_zeta(self: Tensor, other: Tensor) -> Tensor:
    """The Hurwitz zeta function."""
    return cpu.special_two(self, other, "special_zeta")

@special_zeta.backward
def _(grad, self, other):
    d_self = torch.not_differentiable(grad, "not differentiable with respect to argument 'self'")
    d_other = grad * -self * torch.special_zeta(self + 1, other)


@op.composite(namespace="special", variants="function out", overload="other_scalar")
def special_zeta(self: Tensor, other: Scalar) -> Tensor:
    """The Hurwitz zeta function."""
    return torch.special_zeta(self, torch.scalar_tensor(other, dtype=self.dtype))


@op.composite(namespace="special", variants="function out", overload="self_scalar")
def special_zeta(self: Scalar, other: Tensor) -> Tensor:
    """The Hurwitz zeta function."""
    return torch.special_zeta(torch.scalar_tensor(self, dtype=other.dtype), other)


@op.composite(namespace="special", variants="function out")
def special_polygamma(n: int, self: Tensor) -> Tensor:
    """The n-th derivative of digamma."""
    return torch.polygamma(n, self)


# --- pointwise -------------------------------------------------------------------------------------------------------------------------
@op.pointwise(namespace="special", variants="function out", promote="float", dtypes="float")
def special_entr(self: Tensor) -> Tensor:
    """``-x * log(x)``."""
    return self if is_nan(self) else (-self * log(self) if self > 0 else (0 if self == 0 else -math.inf))

@special_entr.backward
def _(grad, self):
    d_self = grad * (-self.log() - 1)


@op.pointwise(namespace="special", variants="function out", overload="Tensor Other_Scalar Self_Scalar", promote="float", dtypes="float")
def special_xlog1py(self: Operand, other: Operand) -> Tensor:
    """``a * log1p(b)``, 0 where ``a`` is 0."""
    return other if is_nan(other) else (0 if self == 0 else self * log1p(other))

@special_xlog1py.backward("SpecialXlog1PyBackward0 SpecialXlog1PyBackward2 SpecialXlog1PyBackward1")
def _(grad, self, other):
    d_self = torch.xlog1py_slope(grad, self, other)
    d_other = grad * self / (other + 1)


@op.composite(variants="none", namespace="private", overload="Tensor")
def xlog1py_slope(grad: Tensor, self: Tensor, other: Tensor) -> Tensor:
    return grad * other.log1p().masked_fill((self == 0).logical_and(other <= -1), 0)


@op.composite(variants="none", namespace="private", overload="Scalar")
def xlog1py_slope(grad: Tensor, self: Tensor, other: Scalar) -> Tensor:
    return torch.xlog1py_slope(grad, self, torch.scalar_tensor(other, dtype=self.dtype))


@op.composite(variants="none", namespace="private")
def zeros_like_grad(grad: Tensor) -> Tensor:
    return torch.zeros_like(grad)


# --- numbers -----------------------------------------------------------------------------------------------------------------------------
@op.composite(variants="function method inplace out", differentiable=False)
def gcd(self: Tensor, other: Tensor) -> Tensor:
    """The greatest common divisor."""
    return cpu.gcd(self, other)


@op.composite(variants="function method inplace out", differentiable=False)
def lcm(self: Tensor, other: Tensor) -> Tensor:
    """The least common multiple."""
    return cpu.lcm(self, other)


@op.composite(variants="function method out", results="mantissa exponent")
def frexp(self: Tensor) -> tuple[Tensor, Tensor]:
    """Mantissa and exponent of each element."""
    return cpu.frexp(self)

@frexp.backward
def _(grad, exponent):
    d_self = grad / torch.pow(2.0, exponent)


@op.composite(variants="function method out", overload="Tensor_Tensor")
def float_power(self: Tensor, exponent: Tensor) -> Tensor:
    """``self`` to the power ``exponent``, in float64 or complex128."""
    dtype = torch.complex128 if self.is_complex() or exponent.is_complex() else torch.float64
    return self.to(dtype).pow(exponent.to(dtype))


@op.composite(variants="function method out", overload="Tensor_Scalar")
def float_power(self: Tensor, exponent: Scalar) -> Tensor:
    """``self`` to the power ``exponent``, in float64 or complex128."""
    dtype = torch.complex128 if self.is_complex() or scalar_is_complex(exponent) else torch.float64
    return self.to(dtype).pow(exponent)


@op.composite(variants="function out", overload="Scalar")
def float_power(self: Scalar, exponent: Tensor) -> Tensor:
    """``self`` to the power ``exponent``, in float64 or complex128."""
    dtype = torch.complex128 if exponent.is_complex() or scalar_is_complex(self) else torch.float64
    return torch.pow(torch.scalar_tensor(self, dtype=dtype), exponent.to(dtype))


@op.composite(variants="method", overload="Tensor")
def float_power_(self: Tensor, exponent: Tensor) -> Tensor:
    """``self`` to the power ``exponent``, in place: only float64 and complex128 can hold it."""
    dtype = torch.complex128 if self.is_complex() or exponent.is_complex() else torch.float64
    if self.dtype != dtype:
        raise RuntimeError(f"the base given to float_power_ has dtype {self.dtype} but the operation's result requires dtype {dtype}")
    self.pow_(exponent.to(dtype))


@op.composite(variants="method", overload="Scalar")
def float_power_(self: Tensor, exponent: Scalar) -> Tensor:
    """``self`` to the power ``exponent``, in place: only float64 and complex128 can hold it."""
    dtype = torch.complex128 if self.is_complex() or scalar_is_complex(exponent) else torch.float64
    if self.dtype != dtype:
        raise RuntimeError(f"the base given to float_power_ has dtype {self.dtype} but the operation's result requires dtype {dtype}")
    self.pow_(exponent)


# --- polynomials: the degree may be a number or a tensor ---------------------------------------------------------------------------------
@op.composite(namespace="special", variants="function out", differentiable=False)
def special_chebyshev_polynomial_t(x: Tensor, n: Tensor) -> Tensor:
    """The Chebyshev polynomial of the first kind of degree n."""
    return cpu.special_two(x, n, "special_chebyshev_polynomial_t")


@op.composite(namespace="special", variants="function out", overload="n_scalar", differentiable=False)
def special_chebyshev_polynomial_t(x: Tensor, n: Scalar) -> Tensor:
    """The Chebyshev polynomial of the first kind of degree n."""
    return torch.special_chebyshev_polynomial_t(x, torch.scalar_tensor(n))


@op.composite(namespace="special", variants="function out", overload="x_scalar", differentiable=False)
def special_chebyshev_polynomial_t(x: Scalar, n: Tensor) -> Tensor:
    """The Chebyshev polynomial of the first kind of degree n."""
    return torch.special_chebyshev_polynomial_t(torch.scalar_tensor(x), n)


@op.composite(namespace="special", variants="function out", differentiable=False)
def special_chebyshev_polynomial_u(x: Tensor, n: Tensor) -> Tensor:
    """The Chebyshev polynomial of the second kind of degree n."""
    return cpu.special_two(x, n, "special_chebyshev_polynomial_u")


@op.composite(namespace="special", variants="function out", overload="n_scalar", differentiable=False)
def special_chebyshev_polynomial_u(x: Tensor, n: Scalar) -> Tensor:
    """The Chebyshev polynomial of the second kind of degree n."""
    return torch.special_chebyshev_polynomial_u(x, torch.scalar_tensor(n))


@op.composite(namespace="special", variants="function out", overload="x_scalar", differentiable=False)
def special_chebyshev_polynomial_u(x: Scalar, n: Tensor) -> Tensor:
    """The Chebyshev polynomial of the second kind of degree n."""
    return torch.special_chebyshev_polynomial_u(torch.scalar_tensor(x), n)


@op.composite(namespace="special", variants="function out", differentiable=False)
def special_chebyshev_polynomial_v(x: Tensor, n: Tensor) -> Tensor:
    """The Chebyshev polynomial of the third kind of degree n."""
    return cpu.special_two(x, n, "special_chebyshev_polynomial_v")


@op.composite(namespace="special", variants="function out", overload="n_scalar", differentiable=False)
def special_chebyshev_polynomial_v(x: Tensor, n: Scalar) -> Tensor:
    """The Chebyshev polynomial of the third kind of degree n."""
    return torch.special_chebyshev_polynomial_v(x, torch.scalar_tensor(n))


@op.composite(namespace="special", variants="function out", overload="x_scalar", differentiable=False)
def special_chebyshev_polynomial_v(x: Scalar, n: Tensor) -> Tensor:
    """The Chebyshev polynomial of the third kind of degree n."""
    return torch.special_chebyshev_polynomial_v(torch.scalar_tensor(x), n)


@op.composite(namespace="special", variants="function out", differentiable=False)
def special_chebyshev_polynomial_w(x: Tensor, n: Tensor) -> Tensor:
    """The Chebyshev polynomial of the fourth kind of degree n."""
    return cpu.special_two(x, n, "special_chebyshev_polynomial_w")


@op.composite(namespace="special", variants="function out", overload="n_scalar", differentiable=False)
def special_chebyshev_polynomial_w(x: Tensor, n: Scalar) -> Tensor:
    """The Chebyshev polynomial of the fourth kind of degree n."""
    return torch.special_chebyshev_polynomial_w(x, torch.scalar_tensor(n))


@op.composite(namespace="special", variants="function out", overload="x_scalar", differentiable=False)
def special_chebyshev_polynomial_w(x: Scalar, n: Tensor) -> Tensor:
    """The Chebyshev polynomial of the fourth kind of degree n."""
    return torch.special_chebyshev_polynomial_w(torch.scalar_tensor(x), n)


@op.composite(namespace="special", variants="function out", differentiable=False)
def special_hermite_polynomial_h(x: Tensor, n: Tensor) -> Tensor:
    """The physicist's Hermite polynomial of degree n."""
    return cpu.special_two(x, n, "special_hermite_polynomial_h")


@op.composite(namespace="special", variants="function out", overload="n_scalar", differentiable=False)
def special_hermite_polynomial_h(x: Tensor, n: Scalar) -> Tensor:
    """The physicist's Hermite polynomial of degree n."""
    return torch.special_hermite_polynomial_h(x, torch.scalar_tensor(n))


@op.composite(namespace="special", variants="function out", overload="x_scalar", differentiable=False)
def special_hermite_polynomial_h(x: Scalar, n: Tensor) -> Tensor:
    """The physicist's Hermite polynomial of degree n."""
    return torch.special_hermite_polynomial_h(torch.scalar_tensor(x), n)


@op.composite(namespace="special", variants="function out", differentiable=False)
def special_hermite_polynomial_he(x: Tensor, n: Tensor) -> Tensor:
    """The probabilist's Hermite polynomial of degree n."""
    return cpu.special_two(x, n, "special_hermite_polynomial_he")


@op.composite(namespace="special", variants="function out", overload="n_scalar", differentiable=False)
def special_hermite_polynomial_he(x: Tensor, n: Scalar) -> Tensor:
    """The probabilist's Hermite polynomial of degree n."""
    return torch.special_hermite_polynomial_he(x, torch.scalar_tensor(n))


@op.composite(namespace="special", variants="function out", overload="x_scalar", differentiable=False)
def special_hermite_polynomial_he(x: Scalar, n: Tensor) -> Tensor:
    """The probabilist's Hermite polynomial of degree n."""
    return torch.special_hermite_polynomial_he(torch.scalar_tensor(x), n)


@op.composite(namespace="special", variants="function out", differentiable=False)
def special_laguerre_polynomial_l(x: Tensor, n: Tensor) -> Tensor:
    """The Laguerre polynomial of degree n."""
    return cpu.special_two(x, n, "special_laguerre_polynomial_l")


@op.composite(namespace="special", variants="function out", overload="n_scalar", differentiable=False)
def special_laguerre_polynomial_l(x: Tensor, n: Scalar) -> Tensor:
    """The Laguerre polynomial of degree n."""
    return torch.special_laguerre_polynomial_l(x, torch.scalar_tensor(n))


@op.composite(namespace="special", variants="function out", overload="x_scalar", differentiable=False)
def special_laguerre_polynomial_l(x: Scalar, n: Tensor) -> Tensor:
    """The Laguerre polynomial of degree n."""
    return torch.special_laguerre_polynomial_l(torch.scalar_tensor(x), n)


@op.composite(namespace="special", variants="function out", differentiable=False)
def special_legendre_polynomial_p(x: Tensor, n: Tensor) -> Tensor:
    """The Legendre polynomial of degree n."""
    return cpu.special_two(x, n, "special_legendre_polynomial_p")


@op.composite(namespace="special", variants="function out", overload="n_scalar", differentiable=False)
def special_legendre_polynomial_p(x: Tensor, n: Scalar) -> Tensor:
    """The Legendre polynomial of degree n."""
    return torch.special_legendre_polynomial_p(x, torch.scalar_tensor(n))


@op.composite(namespace="special", variants="function out", overload="x_scalar", differentiable=False)
def special_legendre_polynomial_p(x: Scalar, n: Tensor) -> Tensor:
    """The Legendre polynomial of degree n."""
    return torch.special_legendre_polynomial_p(torch.scalar_tensor(x), n)


@op.composite(namespace="special", variants="function out", differentiable=False)
def special_shifted_chebyshev_polynomial_t(x: Tensor, n: Tensor) -> Tensor:
    """The shifted Chebyshev polynomial of the first kind of degree n."""
    return cpu.special_two(x, n, "special_shifted_chebyshev_polynomial_t")


@op.composite(namespace="special", variants="function out", overload="n_scalar", differentiable=False)
def special_shifted_chebyshev_polynomial_t(x: Tensor, n: Scalar) -> Tensor:
    """The shifted Chebyshev polynomial of the first kind of degree n."""
    return torch.special_shifted_chebyshev_polynomial_t(x, torch.scalar_tensor(n))


@op.composite(namespace="special", variants="function out", overload="x_scalar", differentiable=False)
def special_shifted_chebyshev_polynomial_t(x: Scalar, n: Tensor) -> Tensor:
    """The shifted Chebyshev polynomial of the first kind of degree n."""
    return torch.special_shifted_chebyshev_polynomial_t(torch.scalar_tensor(x), n)


@op.composite(namespace="special", variants="function out", differentiable=False)
def special_shifted_chebyshev_polynomial_u(x: Tensor, n: Tensor) -> Tensor:
    """The shifted Chebyshev polynomial of the second kind of degree n."""
    return cpu.special_two(x, n, "special_shifted_chebyshev_polynomial_u")


@op.composite(namespace="special", variants="function out", overload="n_scalar", differentiable=False)
def special_shifted_chebyshev_polynomial_u(x: Tensor, n: Scalar) -> Tensor:
    """The shifted Chebyshev polynomial of the second kind of degree n."""
    return torch.special_shifted_chebyshev_polynomial_u(x, torch.scalar_tensor(n))


@op.composite(namespace="special", variants="function out", overload="x_scalar", differentiable=False)
def special_shifted_chebyshev_polynomial_u(x: Scalar, n: Tensor) -> Tensor:
    """The shifted Chebyshev polynomial of the second kind of degree n."""
    return torch.special_shifted_chebyshev_polynomial_u(torch.scalar_tensor(x), n)


@op.composite(namespace="special", variants="function out", differentiable=False)
def special_shifted_chebyshev_polynomial_v(x: Tensor, n: Tensor) -> Tensor:
    """The shifted Chebyshev polynomial of the third kind of degree n."""
    return cpu.special_two(x, n, "special_shifted_chebyshev_polynomial_v")


@op.composite(namespace="special", variants="function out", overload="n_scalar", differentiable=False)
def special_shifted_chebyshev_polynomial_v(x: Tensor, n: Scalar) -> Tensor:
    """The shifted Chebyshev polynomial of the third kind of degree n."""
    return torch.special_shifted_chebyshev_polynomial_v(x, torch.scalar_tensor(n))


@op.composite(namespace="special", variants="function out", overload="x_scalar", differentiable=False)
def special_shifted_chebyshev_polynomial_v(x: Scalar, n: Tensor) -> Tensor:
    """The shifted Chebyshev polynomial of the third kind of degree n."""
    return torch.special_shifted_chebyshev_polynomial_v(torch.scalar_tensor(x), n)


@op.composite(namespace="special", variants="function out", differentiable=False)
def special_shifted_chebyshev_polynomial_w(x: Tensor, n: Tensor) -> Tensor:
    """The shifted Chebyshev polynomial of the fourth kind of degree n."""
    return cpu.special_two(x, n, "special_shifted_chebyshev_polynomial_w")


@op.composite(namespace="special", variants="function out", overload="n_scalar", differentiable=False)
def special_shifted_chebyshev_polynomial_w(x: Tensor, n: Scalar) -> Tensor:
    """The shifted Chebyshev polynomial of the fourth kind of degree n."""
    return torch.special_shifted_chebyshev_polynomial_w(x, torch.scalar_tensor(n))


@op.composite(namespace="special", variants="function out", overload="x_scalar", differentiable=False)
def special_shifted_chebyshev_polynomial_w(x: Scalar, n: Tensor) -> Tensor:
    """The shifted Chebyshev polynomial of the fourth kind of degree n."""
    return torch.special_shifted_chebyshev_polynomial_w(torch.scalar_tensor(x), n)


# --- samples -----------------------------------------------------------------------------------------------------------------------------
@op.composite(random=True, variants="function")
def poisson(self: Tensor, generator: Generator | None = None) -> Tensor:
    """Poisson distributed numbers, a rate for each."""
    return cpu.poisson(self, generator)

@poisson.backward
def _(grad):
    d_self = grad.zeros_like()


@op.composite(random=True, variants="function", differentiable=False)
def binomial(count: Tensor, prob: Tensor, generator: Generator | None = None) -> Tensor:
    """Binomially distributed numbers."""
    return cpu.binomial(count, prob, generator)


@op.composite(random=True, variants="function")
def _standard_gamma(self: Tensor, generator: Generator | None = None) -> Tensor:
    """Gamma distributed numbers, a concentration for each."""
    return cpu.standard_gamma(self, generator)

@_standard_gamma.backward("StandardGammaBackward0")
def _(grad, self, result):
    d_self = grad * torch._standard_gamma_grad(self, result)


@op.composite(variants="function", differentiable=False)
def _standard_gamma_grad(self: Tensor, output: Tensor) -> Tensor:
    """How a gamma sample moves with its concentration."""
    return cpu.special_two(self, output, "standard_gamma_grad")


@op.composite(random=True, variants="function")
def _sample_dirichlet(self: Tensor, generator: Generator | None = None) -> Tensor:
    """Dirichlet distributed vectors."""
    g = cpu.standard_gamma(self, generator)
    return g / g.sum([-1], True)

@_sample_dirichlet.backward("SampleDirichletBackward0")
def _(grad, self, result):
    d_self = torch._dirichlet_grad(result, self, self.sum([-1], True).expand(self.shape)) * (grad - (result * grad).sum([-1], True))


@op.composite(variants="function", differentiable=False)
def _dirichlet_grad(x: Tensor, alpha: Tensor, total: Tensor) -> Tensor:
    """How a Dirichlet sample moves with its concentration."""
    return cpu.dirichlet_grad(x, alpha, total)
