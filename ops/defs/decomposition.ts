"""Decompositions of matrices and what follows from them: torch.linalg, and the older functions of torch.

Dimensions before the last two are batches. A backward formula names what the decomposition gave and uses products and
triangular solvers only, so that it is differentiable itself. Formulas that divide by differences of eigenvalues are
skipped where nothing asks for the vectors: repeated values would make NaN of zeros.
"""


# --- small tools -----------------------------------------------------------------------------------------------------------
@op.composite
def adjoint(self: Tensor) -> Tensor:
    """The last two dimensions swapped, complex numbers conjugated."""
    return self.transpose(-2, -1).conj()


@op.composite(variants="none", namespace="private")
def times_diagonal(self: Tensor, factor: float) -> Tensor:
    """The diagonals of matrices multiplied by a number."""
    return self + torch.diag_embed(self.diagonal(0, -2, -1) * (factor - 1.0))


@op.composite(variants="none", namespace="private")
def all_zero(self: Tensor) -> bool:
    return not bool((self != 0).any().item())


@op.composite(variants="none", namespace="private")
def ones_on_diagonal(self: Tensor) -> Tensor:
    """The diagonals of matrices replaced by 1."""
    return self + torch.diag_embed(1 - self.diagonal(0, -2, -1))


@op.composite(variants="none", namespace="private")
def join_batches(self: Tensor, other: Tensor) -> tuple[Tensor, Tensor]:
    """Both expanded to their common batch sizes."""
    batch = broadcast_sizes(self.shape[:self.dim() - 2], other.shape[:other.dim() - 2])
    return (self.expand(batch + self.shape[self.dim() - 2:]), other.expand(batch + other.shape[other.dim() - 2:]))


@op.composite(variants="none", namespace="private")
def is_vector_rhs(self: Tensor, other: Tensor) -> bool:
    """Whether the right hand side is vectors, not matrices."""
    if other.dim() == 1:
        return True
    return self.dim() - 1 == other.dim() and other.shape == self.shape[:self.dim() - 1]


# --- Cholesky ----------------------------------------------------------------------------------------------------------------
@op.composite(namespace="linalg", variants="function out", results="L info")
def linalg_cholesky_ex(self: Tensor, *, upper: bool = False, check_errors: bool = False) -> tuple[Tensor, Tensor]:
    """The Cholesky factor, and where it failed."""
    check_square(self, "linalg.cholesky")
    L, info = cpu.cholesky_factor(self, upper)
    if check_errors:
        check_linalg(info, "linalg.cholesky_ex", self.dim() == 2)
    return L, info

@linalg_cholesky_ex.backward
def _(grad, upper, L):
    d_self = cholesky_gradient(grad, upper, L)


@op.composite(variants="none", namespace="private")
def cholesky_gradient(grad: Tensor, upper: bool, factor: Tensor) -> Tensor:
    l = factor.adjoint() if upper else factor
    g = grad.adjoint() if upper else grad
    phi = torch.times_diagonal(l.adjoint().matmul(g).tril(), 0.5)
    a = torch.linalg_solve_triangular(l.adjoint(), phi, upper=True, left=True)
    a = torch.linalg_solve_triangular(l, a, upper=False, left=False)
    return (a + a.adjoint()) * 0.5


@op.composite(namespace="linalg", variants="function out")
def linalg_cholesky(self: Tensor, *, upper: bool = False) -> Tensor:
    """The Cholesky factor of a positive-definite matrix."""
    L, info = torch.linalg_cholesky_ex(self, upper=upper, check_errors=False)
    check_linalg(info, "linalg.cholesky", self.dim() == 2)
    return L


@op.composite(variants="function method out")
def cholesky(self: Tensor, upper: bool = False) -> Tensor:
    """The Cholesky factor of a positive-definite matrix."""
    check_square(self, "cholesky")
    return torch.checked_cholesky(self, upper)

@cholesky.backward
def _(grad, upper, result):
    d_self = cholesky_gradient(grad, upper, result)


@op.composite(variants="none", namespace="private")
def checked_cholesky(self: Tensor, upper: bool) -> Tensor:
    L, info = torch.linalg_cholesky_ex(self, upper=upper)
    check_linalg(info, "cholesky", self.dim() == 2)
    return L


@op.composite(variants="function method out")
def cholesky_inverse(self: Tensor, upper: bool = False) -> Tensor:
    """The inverse of a matrix from its Cholesky factor."""
    check_square(self, "cholesky_inverse")
    return cpu.cholesky_inverse_kernel(self, upper)

@cholesky_inverse.backward
def _(grad, self, upper, result):
    sum = grad + grad.adjoint()
    middle = result.matmul(sum.matmul(result))
    d_self = -self.matmul(middle) if upper else -middle.matmul(self)


@op.composite(variants="function method out")
def cholesky_solve(self: Tensor, input2: Tensor, upper: bool = False) -> Tensor:
    """Solves with a matrix given by its Cholesky factor."""
    if self.dim() < 2:
        raise RuntimeError(f"b should have at least 2 dimensions, but has {self.dim()} dimensions instead")
    if input2.dim() < 2:
        raise RuntimeError(f"u should have at least 2 dimensions, but has {input2.dim()} dimensions instead")
    check_solver(self, input2, "cholesky_solve")
    factor, rhs = torch.join_batches(input2, self)
    return cpu.cholesky_solve_kernel(rhs, factor, upper)

@cholesky_solve.backward
def _(grad, input2, upper, result):
    g = torch.cholesky_solve(grad, input2, upper)
    d_self = g
    d_input2 = cholesky_solve_gradient(g, input2, upper, result)


@op.composite(variants="none", namespace="private")
def cholesky_solve_gradient(g: Tensor, factor: Tensor, upper: bool, result: Tensor) -> Tensor:
    common = g.matmul(result.adjoint())
    common = common + common.adjoint()
    if upper:
        return -factor.matmul(common)
    return -common.matmul(factor)


# --- LU -------------------------------------------------------------------------------------------------------------------------
@op.composite(namespace="linalg", variants="function out", results="LU pivots info")
def linalg_lu_factor_ex(self: Tensor, *, pivot: bool = True, check_errors: bool = False) -> tuple[Tensor, Tensor, Tensor]:
    """L and U in one matrix, row swaps, and where it failed."""
    check_matrix(self, "torch.linalg.lu_factor")
    LU, pivots, info = cpu.lu_factor(self, pivot)
    if check_errors:
        check_linalg(info, "torch.linalg.lu_factor_ex", self.dim() == 2)
    return LU, pivots, info

@linalg_lu_factor_ex.backward
def _(grad, LU, pivots):
    d_self = lu_factor_gradient(grad, LU, pivots)


@op.composite(variants="none", namespace="private")
def lu_factor_gradient(grad: Tensor, lu: Tensor, pivots: Tensor) -> Tensor:
    m = lu.size(-2)
    k = min(m, lu.size(-1))
    p, l, u = torch.lu_unpack(lu, pivots)
    return lu_gradient(grad.narrow(-1, 0, k).tril(-1), grad.narrow(-2, 0, k).triu(), p, l, u)


@op.composite(variants="none", namespace="private")
def lu_gradient(gl: Tensor, gu: Tensor, p: Tensor, l: Tensor, u: Tensor) -> Tensor:
    m = l.size(-2)
    n = u.size(-1)
    k = min(m, n)
    if m == n:
        a = l.adjoint().matmul(gl).tril(-1) + gu.matmul(u.adjoint()).triu()
        a = torch.linalg_solve_triangular(u.adjoint(), a, upper=False, left=False)
        a = torch.linalg_solve_triangular(l.adjoint(), a, upper=True, left=True, unitriangular=True)
        return p.matmul(a)
    if m < n:
        u1 = u.narrow(-1, 0, k)
        u2 = u.narrow(-1, k, n - k)
        gu1 = gu.narrow(-1, 0, k)
        gu2 = gu.narrow(-1, k, n - k)
        a = (l.adjoint().matmul(gl) - gu2.matmul(u2.adjoint())).tril(-1) + gu1.matmul(u1.adjoint()).triu()
        a = torch.linalg_solve_triangular(u1.adjoint(), a, upper=False, left=False)
        both = torch.cat([a, gu2], -1)
        return p.matmul(torch.linalg_solve_triangular(l.adjoint(), both, upper=True, left=True, unitriangular=True))
    l1 = l.narrow(-2, 0, k)
    l2 = l.narrow(-2, k, m - k)
    gl1 = gl.narrow(-2, 0, k)
    gl2 = gl.narrow(-2, k, m - k)
    a = l1.adjoint().matmul(gl1).tril(-1) + (gu.matmul(u.adjoint()) - l2.adjoint().matmul(gl2)).triu()
    a = torch.linalg_solve_triangular(l1.adjoint(), a, upper=True, left=True, unitriangular=True)
    both = torch.cat([a, gl2], -2)
    return p.matmul(torch.linalg_solve_triangular(u.adjoint(), both, upper=False, left=False))


@op.composite(namespace="linalg", variants="function out", results="LU pivots")
def linalg_lu_factor(self: Tensor, *, pivot: bool = True) -> tuple[Tensor, Tensor]:
    """L and U in one matrix, and the row swaps."""
    LU, pivots, info = torch.linalg_lu_factor_ex(self, pivot=pivot)
    check_linalg(info, "torch.linalg.lu_factor", self.dim() == 2)
    return LU, pivots


@op.composite(variants="function out", results="P L U")
def lu_unpack(LU_data: Tensor, LU_pivots: Tensor, unpack_data: bool = True, unpack_pivots: bool = True) -> tuple[Tensor, Tensor, Tensor]:
    """The parts of what lu_factor gave."""
    if LU_pivots.dtype != torch.int32:
        raise RuntimeError("torch.lu_unpack: LU_pivots is expected to be a contiguous tensor of torch.int32 dtype.\nNote: this function is intended to be used with the output produced by torch.linalg.lu_factor")
    m = LU_data.size(-2)
    n = LU_data.size(-1)
    k = min(m, n)
    L = LU_data.new_empty([0])
    U = LU_data.new_empty([0])
    P = LU_data.new_empty([0])
    if unpack_data:
        L = LU_data.narrow(-1, 0, k).tril(-1) + torch.eye(m, k, dtype=LU_data.dtype, device=LU_data.device)
        U = LU_data.narrow(-2, 0, k).triu()
    if unpack_pivots:
        order = torch.permutation_of(LU_pivots, m)
        P = torch.zeros(LU_data.shape[:LU_data.dim() - 2] + [m, m], dtype=LU_data.dtype)
        P = P.scatter(-2, order.unsqueeze(-2), 1)
    return P, L, U

@lu_unpack.backward
def _(grad_L, grad_U, LU_data):
    d_LU_data = lu_unpack_gradient(grad_L, grad_U, LU_data.size(-2), LU_data.size(-1))


@op.composite(variants="none", namespace="private")
def lu_unpack_gradient(gl: Tensor, gu: Tensor, m: int, n: int) -> Tensor:
    l = gl.tril(-1)
    u = gu.triu()
    if m > n:
        u = torch.constant_pad_nd(u, [0, 0, 0, m - n], 0)
    elif n > m:
        l = torch.constant_pad_nd(l, [0, n - m], 0)
    return l + u


@op.composite(variants="none", namespace="private", differentiable=False)
def permutation_of(self: Tensor, size: int) -> Tensor:
    return cpu.permutation_of_pivots(self, size)


@op.composite(namespace="linalg", variants="function out", results="P L U")
def linalg_lu(self: Tensor, *, pivot: bool = True) -> tuple[Tensor, Tensor, Tensor]:
    """Permutation, lower and upper triangle."""
    check_matrix(self, "linalg.lu")
    LU, pivots, _info = torch.linalg_lu_factor_ex(self, pivot=pivot)
    P, L, U = torch.lu_unpack(LU, pivots)
    return P, L, U

@linalg_lu.backward
def _(grad_L, grad_U, P, L, U):
    d_self = lu_gradient(grad_L.tril(-1), grad_U.triu(), P, L, U)


@op.composite(namespace="linalg", variants="function out")
def linalg_lu_solve(LU: Tensor, pivots: Tensor, B: Tensor, *, left: bool = True, adjoint: bool = False) -> Tensor:
    """Solves with a matrix given by lu_factor."""
    check_square(LU, "torch.linalg.lu_solve")
    if pivots.dtype != torch.int32:
        raise RuntimeError("linalg.lu_solve: pivots should be a Tensor of scalar type torch.int32")
    if LU.dtype != B.dtype:
        raise RuntimeError(f"linalg.lu_solve: Expected LU and B to have the same dtype, but found LU of type {LU.dtype} and B of type {B.dtype} instead")
    rhs = B if left else B.adjoint()
    if rhs.size(-2) != LU.size(-2):
        raise RuntimeError(f"linalg.lu_solve: Incompatible shapes of A and B for the equation AX = B ({LU.size(-2)}x{LU.size(-1)} and {rhs.size(-2)}x{rhs.size(-1)})")
    lu, r = torch.join_batches(LU, rhs)
    p = pivots.expand(lu.shape[:lu.dim() - 1])
    x = torch.lu_solve_plain(lu, p, r, adjoint if left else not adjoint)
    return x if left else x.adjoint()

@linalg_lu_solve.backward
def _(grad, LU, pivots, left, adjoint, result):
    d_LU = lu_solve_gradient(grad, LU, pivots, left, adjoint, result)
    d_B = torch.linalg_lu_solve(LU, pivots, grad, left=left, adjoint=not adjoint)


@op.composite(variants="none", namespace="private", differentiable=False)
def lu_solve_plain(lu: Tensor, pivots: Tensor, rhs: Tensor, adjoint: bool) -> Tensor:
    return cpu.lu_solve_kernel(lu, pivots, rhs, adjoint)


@op.composite(variants="none", namespace="private")
def lu_solve_gradient(grad: Tensor, LU: Tensor, pivots: Tensor, left: bool, adjoint: bool, x0: Tensor) -> Tensor:
    # To the form A X = B or A^H X = B.
    g = grad if left else grad.adjoint()
    x = x0 if left else x0.adjoint()
    adj = adjoint if left else not adjoint
    p, l, u = torch.lu_unpack(LU, pivots)
    if not adj:
        # U X = Y, L Y = P^T B
        gy = torch.linalg_solve_triangular(u.adjoint(), g, upper=False)
        gz = torch.linalg_solve_triangular(l.adjoint(), gy, upper=True, unitriangular=True)
        return -(gy.matmul(x.adjoint())).triu() - gz.matmul(u.matmul(x).adjoint()).tril(-1)
    # U^H L^H P^T X = B
    gy = torch.linalg_solve_triangular(l, p.adjoint().matmul(g), upper=False, unitriangular=True)
    gz = torch.linalg_solve_triangular(u, gy, upper=True)
    w = p.adjoint().matmul(x)
    return -(l.adjoint().matmul(w).matmul(gz.adjoint())).triu() - w.matmul(gy.adjoint()).tril(-1)


@op.composite(variants="function method out")
def lu_solve(self: Tensor, LU_data: Tensor, LU_pivots: Tensor) -> Tensor:
    """Solves with a matrix given by its LU decomposition."""
    if self.dim() < 2:
        raise RuntimeError(f"linalg.lu_solve: The input tensor B must have at least 2 dimensions.")
    return torch.linalg_lu_solve(LU_data, LU_pivots, self)


# --- determinants, inverses, solvers ------------------------------------------------------------------------------------------
@op.composite(variants="none", namespace="private", results="result LU pivots")
def det_with_lu(self: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    LU, pivots, _info = torch.linalg_lu_factor_ex(self)
    d = LU.diagonal(0, -2, -1).prod(-1) * torch.sign_of_pivots(pivots).to(LU.dtype)
    return d, LU, pivots

@det_with_lu.backward("LinalgDetBackward0")
def _(grad, self, result, LU, pivots):
    d_self = det_gradient(grad, self, result, LU, pivots)


@op.composite(variants="none", namespace="private")
def det_gradient(grad: Tensor, self: Tensor, result: Tensor, LU: Tensor, pivots: Tensor) -> Tensor:
    n = self.size(-1)
    d = torch.diag_embed((grad * result.conj()).unsqueeze(-1).expand(self.shape[:self.dim() - 1]))
    if n == 0:
        return torch.zeros_like(self)
    if not grad_enabled():
        # A singular matrix is moved by the smallest amount: the determinant is smooth.
        eps = epsilon_of(to_real(self.dtype))
        moved = LU + torch.diag_embed((LU.diagonal(0, -2, -1) == 0).to(LU.dtype) * eps)
        if eps > 0.0:
            d = torch.diag_embed((grad * (moved.diagonal(0, -2, -1).prod(-1) * torch.sign_of_pivots(pivots).to(LU.dtype)).conj()).unsqueeze(-1).expand(self.shape[:self.dim() - 1]))
        return torch.linalg_lu_solve(moved, pivots, d, adjoint=True)
    return torch.linalg_solve(self.adjoint(), d)


@op.composite(variants="none", namespace="private", differentiable=False)
def sign_of_pivots(self: Tensor) -> Tensor:
    """-1 for an odd number of row swaps, else 1."""
    n = self.size(-1)
    swaps = (self != torch.arange(1, n + 1, 1, dtype=torch.int32)).sum([-1], False)
    return 1 - 2 * (swaps % 2)


@op.composite(namespace="linalg", variants="function out")
def linalg_det(self: Tensor) -> Tensor:
    """The determinant."""
    check_square(self, "linalg.det")
    return torch.det_with_lu(self)[0]


@op.composite(variants="function method")
def det(self: Tensor) -> Tensor:
    """The determinant."""
    return torch.linalg_det(self)


@op.composite(variants="none", namespace="private", results="sign logabsdet LU pivots")
def slogdet_with_lu(self: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    LU, pivots, _info = torch.linalg_lu_factor_ex(self)
    d = LU.diagonal(0, -2, -1)
    sign = d.sgn().prod(-1) * torch.sign_of_pivots(pivots).to(LU.dtype)
    return sign, d.abs().log().sum([-1], False), LU, pivots

@slogdet_with_lu.backward("LinalgSlogdetBackward0")
def _(grad_sign, grad_logabsdet, self, sign):
    g = grad_logabsdet.to(self.dtype)
    if sign.is_complex():
        phase = torch.imag(grad_sign.conj() * sign)
        g = torch.complex(grad_logabsdet, -phase)
    d_self = torch.linalg_solve(self.adjoint(), torch.diag_embed(g.unsqueeze(-1).expand(self.shape[:self.dim() - 1])))


@op.composite(namespace="linalg", variants="function out", results="sign logabsdet")
def linalg_slogdet(self: Tensor) -> tuple[Tensor, Tensor]:
    """The sign of the determinant and the logarithm of its absolute value."""
    check_square(self, "linalg.slogdet")
    sign, logabsdet, _lu, _pivots = torch.slogdet_with_lu(self)
    return sign, logabsdet


@op.composite(variants="function method", results="sign logabsdet")
def slogdet(self: Tensor) -> tuple[Tensor, Tensor]:
    """The sign of the determinant and the logarithm of its absolute value."""
    sign, logabsdet = torch.linalg_slogdet(self)
    return sign, logabsdet


@op.composite(variants="function method")
def logdet(self: Tensor) -> Tensor:
    """The logarithm of the determinant."""
    check_square(self, "logdet")
    sign, logabsdet = torch.linalg_slogdet(self)
    if self.is_complex():
        return sign.log() + logabsdet
    return torch.where(sign == -1, math.nan, logabsdet)


@op.composite(namespace="linalg", variants="function out", results="inverse info")
def linalg_inv_ex(self: Tensor, *, check_errors: bool = False) -> tuple[Tensor, Tensor]:
    """The inverse, and where it failed."""
    check_square(self, "linalg.inv")
    LU, pivots, info = torch.linalg_lu_factor_ex(self)
    n = self.size(-1)
    x = torch.lu_solve_plain(LU, pivots, torch.eye(n, dtype=self.dtype, device=self.device).expand(self.shape), False)
    if check_errors:
        check_linalg(info, "linalg.inv_ex", self.dim() == 2)
    return x, info

@linalg_inv_ex.backward
def _(grad, inverse):
    d_self = -inverse.adjoint().matmul(grad.matmul(inverse.adjoint()))


@op.composite(namespace="linalg", variants="function out")
def linalg_inv(self: Tensor) -> Tensor:
    """The inverse of a matrix."""
    x, info = torch.linalg_inv_ex(self)
    check_linalg(info, "linalg.inv", self.dim() == 2)
    return x


@op.composite(variants="function method out")
def inverse(self: Tensor) -> Tensor:
    """The inverse of a matrix."""
    return torch.linalg_inv(self)


@op.composite(variants="none", namespace="private", results="result LU pivots info")
def solve_with_lu(A: Tensor, B: Tensor, left: bool, check_errors: bool) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    vector = torch.is_vector_rhs(A, B)
    b = B.unsqueeze(-1) if vector else B
    check_solver(b if left else b.transpose(-2, -1), A, "linalg.solve")
    a, r = torch.join_batches(A, b)
    LU, pivots, info = torch.linalg_lu_factor_ex(A)
    x = torch.linalg_lu_solve(LU, pivots, r, left=left)
    return x.squeeze(-1) if vector else x, LU, pivots, info

@solve_with_lu.backward("LinalgSolveExBackward0")
def _(grad, A, B, left, result, LU, pivots):
    gb = solve_gradient(grad, A, B, left, LU, pivots)
    d_B = gb
    d_A = solve_gradient_matrix(gb, A, B, left, result)


@op.composite(variants="none", namespace="private")
def solve_gradient(grad: Tensor, A: Tensor, B: Tensor, left: bool, LU: Tensor, pivots: Tensor) -> Tensor:
    vector = torch.is_vector_rhs(A, B)
    if grad_enabled():
        return torch.linalg_solve(A.adjoint(), grad, left=left)
    g = grad.unsqueeze(-1) if vector else grad
    x = torch.linalg_lu_solve(LU, pivots, g, left=left, adjoint=True)
    return x.squeeze(-1) if vector else x


@op.composite(variants="none", namespace="private")
def solve_gradient_matrix(gb: Tensor, A: Tensor, B: Tensor, left: bool, x: Tensor) -> Tensor:
    vector = torch.is_vector_rhs(A, B)
    g = gb.unsqueeze(-1) if vector else gb
    y = x.unsqueeze(-1) if vector else x
    if left:
        return -g.matmul(y.adjoint())
    return -y.adjoint().matmul(g)


@op.composite(namespace="linalg", variants="function out")
def linalg_solve(A: Tensor, B: Tensor, *, left: bool = True) -> Tensor:
    """X in A X = B (or X A = B)."""
    check_square(A, "linalg.solve")
    result, _lu, _pivots, info = torch.solve_with_lu(A, B, left, False)
    check_linalg(info, "torch.linalg.solve", A.dim() == 2)
    return result


@op.composite(namespace="linalg", variants="function out", results="result info")
def linalg_solve_ex(A: Tensor, B: Tensor, *, left: bool = True, check_errors: bool = False) -> tuple[Tensor, Tensor]:
    """X in A X = B, and where it failed."""
    check_square(A, "linalg.solve")
    result, _lu, _pivots, info = torch.solve_with_lu(A, B, left, False)
    if check_errors:
        check_linalg(info, "linalg.solve_ex", A.dim() == 2)
    return result, info


@op.composite(namespace="linalg", variants="function out")
def linalg_solve_triangular(self: Tensor, B: Tensor, *, upper: bool, left: bool = True, unitriangular: bool = False) -> Tensor:
    """X in A X = B for a triangular A."""
    check_square(self, "linalg.solve_triangular")
    if B.dim() < 2:
        raise RuntimeError("linalg.solve_triangular: The input tensor B must have at least 2 dimensions.")
    check_solver(B if left else B.transpose(-2, -1), self, "linalg.solve_triangular")
    a, b = torch.join_batches(self, B)
    return cpu.triangular_solve_kernel(a, b, upper, left, unitriangular)

@linalg_solve_triangular.backward
def _(grad, self, upper, left, unitriangular, result):
    gb = torch.linalg_solve_triangular(self.adjoint(), grad, upper=not upper, left=left, unitriangular=unitriangular)
    d_self = triangle_gradient(gb, result, upper, left, unitriangular)
    d_B = gb


@op.composite(variants="none", namespace="private")
def triangle_gradient(gb: Tensor, x: Tensor, upper: bool, left: bool, unitriangular: bool) -> Tensor:
    g = -gb.matmul(x.adjoint()) if left else -x.adjoint().matmul(gb)
    if upper:
        return g.triu(1 if unitriangular else 0)
    return g.tril(-1 if unitriangular else 0)


@op.composite(variants="function method out", results="solution cloned_coefficient")
def triangular_solve(self: Tensor, A: Tensor, upper: bool = True, transpose: bool = False, unitriangular: bool = False) -> tuple[Tensor, Tensor]:
    """Solves with a triangular matrix; older."""
    if self.dim() < 2:
        raise RuntimeError(f"torch.triangular_solve: Expected b to have at least 2 dimensions, but it has {self.dim()} dimensions instead")
    if A.dim() < 2:
        raise RuntimeError(f"torch.triangular_solve: Expected A to have at least 2 dimensions, but it has {A.dim()} dimensions instead")
    check_solver(self, A, "triangular_solve")
    a, b = torch.join_batches(A, self)
    m = a.transpose(-2, -1) if transpose else a
    return torch.linalg_solve_triangular(m, b, upper=not upper if transpose else upper, unitriangular=unitriangular), a.clone()

@triangular_solve.backward
def _(grad_solution, grad_cloned_coefficient, A, upper, transpose, unitriangular, solution):
    m = A.conj() if transpose else A.adjoint()
    up = upper if transpose else not upper
    gb = torch.linalg_solve_triangular(m, grad_solution, upper=up, unitriangular=unitriangular)
    ga = -solution.conj().matmul(gb.transpose(-2, -1)) if transpose else -gb.matmul(solution.adjoint())
    ga = ga.triu(1 if unitriangular else 0) if upper else ga.tril(-1 if unitriangular else 0)
    d_self = gb
    d_A = ga + grad_cloned_coefficient


# --- QR --------------------------------------------------------------------------------------------------------------------------
@op.composite(variants="function method out", results="a tau", differentiable=False)
def geqrf(self: Tensor) -> tuple[Tensor, Tensor]:
    """The QR decomposition as LAPACK leaves it."""
    if self.dim() < 2:
        raise RuntimeError("torch.geqrf: input must have at least 2 dimensions.")
    return cpu.qr_factor(self)


@op.composite(namespace="linalg", variants="function out", results="Q R")
def linalg_qr(self: Tensor, mode: str = "reduced") -> tuple[Tensor, Tensor]:
    """An orthogonal matrix and an upper triangle."""
    check_matrix(self, "linalg.qr")
    if mode != "reduced" and mode != "complete" and mode != "r":
        raise RuntimeError(f"qr received unrecognized mode '{mode}' but expected one of 'reduced' (default), 'r', or 'complete'")
    a, tau = torch.geqrf(self)
    m = self.size(-2)
    n = self.size(-1)
    k = min(m, n)
    if mode == "r":
        return self.new_empty([0]), a.narrow(-2, 0, k).triu()
    if mode == "reduced" or m <= n:
        return torch.householder_plain(a.narrow(-1, 0, k), tau), a.narrow(-2, 0, k).triu()
    wide = torch.constant_pad_nd(a, [0, m - n], 0)
    return torch.householder_plain(wide, tau), a.triu()

@linalg_qr.backward
def _(grad_Q, grad_R, mode, Q, R):
    d_self = qr_gradient(grad_Q, grad_R, Q, R, mode)


@op.composite(variants="none", namespace="private", differentiable=False)
def householder_plain(self: Tensor, tau: Tensor) -> Tensor:
    return cpu.householder_kernel(self, tau)


@op.composite(variants="none", namespace="private")
def qr_gradient(gq: Tensor, gr: Tensor, q: Tensor, r: Tensor, mode: str) -> Tensor:
    if mode == "r":
        raise RuntimeError("The derivative of linalg.qr depends on Q, which is not computed when mode='r'. Please use linalg.qr(A, mode='reduced') if you are going to differentiate through linalg.qr.")
    m = q.size(-2)
    n = r.size(-1)
    if mode == "complete" and m > n:
        raise RuntimeError("The QR decomposition is not differentiable when mode='complete' and nrows > ncols.")
    if m >= n:
        return qr_gradient_tall(gq, gr, q, r)
    # The columns past the square are Q times the rest of R.
    r1 = r.narrow(-1, 0, m)
    gr1 = gr.narrow(-1, 0, m)
    r2 = r.narrow(-1, m, n - m)
    gr2 = gr.narrow(-1, m, n - m)
    y = q.matmul(r2)
    first = qr_gradient_tall(gq + y.matmul(gr2.adjoint()), gr1, q, r1)
    return torch.cat([first, q.matmul(gr2)], -1)


@op.composite(variants="none", namespace="private")
def qr_gradient_tall(gq: Tensor, gr: Tensor, q: Tensor, r: Tensor) -> Tensor:
    x = (gr.matmul(r.adjoint()) - q.adjoint().matmul(gq)).triu()
    s = x + x.adjoint() - torch.diag_embed(torch.real(x.diagonal(0, -2, -1)).to(x.dtype))
    return torch.linalg_solve_triangular(r.adjoint(), gq + q.matmul(s), upper=False, left=False)


@op.composite(variants="function method out", results="Q R")
def qr(self: Tensor, some: bool = True) -> tuple[Tensor, Tensor]:
    """An orthogonal matrix and an upper triangle."""
    Q, R = torch.linalg_qr(self, "reduced" if some else "complete")
    return Q, R


@op.composite(namespace="linalg", variants="function out")
def linalg_householder_product(input: Tensor, tau: Tensor) -> Tensor:
    """The first columns of a product of reflections."""
    check_matrix(input, "torch.linalg.householder_product")
    m = input.size(-2)
    n = input.size(-1)
    if m < n:
        raise RuntimeError("torch.linalg.householder_product: input.shape[-2] must be greater than or equal to input.shape[-1]")
    if n < tau.size(-1):
        raise RuntimeError("torch.linalg.householder_product: input.shape[-1] must be greater than or equal to tau.shape[-1]")
    if grad_enabled() and (input.requires_grad or tau.requires_grad):
        return torch.householder_composed(input, tau)
    return torch.householder_plain(input, tau)


@op.composite(variants="none", namespace="private")
def householder_composed(input: Tensor, tau: Tensor) -> Tensor:
    """The same as products of differentiable operators, one reflection after another from the last."""
    m = input.size(-2)
    n = input.size(-1)
    out = torch.eye(m, n, dtype=input.dtype, device=input.device).expand(input.shape)
    for j in range(tau.size(-1)):
        i = tau.size(-1) - 1 - j
        below = input.narrow(-1, i, 1).tril(-i - 1)
        unit = torch.zeros([m, 1], dtype=input.dtype)
        unit.select(0, i).fill_(1)
        v = below + unit
        out = out - tau.narrow(-1, i, 1).unsqueeze(-1) * v.matmul(v.adjoint().matmul(out))
    return out


@op.composite(variants="function method out")
def orgqr(self: Tensor, input2: Tensor) -> Tensor:
    """The first columns of a product of reflections."""
    return torch.linalg_householder_product(self, input2)


@op.composite(variants="function method out")
def ormqr(self: Tensor, input2: Tensor, input3: Tensor, left: bool = True, transpose: bool = False) -> Tensor:
    """A product of reflections times a matrix."""
    if self.dim() < 2:
        raise RuntimeError("torch.ormqr: input must have at least 2 dimensions.")
    if input3.dim() < 2:
        raise RuntimeError("torch.ormqr: other must have at least 2 dimensions.")
    size = input3.size(-2 if left else -1)
    if size < input2.size(-1):
        raise RuntimeError(f"torch.ormqr: other.shape[{-2 if left else -1}] must be greater than or equal to tau.shape[-1]")
    if size != self.size(-2):
        raise RuntimeError(f"torch.ormqr: other.shape[{-2 if left else -1}] must be equal to input.shape[-2]")
    if self.dtype != input2.dtype or self.dtype != input3.dtype:
        raise RuntimeError("torch.ormqr: Expected input, tau and other to have the same dtype")
    return torch.ormqr_plain(self, input2, input3, left, transpose)


@op.composite(variants="none", namespace="private")
def ormqr_plain(self: Tensor, tau: Tensor, other: Tensor, left: bool, transpose: bool) -> Tensor:
    return cpu.ormqr_kernel(self, tau, other, left, transpose)

@ormqr_plain.backward("OrmqrBackward0")
def _(grad, self, tau, left, transpose):
    d_other = torch.ormqr(self, tau, grad, left, not transpose)


# --- eigenvalues ------------------------------------------------------------------------------------------------------------------
@op.composite(variants="none", namespace="private", results="eigenvalues eigenvectors")
def eigh_with(self: Tensor, upper: bool, vectors: bool) -> tuple[Tensor, Tensor]:
    w, v, info = torch.eigh_plain(self, upper, vectors)
    check_linalg(info, "linalg.eigh", self.dim() == 2)
    return w, v

@eigh_with.backward("LinalgEighBackward0")
def _(grad_eigenvalues, grad_eigenvectors, eigenvalues, eigenvectors):
    d_self = eigh_gradient(grad_eigenvalues, grad_eigenvectors, eigenvalues, eigenvectors)


@op.composite(variants="none", namespace="private", results="w v info", differentiable=False)
def eigh_plain(self: Tensor, upper: bool, vectors: bool) -> tuple[Tensor, Tensor, Tensor]:
    return cpu.eigh_kernel(self, upper, vectors)


@op.composite(variants="none", namespace="private")
def eigh_gradient(gw: Tensor, gv: Tensor, w: Tensor, v: Tensor) -> Tensor:
    if torch.all_zero(gv):
        return (v * gw.unsqueeze(-2)).matmul(v.adjoint())
    e = w.unsqueeze(-2) - w.unsqueeze(-1)
    e = e + torch.diag_embed(torch.full_like(w, math.inf))
    # Eigenvectors move by skew-Hermitian matrices only.
    vg = v.adjoint().matmul(gv)
    inner = (vg - vg.adjoint()) * 0.5 / e
    return v.matmul((inner + torch.diag_embed(gw.to(v.dtype))).matmul(v.adjoint()))


@op.composite(variants="none", namespace="private")
def is_upper(uplo: str) -> bool:
    if uplo == "U" or uplo == "u":
        return True
    if uplo == "L" or uplo == "l":
        return False
    raise RuntimeError(f"Expected UPLO argument to be 'L' or 'U', but got {uplo}")


@op.composite(namespace="linalg", variants="function out", results="eigenvalues eigenvectors")
def linalg_eigh(self: Tensor, UPLO: str = "L") -> tuple[Tensor, Tensor]:
    """Eigenvalues and eigenvectors of a symmetric or Hermitian matrix."""
    check_square(self, "linalg.eigh")
    w, v = torch.eigh_with(self, torch.is_upper(UPLO), True)
    return w, v


@op.composite(namespace="linalg", variants="function out")
def linalg_eigvalsh(self: Tensor, UPLO: str = "L") -> Tensor:
    """Eigenvalues of a symmetric or Hermitian matrix."""
    check_square(self, "linalg.eigvalsh")
    return torch.eigh_with(self, torch.is_upper(UPLO), grad_enabled() and self.requires_grad)[0]


@op.composite(variants="function method out", results="eigenvalues eigenvectors")
def symeig(self: Tensor, eigenvectors: bool = False, upper: bool = True) -> tuple[Tensor, Tensor]:
    """Eigenvalues of a symmetric matrix; older."""
    check_square(self, "symeig")
    w, v = torch.symeig_with(self, eigenvectors, upper)
    if not eigenvectors:
        return w, torch.empty([0], dtype=self.dtype)
    return w, v


@op.composite(variants="none", namespace="private", results="w v")
def symeig_with(self: Tensor, vectors: bool, upper: bool) -> tuple[Tensor, Tensor]:
    w, v, info = torch.eigh_plain(self, upper, vectors)
    check_linalg(info, "symeig", self.dim() == 2)
    return w, v if vectors else torch.zeros_like(self)

@symeig_with.backward("SymeigBackward0")
def _(grad_w, grad_v, vectors, w, v):
    d_self = symeig_gradient(grad_w, grad_v, vectors, w, v)


@op.composite(variants="none", namespace="private")
def symeig_gradient(gw: Tensor, gv: Tensor, vectors: bool, w: Tensor, v: Tensor) -> Tensor:
    if not vectors:
        raise RuntimeError("symeig_backward: torch.symeig(A, eigenvectors=False) is not differentiable. Use torch.linalg.eigvalsh(A) instead.")
    return eigh_gradient(gw, gv, w, v)


@op.composite(namespace="linalg", variants="function out", results="eigenvalues eigenvectors")
def linalg_eig(self: Tensor) -> tuple[Tensor, Tensor]:
    """Eigenvalues and eigenvectors, complex."""
    check_square(self, "linalg.eig")
    w, v, info = torch.eig_plain(self, True)
    check_linalg(info, "torch.linalg.eig", self.dim() == 2)
    return w, v

@linalg_eig.backward
def _(grad_eigenvalues, grad_eigenvectors, eigenvalues, eigenvectors):
    d_self = eig_gradient(grad_eigenvalues, grad_eigenvectors, eigenvalues, eigenvectors)


@op.composite(variants="none", namespace="private", results="w v info", differentiable=False)
def eig_plain(self: Tensor, vectors: bool) -> tuple[Tensor, Tensor, Tensor]:
    return cpu.eig_kernel(self, vectors)


@op.composite(variants="none", namespace="private")
def eig_gradient(gw: Tensor, gv: Tensor, w: Tensor, v: Tensor) -> Tensor:
    if torch.all_zero(gv):
        return torch.linalg_solve(v.adjoint(), gw.unsqueeze(-1) * v.adjoint())
    vg = v.adjoint().matmul(gv)
    inner = vg - v.adjoint().matmul(v) * torch.real(vg.diagonal(0, -2, -1)).unsqueeze(-2)
    e = torch.ones_on_diagonal((w.unsqueeze(-2) - w.unsqueeze(-1)).conj())
    inner = inner / e
    inner = inner + torch.diag_embed(gw - inner.diagonal(0, -2, -1))
    return torch.linalg_solve(v.adjoint(), inner.matmul(v.adjoint()))


@op.composite(namespace="linalg", variants="function out")
def linalg_eigvals(self: Tensor) -> Tensor:
    """Eigenvalues, complex."""
    check_square(self, "linalg.eigvals")
    if grad_enabled() and self.requires_grad:
        return torch.linalg_eig(self)[0]
    w, _v, info = torch.eig_plain(self, False)
    check_linalg(info, "torch.linalg.eigvals", self.dim() == 2)
    return w


# --- singular values -----------------------------------------------------------------------------------------------------------------
@op.composite(variants="none", namespace="private", results="U S Vh")
def svd_with(self: Tensor, full: bool, vectors: bool) -> tuple[Tensor, Tensor, Tensor]:
    u, s, v, info = torch.svd_plain(self, full, vectors)
    check_linalg(info, "linalg.svd", self.dim() == 2)
    return u, s, v

@svd_with.backward("LinalgSvdBackward0")
def _(grad_U, grad_S, grad_Vh, U, S, Vh):
    d_self = svd_gradient(grad_U, grad_S, grad_Vh, U, S, Vh)


@op.composite(variants="none", namespace="private", results="u s v info", differentiable=False)
def svd_plain(self: Tensor, full: bool, vectors: bool) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    return cpu.svd_kernel(self, full, vectors)


@op.composite(variants="none", namespace="private")
def svd_gradient(gu0: Tensor, gs: Tensor, gv0: Tensor, u0: Tensor, s: Tensor, v0: Tensor) -> Tensor:
    k = s.size(-1)
    m = u0.size(-2)
    n = v0.size(-1)
    u = u0.narrow(-1, 0, k)
    v = v0.narrow(-2, 0, k)
    gu = gu0.narrow(-1, 0, k)
    gv = gv0.narrow(-2, 0, k)
    if torch.all_zero(gu0) and torch.all_zero(gv0):
        return (u * gs.unsqueeze(-2)).matmul(v)
    ug = u.adjoint().matmul(gu)
    skew_u = ug - ug.adjoint()
    vg = v.matmul(gv.adjoint())
    skew_v = vg - vg.adjoint()
    s2 = s * s
    e = torch.ones_on_diagonal(s2.unsqueeze(-2) - s2.unsqueeze(-1))
    inner = (skew_u / e) * s.unsqueeze(-2) + s.unsqueeze(-1) * (skew_v / e)
    inner = inner - torch.diag_embed(inner.diagonal(0, -2, -1)) + torch.diag_embed(gs.to(u.dtype))
    if u.is_complex():
        inner = inner + torch.diag_embed(skew_u.diagonal(0, -2, -1) / (2 * s))
    left = u.matmul(inner)
    if m > k:
        scaled_u = gu / s.unsqueeze(-2)
        left = left + scaled_u - u.matmul(u.adjoint().matmul(scaled_u))
    out = left.matmul(v)
    if n > k:
        scaled_v = gv / s.unsqueeze(-1)
        out = out + u.matmul(scaled_v - scaled_v.matmul(v.adjoint()).matmul(v))
    return out


@op.composite(namespace="linalg", variants="function out", results="U S Vh")
def linalg_svd(self: Tensor, full_matrices: bool = True, *, driver: str | None = None) -> tuple[Tensor, Tensor, Tensor]:
    """The singular value decomposition."""
    check_matrix(self, "linalg.svd")
    if driver is not None:
        raise RuntimeError("torch.linalg.svd: keyword argument `driver=` is only supported on CUDA inputs with cuSOLVER backend.")
    U, S, Vh = torch.svd_with(self, full_matrices, True)
    return U, S, Vh


@op.composite(namespace="linalg", variants="function out")
def linalg_svdvals(self: Tensor, *, driver: str | None = None) -> Tensor:
    """The singular values."""
    check_matrix(self, "linalg.svd")
    if driver is not None:
        raise RuntimeError("torch.linalg.svd: keyword argument `driver=` is only supported on CUDA inputs with cuSOLVER backend.")
    return torch.svd_with(self, False, grad_enabled() and self.requires_grad)[1]


@op.composite(variants="function method out", results="U S V")
def svd(self: Tensor, some: bool = True, compute_uv: bool = True) -> tuple[Tensor, Tensor, Tensor]:
    """The singular value decomposition, the right vectors as columns."""
    if self.dim() < 2:
        raise RuntimeError("linalg.svd: input should have at least 2 dimensions, but has " + f"{self.dim()} dimensions instead")
    if compute_uv:
        U, S, Vh = torch.svd_with(self, not some, True)
        return U, S, Vh.adjoint()
    m = self.size(-2)
    n = self.size(-1)
    batch = self.shape[:self.dim() - 2]
    return (torch.zeros(batch + [m, m], dtype=self.dtype), torch.linalg_svdvals(self),
            torch.zeros(batch + [n, n], dtype=self.dtype))


# --- least squares, pseudoinverses, ranks ---------------------------------------------------------------------------------------------
@op.composite(variants="none", namespace="private")
def default_rcond(self: Tensor) -> float:
    return epsilon_of(to_real(self.dtype)) * float(max(self.size(-2), self.size(-1)))


@op.composite(namespace="linalg", variants="function out", results="solution residuals rank singular_values")
def linalg_lstsq(self: Tensor, b: Tensor, rcond: float | None = None, *, driver: str | None = None) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The solution of a least squares problem."""
    check_matrix(self, "torch.linalg.lstsq")
    if driver is not None:
        if driver != "gels" and driver != "gelsy" and driver != "gelsd" and driver != "gelss":
            raise RuntimeError(f"torch.linalg.lstsq: parameter `driver` should be one of (gels, gelsy, gelsd, gelss)")
    way = "gelsy" if driver is None else driver
    vector = torch.is_vector_rhs(self, b)
    rhs = b.unsqueeze(-1) if vector else b
    if rhs.size(-2) != self.size(-2):
        raise RuntimeError(f"torch.linalg.lstsq: input.size(-2) should match other.size({-1 if vector else -2})")
    if self.dtype != b.dtype:
        raise RuntimeError(f"torch.linalg.lstsq: Expected input and other to have the same dtype, but got input's dtype {self.dtype} and other's dtype {b.dtype}")
    cut = torch.default_rcond(self) if rcond is None else rcond
    a, r = torch.join_batches(self, rhs)
    x, rank, s = torch.lstsq_plain(a, r, cut, way)
    m = self.size(-2)
    n = self.size(-1)
    solution = x.narrow(-2, 0, n)
    residuals = torch.zeros([0], dtype=to_real(self.dtype))
    full = m > n and way != "gelsy"
    if full and way != "gels":
        full = bool((rank == n).all().item())
    if full:
        rest = x.narrow(-2, n, m - n)
        residuals = (rest.abs() * rest.abs()).sum([-2], False)
    ranks = rank if way != "gels" else torch.zeros([0], dtype=torch.int64)
    values = s if way == "gelsd" or way == "gelss" else torch.zeros([0], dtype=to_real(self.dtype))
    return solution.squeeze(-1) if vector else solution, residuals, ranks, values

@linalg_lstsq.backward
def _(grad, self, b):
    pinv = torch.linalg_pinv(self)
    vector = torch.is_vector_rhs(self, b)
    g = grad.unsqueeze(-1) if vector else grad
    rhs = b.unsqueeze(-1) if vector else b
    d_self = pinv_gradient(g.matmul(rhs.adjoint()), pinv, self)
    gb = pinv.adjoint().matmul(g)
    d_b = gb.squeeze(-1) if vector else gb


@op.composite(variants="none", namespace="private", results="x rank s", differentiable=False)
def lstsq_plain(self: Tensor, rhs: Tensor, rcond: float, driver: str) -> tuple[Tensor, Tensor, Tensor]:
    x, rank, s, _info = torch.lstsq_kernel(self, rhs, rcond, driver)
    return x, rank, s


@op.primitive(variants="none", namespace="private", results="x rank s info", differentiable=False)
def lstsq_kernel(self: Tensor, rhs: Tensor, rcond: float, driver: str) -> tuple[Tensor, Tensor, Tensor, Tensor]: ...


@op.composite(variants="none", namespace="private")
def cut_of(self: Tensor, values: Tensor, atol: Tensor | None, rtol: Tensor | None, atol_value: float | None, rtol_value: float | None) -> Tensor:
    """The size below which a singular value counts as 0, for each matrix."""
    largest = values.amax([-1], True) if values.size(-1) > 0 else values.new_zeros(values.shape[:values.dim() - 1] + [1])
    absolute = torch.zeros_like(largest)
    if atol is not None:
        absolute = atol.unsqueeze(-1).to(largest.dtype)
    if atol_value is not None:
        absolute = torch.full_like(largest, atol_value)
    relative = torch.full_like(largest, torch.default_rcond(self))
    if rtol is not None:
        relative = rtol.unsqueeze(-1).to(largest.dtype)
    elif rtol_value is not None:
        relative = torch.full_like(largest, rtol_value)
    elif atol is not None:
        relative = torch.where(absolute > 0, 0, relative)
    elif atol_value is not None:
        relative = torch.where(absolute > 0, 0, relative)
    return torch.maximum(absolute, relative * largest)


@op.composite(variants="none", namespace="private")
def pinv_any(self: Tensor, atol: Tensor | None, rtol: Tensor | None, atol_value: float | None, rtol_value: float | None, hermitian: bool) -> Tensor:
    check_matrix(self, "linalg.pinv")
    if self.numel() == 0:
        return torch.zeros(self.shape[:self.dim() - 2] + [self.size(-1), self.size(-2)], dtype=self.dtype)
    if hermitian:
        w, v = torch.linalg_eigh(self)
        size = w.abs()
        cut = cut_of(self, size, atol, rtol, atol_value, rtol_value)
        inverted = torch.where(size > cut, w.reciprocal(), 0)
        return (v * inverted.unsqueeze(-2)).matmul(v.adjoint())
    u, s, vh = torch.linalg_svd(self, False)
    cut = cut_of(self, s, atol, rtol, atol_value, rtol_value)
    inverted = torch.where(s > cut, s.reciprocal(), 0)
    return (vh.adjoint() * inverted.unsqueeze(-2)).matmul(u.adjoint())

@pinv_any.backward("LinalgPinvBackward0")
def _(grad, self, result):
    d_self = pinv_gradient(grad, result, self)


@op.composite(variants="none", namespace="private")
def pinv_gradient(grad: Tensor, pinv: Tensor, self: Tensor) -> Tensor:
    m = self.size(-2)
    n = self.size(-1)
    ph = pinv.adjoint()
    gh = grad.adjoint()
    if m <= n:
        k = gh.matmul(pinv)
        kp = k.matmul(ph)
        return -(pinv.matmul(k)).adjoint() + kp - self.matmul(pinv).matmul(kp) + ph.matmul(pinv).matmul(gh - k.matmul(self))
    k = pinv.matmul(gh)
    pk = ph.matmul(k)
    return -(k.matmul(pinv)).adjoint() + (gh - self.matmul(k)).matmul(pinv).matmul(ph) + pk - pk.matmul(pinv).matmul(self)


@op.composite(namespace="linalg", variants="function out", overload="atol_rtol_float")
def linalg_pinv(self: Tensor, *, atol: float | None = None, rtol: float | None = None, hermitian: bool = False) -> Tensor:
    """The pseudoinverse."""
    return torch.pinv_any(self, None, None, atol, rtol, hermitian)


@op.composite(namespace="linalg", variants="function out", overload="atol_rtol_tensor")
def linalg_pinv(self: Tensor, *, atol: Tensor | None = None, rtol: Tensor | None = None, hermitian: bool = False) -> Tensor:
    """The pseudoinverse, with limits for each matrix."""
    return torch.pinv_any(self, atol, rtol, None, None, hermitian)


@op.composite(namespace="linalg", variants="function out")
def linalg_pinv(self: Tensor, rcond: float, hermitian: bool = False) -> Tensor:
    """The pseudoinverse."""
    return torch.pinv_any(self, None, None, 0.0, rcond, hermitian)


@op.composite(namespace="linalg", variants="function out", overload="rcond_tensor")
def linalg_pinv(self: Tensor, rcond: Tensor, hermitian: bool = False) -> Tensor:
    """The pseudoinverse, with limits for each matrix."""
    return torch.pinv_any(self, None, rcond, None, None, hermitian)


@op.composite(variants="function method")
def pinverse(self: Tensor, rcond: float = 1e-15) -> Tensor:
    """The pseudoinverse."""
    return torch.pinv_any(self, None, None, 0.0, rcond, False)


@op.composite(variants="none", namespace="private", differentiable=False)
def rank_any(self: Tensor, atol: Tensor | None, rtol: Tensor | None, atol_value: float | None, rtol_value: float | None, hermitian: bool) -> Tensor:
    check_matrix(self, "torch.linalg.matrix_rank")
    if self.numel() == 0:
        return torch.zeros(self.shape[:self.dim() - 2], dtype=torch.int64)
    s = torch.linalg_eigvalsh(self).abs() if hermitian else torch.linalg_svdvals(self)
    return (s > cut_of(self, s, atol, rtol, atol_value, rtol_value)).sum([-1], False)


@op.composite(namespace="linalg", variants="function out", overload="atol_rtol_float", differentiable=False)
def linalg_matrix_rank(self: Tensor, *, atol: float | None = None, rtol: float | None = None, hermitian: bool = False) -> Tensor:
    """The rank of a matrix."""
    return torch.rank_any(self, None, None, atol, rtol, hermitian)


@op.composite(namespace="linalg", variants="function out", overload="atol_rtol_tensor", differentiable=False)
def linalg_matrix_rank(input: Tensor, *, atol: Tensor | None = None, rtol: Tensor | None = None, hermitian: bool = False) -> Tensor:
    """The rank of a matrix, with limits for each."""
    return torch.rank_any(input, atol, rtol, None, None, hermitian)


@op.composite(namespace="linalg", variants="function out", differentiable=False)
def linalg_matrix_rank(self: Tensor, tol: float, hermitian: bool = False) -> Tensor:
    """The rank of a matrix."""
    return torch.rank_any(self, None, None, tol, 0.0, hermitian)


@op.composite(namespace="linalg", variants="function out", overload="tol_tensor", differentiable=False)
def linalg_matrix_rank(input: Tensor, tol: Tensor, hermitian: bool = False) -> Tensor:
    """The rank of a matrix, with a limit for each."""
    return torch.rank_any(input, tol, None, None, 0.0, hermitian)


# --- norms ---------------------------------------------------------------------------------------------------------------------------
@op.composite(namespace="linalg", variants="function out")
def linalg_vector_norm(self: Tensor, ord: Scalar = 2, dim: int[1] | None = None, keepdim: bool = False, *, dtype: Dtype | None = None) -> Tensor:
    """The norm of vectors along dimensions."""
    return cpu.vector_norm(self, float(ord), dim, keepdim, dtype)

@linalg_vector_norm.backward
def _(grad, self, ord, dim, keepdim, result):
    d_self = norm_gradient(grad, self, float(ord), dim, keepdim, result)


@op.composite(namespace="linalg", variants="function out")
def linalg_matrix_norm(self: Tensor, ord: Scalar, dim: list[int] = [-2, -1], keepdim: bool = False, *, dtype: Dtype | None = None) -> Tensor:
    """The norm of matrices: 1, -1, 2, -2, inf or -inf."""
    check_matrix(self, "linalg.matrix_norm")
    p = float(ord)
    size = abs(p)
    if size != 1.0 and size != 2.0 and size != math.inf:
        raise RuntimeError(f"linalg.matrix_norm: Order {p} not supported.")
    if len(dim) != 2:
        raise RuntimeError(f"linalg.matrix_norm: dim must be a 2-tuple. Got {dim}")
    x = self if dtype is None else self.to(dtype)
    first = wrap_dim(dim[0], self.dim())
    second = wrap_dim(dim[1], self.dim())
    if first == second:
        raise RuntimeError(f"linalg.matrix_norm: dims must be different. Got ({dim[0]}, {dim[1]})")
    if size == 2.0:
        s = torch.linalg_svdvals(torch.movedim(x, [first, second], [-2, -1]))
        out = s.amax([-1], False) if p > 0.0 else s.amin([-1], False)
        if keepdim:
            out = out.unsqueeze(min(first, second)).unsqueeze(max(first, second))
        return out
    along = second if size == math.inf else first
    other = first if size == math.inf else second
    sums = torch.linalg_vector_norm(x, 1, [along], keepdim)
    at = other if keepdim or other < along else other - 1
    return sums.amax([at], keepdim) if p > 0.0 else sums.amin([at], keepdim)


@op.composite(namespace="linalg", variants="function out", overload="str_ord")
def linalg_matrix_norm(self: Tensor, ord: str = "fro", dim: list[int] = [-2, -1], keepdim: bool = False, *, dtype: Dtype | None = None) -> Tensor:
    """The Frobenius or the nuclear norm of matrices."""
    check_matrix(self, "linalg.matrix_norm")
    if ord == "fro":
        return torch.linalg_vector_norm(self, 2, dim, keepdim, dtype=dtype)
    if ord != "nuc":
        raise RuntimeError(f"linalg.matrix_norm: Order {ord} not supported.")
    x = self if dtype is None else self.to(dtype)
    first = wrap_dim(dim[0], self.dim())
    second = wrap_dim(dim[1], self.dim())
    out = torch.linalg_svdvals(torch.movedim(x, [first, second], [-2, -1])).sum([-1], False)
    if keepdim:
        out = out.unsqueeze(min(first, second)).unsqueeze(max(first, second))
    return out


@op.composite(namespace="linalg", variants="function out")
def linalg_norm(self: Tensor, ord: Scalar | None = None, dim: int[1] | None = None, keepdim: bool = False, *, dtype: Dtype | None = None) -> Tensor:
    """The norm of a vector or a matrix."""
    if ord is not None:
        if dim is None:
            if self.dim() > 2:
                raise RuntimeError("linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got " + f"{self.dim()}D.")
            if self.dim() == 2:
                return torch.linalg_matrix_norm(self, ord, [0, 1], keepdim, dtype=dtype)
        else:
            if len(dim) == 2:
                return torch.linalg_matrix_norm(self, ord, dim, keepdim, dtype=dtype)
            if len(dim) > 2:
                raise RuntimeError(f"linalg.norm: If dim is specified, it must be of length 1 or 2. Got {dim}")
        return torch.linalg_vector_norm(self, ord, dim, keepdim, dtype=dtype)
    return torch.linalg_vector_norm(self, 2, dim, keepdim, dtype=dtype)


@op.composite(namespace="linalg", variants="function out", overload="ord_str")
def linalg_norm(self: Tensor, ord: str, dim: int[1] | None = None, keepdim: bool = False, *, dtype: Dtype | None = None) -> Tensor:
    """The Frobenius or nuclear norm of a matrix."""
    if dim is None:
        if self.dim() != 2:
            raise RuntimeError("linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got " + f"{self.dim()}D.")
        return torch.linalg_matrix_norm(self, ord, [0, 1], keepdim, dtype=dtype)
    if len(dim) != 2:
        raise RuntimeError(f"linalg.norm: If ord is a string, dim must be a 2-tuple")
    return torch.linalg_matrix_norm(self, ord, dim, keepdim, dtype=dtype)


@op.composite(namespace="linalg", variants="function out")
def linalg_cond(self: Tensor, p: Scalar | None = None) -> Tensor:
    """The condition number of a matrix."""
    check_matrix(self, "linalg.cond")
    order = 2.0
    if p is not None:
        order = float(p)
    if order == 2.0 or order == -2.0:
        s = torch.linalg_svdvals(self)
        if s.size(-1) == 0:
            return s.new_zeros(s.shape[:s.dim() - 1])
        if order > 0.0:
            return (s.narrow(-1, 0, 1) / s.narrow(-1, s.size(-1) - 1, 1)).squeeze(-1)
        return (s.narrow(-1, s.size(-1) - 1, 1) / s.narrow(-1, 0, 1)).squeeze(-1)
    check_square(self, "linalg.cond(ord=" + f"{order})")
    inverse, info = torch.linalg_inv_ex(self)
    n = torch.linalg_matrix_norm(self, order) * torch.linalg_matrix_norm(inverse, order)
    return n.masked_fill(info != 0, math.inf)


@op.composite(namespace="linalg", variants="function out", overload="p_str")
def linalg_cond(self: Tensor, p: str) -> Tensor:
    """The condition number of a matrix."""
    check_square(self, "linalg.cond")
    inverse, info = torch.linalg_inv_ex(self)
    n = torch.linalg_matrix_norm(self, p) * torch.linalg_matrix_norm(inverse, p)
    return n.masked_fill(info != 0, math.inf)


# --- functions of matrices, products --------------------------------------------------------------------------------------------------
@op.composite(namespace="linalg", variants="function")
def linalg_matrix_exp(self: Tensor) -> Tensor:
    """e to the power of a matrix."""
    check_square(self, "linalg.matrix_exp")
    n = self.size(-1)
    if n == 0 or self.numel() == 0:
        return self.clone()
    if n == 1:
        return self.exp()
    # Scaled down by a power of 2 until a polynomial is exact, then squared as often.
    norm = torch.linalg_matrix_norm(self, 1)
    largest = float(norm.max().item())
    squarings = 0
    while largest > 0.5 and squarings < 1100:
        largest = largest * 0.5
        squarings = squarings + 1
    a = self * (0.5 ** float(squarings))
    identity = torch.eye(n, dtype=self.dtype, device=self.device).expand(self.shape)
    out = identity + a
    term = a
    for k in range(2, 17):
        term = term.matmul(a) * (1.0 / float(k))
        out = out + term
    for _i in range(squarings):
        out = out.matmul(out)
    return out

@linalg_matrix_exp.backward
def _(grad, self):
    d_self = matrix_exp_gradient(grad, self)


@op.composite(variants="none", namespace="private")
def matrix_exp_gradient(grad: Tensor, self: Tensor) -> Tensor:
    # The corner of the exponential of a matrix of blocks.
    n = self.size(-1)
    if self.numel() == 0:
        return grad.clone()
    a = self.adjoint()
    top = torch.cat([a, grad], -1)
    bottom = torch.cat([torch.zeros_like(a), a], -1)
    return torch.linalg_matrix_exp(torch.cat([top, bottom], -2)).narrow(-2, 0, n).narrow(-1, n, n)


@op.composite(variants="function method")
def matrix_exp(self: Tensor) -> Tensor:
    """e to the power of a matrix."""
    return torch.linalg_matrix_exp(self)


@op.composite(namespace="linalg", variants="function out")
def linalg_matrix_power(self: Tensor, n: int) -> Tensor:
    """A square matrix times itself, n times."""
    check_square(self, "linalg.matrix_power")
    return torch.matrix_power_of(self, n)


@op.composite(variants="function method out")
def matrix_power(self: Tensor, n: int) -> Tensor:
    """A square matrix times itself, n times."""
    check_matrix_any(self, "linalg.matrix_power")
    return torch.matrix_power_of(self, n)


@op.composite(variants="none", namespace="private")
def matrix_power_of(self: Tensor, n: int) -> Tensor:
    if n < 0:
        return torch.matrix_power_of(torch.linalg_inv(self), -n)
    if n == 0:
        return self.clone().zero_() + torch.eye(self.size(-1), dtype=self.dtype, device=self.device)
    if n == 1:
        return self.clone()
    if n == 2:
        return self.matmul(self)
    if n == 3:
        return self.matmul(self).matmul(self)
    z = self
    out = self
    first = True
    k = n
    while k > 0:
        if k % 2 == 1:
            if first:
                out = z
                first = False
            else:
                out = out.matmul(z)
        k = k // 2
        if k > 0:
            z = z.matmul(z)
    return out


@op.composite(namespace="linalg", variants="function out")
def linalg_multi_dot(tensors: list[Tensor]) -> Tensor:
    """The product of several matrices, in the cheapest order."""
    n = len(tensors)
    if n < 2:
        raise RuntimeError(f"multi_dot(): expected at least 2 tensors but got {n}")
    first_vector = tensors[0].dim() == 1
    last_vector = tensors[n - 1].dim() == 1
    parts: list[Tensor] = []
    for i in range(n):
        t = tensors[i]
        if i == 0 and first_vector:
            parts.append(t.unsqueeze(0))
        elif i == n - 1 and last_vector:
            parts.append(t.unsqueeze(-1))
        else:
            if t.dim() != 2:
                raise RuntimeError(f"multi_dot(): tensor {i} must be 2D but got {t.dim()}D")
            parts.append(t)
    for i in range(n - 1):
        if parts[i].size(1) != parts[i + 1].size(0):
            raise RuntimeError(f"multi_dot(): tensors {i} and {i + 1} with shapes {parts[i].shape} and {parts[i + 1].shape} cannot be multiplied")
    # Costs of all ranges, by length.
    cost = [0] * (n * n)
    split = [0] * (n * n)
    for length in range(1, n):
        for i in range(n - length):
            j = i + length
            best = -1
            for k in range(i, j):
                c = cost[i * n + k] + cost[(k + 1) * n + j] + parts[i].size(0) * parts[k].size(1) * parts[j].size(1)
                if best < 0 or c < best:
                    best = c
                    split[i * n + j] = k
            cost[i * n + j] = best
    out = torch.multi_dot_range(parts, split, 0, n - 1)
    if first_vector and last_vector:
        return out.view([])
    if first_vector:
        return out.view([out.size(1)])
    if last_vector:
        return out.view([out.size(0)])
    return out


@op.composite(variants="none", namespace="private")
def multi_dot_range(parts: list[Tensor], split: list[int], i: int, j: int) -> Tensor:
    if i == j:
        return parts[i]
    k = split[i * len(parts) + j]
    return torch.multi_dot_range(parts, split, i, k).mm(torch.multi_dot_range(parts, split, k + 1, j))


@op.composite(namespace="linalg", variants="function out")
def linalg_tensorinv(self: Tensor, ind: int = 2) -> Tensor:
    """The inverse of a tensor as a map between its first and last dimensions."""
    if ind <= 0:
        raise RuntimeError("Expected a strictly positive integer for 'ind'")
    end = self.shape[:ind]
    start = self.shape[ind:]
    a = 1
    for s in end:
        a *= s
    b = 1
    for s in start:
        b *= s
    if a != b:
        raise RuntimeError(f"Expected self to satisfy the requirement prod(self.shape[ind:]) == prod(self.shape[:ind]), but got {b} != {a}")
    return torch.linalg_inv(self.reshape([a, b])).reshape(start + end)


@op.composite(namespace="linalg", variants="function out")
def linalg_tensorsolve(self: Tensor, other: Tensor, dims: list[int] | None = None) -> Tensor:
    """Solves with a tensor as a map between its first and last dimensions."""
    a = self
    if dims is not None:
        to: list[int] = []
        for i in range(len(dims)):
            to.append(self.dim() - len(dims) + i)
        a = torch.movedim(self, dims, to)
    size = a.shape[other.dim():]
    n = 1
    for s in size:
        n *= s
    if n != other.numel():
        raise RuntimeError(f"Expected self to satisfy the requirement prod(self.shape[other.ndim:]) == prod(self.shape[:other.ndim]), but got {n} != {other.numel()}")
    return torch.linalg_solve(a.reshape([n, n]), other.reshape([n])).reshape(size)


@op.composite(namespace="linalg", variants="function")
def linalg_vander(x: Tensor, *, N: int | None = None) -> Tensor:
    """Powers of the elements, as rows."""
    if x.dim() == 0:
        return torch.linalg_vander(x.unsqueeze(-1), N=N)
    if x.size(-1) == 0 and N is None:
        raise RuntimeError("linalg.vander: N cannot be 0")
    n = x.size(-1)
    if N is not None:
        n = N
    if n <= 1:
        raise RuntimeError("N must be greater than 1.")
    base = x
    if is_integral(x.dtype) or is_bool_type(x.dtype):
        base = x.to(torch.int64)
    powers = base.unsqueeze(-1).expand(x.shape + [n - 1]).cumprod(-1)
    return torch.cat([torch.ones_like(powers.narrow(-1, 0, 1)), powers], -1)


@op.composite(variants="function")
def vander(x: Tensor, N: int | None = None, increasing: bool = False) -> Tensor:
    """Powers of the elements, as rows."""
    if x.dim() != 1:
        raise RuntimeError("x must be a one-dimensional tensor.")
    n = x.size(0)
    if N is not None:
        n = N
    if n < 0:
        raise RuntimeError("N must be non-negative.")
    base = x
    if is_integral(x.dtype) or is_bool_type(x.dtype):
        base = x.to(torch.int64)
    out = torch.ones([x.size(0), n], dtype=base.dtype)
    if n > 1:
        powers = base.unsqueeze(-1).expand([x.size(0), n - 1]).cumprod(-1)
        out = torch.cat([torch.ones_like(powers.narrow(-1, 0, 1)), powers], -1)
    return out if increasing else out.flip([1])


@op.composite(namespace="linalg", variants="function out")
def linalg_vecdot(x: Tensor, y: Tensor, *, dim: int = -1) -> Tensor:
    """Products of vectors along a dimension."""
    return (x.conj() * y).sum([dim], False)


@op.composite(namespace="linalg", variants="function out")
def linalg_cross(self: Tensor, other: Tensor, *, dim: int = -1) -> Tensor:
    """The vector product along a dimension of size 3."""
    if self.dim() != other.dim():
        raise RuntimeError("linalg.cross: inputs must have the same number of dimensions.")
    if self.size(dim) != 3 or other.size(dim) != 3:
        raise RuntimeError(f"linalg.cross: inputs dimension {dim} must have length 3. Got {self.size(dim)} and {other.size(dim)}")
    return torch.cross(self, other, dim)


@op.composite(namespace="linalg", variants="function out")
def linalg_matmul(self: Tensor, other: Tensor) -> Tensor:
    """The product of matrices."""
    return self.matmul(other)


@op.composite(namespace="linalg", variants="function")
def linalg_diagonal(A: Tensor, *, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    """The diagonals of matrices."""
    return A.diagonal(offset, dim1, dim2)


# --- symmetric indefinite matrices --------------------------------------------------------------------------------------------------------
@op.composite(namespace="linalg", variants="function out", results="LD pivots info", differentiable=False)
def linalg_ldl_factor_ex(self: Tensor, *, hermitian: bool = False, check_errors: bool = False) -> tuple[Tensor, Tensor, Tensor]:
    """The LDL decomposition, and where it failed."""
    check_square(self, "torch.linalg.ldl_factor_ex")
    return cpu.ldl_factor(self, hermitian)


@op.composite(namespace="linalg", variants="function out", results="LD pivots", differentiable=False)
def linalg_ldl_factor(self: Tensor, *, hermitian: bool = False) -> tuple[Tensor, Tensor]:
    """The LDL decomposition of a symmetric matrix."""
    LD, pivots, info = torch.linalg_ldl_factor_ex(self, hermitian=hermitian)
    check_linalg(info, "torch.linalg.ldl_factor_ex", self.dim() == 2)
    return LD, pivots


@op.composite(namespace="linalg", variants="function out", differentiable=False)
def linalg_ldl_solve(LD: Tensor, pivots: Tensor, B: Tensor, *, hermitian: bool = False) -> Tensor:
    """Solves with a matrix given by ldl_factor."""
    check_square(LD, "torch.linalg.ldl_solve")
    if B.dim() < 2:
        raise RuntimeError(f"torch.linalg.ldl_solve: Expected B to have at least 2 dimensions, but it has {B.dim()} dimensions instead")
    check_solver(B, LD, "torch.linalg.ldl_solve")
    ld, b = torch.join_batches(LD, B)
    return cpu.ldl_solve_kernel(ld, pivots.expand(ld.shape[:ld.dim() - 1]), b, hermitian)
