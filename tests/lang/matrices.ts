# Decompositions, solvers and Fourier transforms, with gradients.
import torch

a = torch.tensor([[4., 1., 2.], [1., 3., 0.], [2., 0., 5.]], dtype=torch.float64)
b = torch.tensor([[1.], [2.], [3.]], dtype=torch.float64)
print(torch.linalg.cholesky(a))
# expect: tensor([[ 2.0000,  0.0000,  0.0000],
# expect:         [ 0.5000,  1.6583,  0.0000],
# expect:         [ 1.0000, -0.3015,  1.9771]], dtype=torch.float64)
print(torch.linalg.inv(a))
# expect: tensor([[ 0.3488, -0.1163, -0.1395],
# expect:         [-0.1163,  0.3721,  0.0465],
# expect:         [-0.1395,  0.0465,  0.2558]], dtype=torch.float64)
print(torch.linalg.solve(a, b).squeeze(), torch.linalg.det(a), torch.linalg.slogdet(a))
# expect: tensor([-0.3023,  0.7674,  0.7209], dtype=torch.float64) tensor(43., dtype=torch.float64) torch.return_types.linalg_slogdet(
# expect: sign=tensor(1., dtype=torch.float64),
# expect: logabsdet=tensor(3.7612, dtype=torch.float64))
print(torch.linalg.eigvalsh(a), torch.linalg.svdvals(a))
# expect: tensor([1.8549, 3.4760, 6.6691], dtype=torch.float64) tensor([6.6691, 3.4760, 1.8549], dtype=torch.float64)
print(torch.linalg.eigh(a).eigenvalues, type(torch.linalg.eigh(a)).__name__)
# expect: tensor([1.8549, 3.4760, 6.6691], dtype=torch.float64) linalg_eigh
q, r = torch.linalg.qr(a)
print(torch.allclose(q @ r, a), torch.allclose(q.T @ q, torch.eye(3, dtype=torch.float64)))
# expect: True True
p, l, u = torch.linalg.lu(a)
print(torch.allclose(p @ l @ u, a), torch.linalg.matrix_rank(a), torch.linalg.cond(a))
# expect: True tensor(3) tensor(3.5954, dtype=torch.float64)
print(torch.linalg.matrix_exp(torch.tensor([[0., 1.], [-1., 0.]])))
# expect: tensor([[ 0.5403,  0.8415],
# expect:         [-0.8415,  0.5403]])
print(torch.linalg.lstsq(a[:, :2], b).solution.squeeze(), torch.linalg.pinv(a[:, :2]).shape)
# expect: tensor([0.4410, 0.3913], dtype=torch.float64) torch.Size([2, 3])
print(torch.linalg.norm(a), torch.linalg.norm(a, "nuc"), torch.linalg.matrix_norm(a, 1), torch.linalg.vector_norm(a, 3))
# expect: tensor(7.7460, dtype=torch.float64) tensor(12., dtype=torch.float64) tensor(7., dtype=torch.float64) tensor(6.1622, dtype=torch.float64)
try:
    torch.linalg.cholesky(-a)
except torch.linalg.LinAlgError as e:
    print(type(e), e)
# expect: <class 'torch._C._LinAlgError'> linalg.cholesky: The factorization could not be completed because the input is not positive-definite (the leading minor of order 1 is not positive-definite).
try:
    torch.linalg.inv(torch.zeros(2, 2))
except RuntimeError as e:
    print(e)
# expect: linalg.inv: The diagonal element 1 is zero, the inversion could not be completed because the input matrix is singular.
x = a.clone().requires_grad_()
torch.linalg.det(x).backward()
print(x.grad)
# expect: tensor([[15., -5., -6.],
# expect:         [-5., 16.,  2.],
# expect:         [-6.,  2., 11.]], dtype=torch.float64)
for f in (torch.linalg.cholesky, torch.linalg.inv, torch.linalg.eigvalsh, torch.linalg.svdvals, lambda t: torch.linalg.solve(t, b),
          torch.linalg.matrix_exp, torch.linalg.pinv, lambda t: torch.linalg.qr(t)[1], lambda t: torch.linalg.lu(t)[2]):
    m = (a + torch.eye(3, dtype=torch.float64)).requires_grad_()
    print(torch.autograd.gradcheck(lambda t: f(0.5 * (t + t.T)), m))
# expect: True
# expect: True
# expect: True
# expect: True
# expect: True
# expect: True
# expect: True
# expect: True
# expect: True
s = torch.tensor([1., 2., 0., -1., 3.], dtype=torch.float64)
print(torch.fft.fft(s))
# expect: tensor([ 5.0000+0.0000j,  3.3541+0.3633j, -3.3541+1.5388j, -3.3541-1.5388j,
# expect:          3.3541-0.3633j], dtype=torch.complex128)
print(torch.fft.rfft(s), torch.allclose(torch.fft.irfft(torch.fft.rfft(s), 5), s))
# expect: tensor([ 5.0000+0.0000j,  3.3541+0.3633j, -3.3541+1.5388j],
# expect:        dtype=torch.complex128) True
print(torch.fft.fft2(a)[0], torch.fft.fftfreq(5), torch.fft.fftshift(torch.arange(5)))
# expect: tensor([18.0000+0.0000j,  1.5000+2.5981j,  1.5000-2.5981j],
# expect:        dtype=torch.complex128) tensor([ 0.0000,  0.2000,  0.4000, -0.4000, -0.2000]) tensor([3, 4, 0, 1, 2])
print(torch.allclose(torch.fft.ifft(torch.fft.fft(torch.arange(97.))).real, torch.arange(97.), atol=1e-4))
# expect: True
print(torch.autograd.gradcheck(lambda t: torch.fft.rfft(t), s.clone().requires_grad_()))
# expect: True
