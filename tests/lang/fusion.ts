# Scripted functions whose elementwise operators are fused: the same results, gradients and errors as plain code.
import torch
from typing import List


def RNN(x, h, W_h, U_h, b_h):
    y = []
    for t in range(x.size(0)):
        h = torch.tanh(x[t] @ W_h + h @ U_h + b_h)
        y.append(h)
    return torch.stack(y), h


def adam(p, g, m, v):
    m = m * 0.9 + g * 0.1
    v = v * 0.999 + g * g * 0.001
    return p - 0.001 * m / (v.sqrt() + 1e-8), m, v


def gated(x, y, w):
    return (torch.tanh(x * w) * torch.sigmoid(y) + x).pow(2).sum()


def mixed(a, b, c):
    d = a * b + 1
    e = torch.where(d > c, d, c.double())
    return d, e.exp() - e


def clamps(x):
    return torch.relu(x.clamp(-1.0, 1.0) * 3 - 1).clamp(max=1.5)


def scaled(x, s: float, n: int):
    return x * s + n - x / s


scripted = {f.__name__: torch.jit.script(f) for f in (RNN, adam, gated, mixed, clamps, scaled)}


def same(a, b):
    if isinstance(a, tuple):
        return all(same(x, y) for x, y in zip(a, b))
    return a.dtype == b.dtype and a.stride() == b.stride() and torch.equal(a, b)


torch.manual_seed(0)
x, h = torch.randn(5, 3, 4), torch.randn(3, 6)
W, U, b = torch.randn(4, 6), torch.randn(6, 6), torch.randn(6)
print(same(scripted["RNN"](x, h, W, U, b), RNN(x, h, W, U, b)))  # expect: True
for n in (1, 7, 1000):
    v = [torch.rand(n) for _ in range(4)]
    print(same(scripted["adam"](*v), adam(*v)), same(scripted["clamps"](v[0] * 4 - 2), clamps(v[0] * 4 - 2)))
# expect: True True
# expect: True True
# expect: True True
for d in (torch.float64, torch.float16, torch.int32, torch.bool):
    for e in (torch.float32, torch.uint8):
        t = [(torch.rand(3, 4) * 5).to(d), (torch.rand(4) * 5).to(e), (torch.rand(3, 1) * 9).to(torch.float32)]
        if not same(scripted["mixed"](*t), mixed(*t)):
            print("mixed", d, e)
print(same(scripted["scaled"](x, 0.5, 3), scaled(x, 0.5, 3)))  # expect: True
print(same(scripted["clamps"](x.transpose(0, 2)), clamps(x.transpose(0, 2))))  # expect: True

# gradients, and gradients of gradients
for p in (W, U, b):
    p.requires_grad_()
grads = []
for f in (scripted["RNN"], RNN):
    y, last = f(x, h, W, U, b)
    (y * y).sum().backward()
    grads.append([p.grad.clone() for p in (W, U, b)])
    for p in (W, U, b):
        p.grad = None
print(all(torch.allclose(p, q, rtol=1e-5) for p, q in zip(*grads)))  # expect: True
second = []
for f in (scripted["RNN"], RNN):
    g, = torch.autograd.grad(f(x, h, W, U, b)[1].pow(3).sum(), U, create_graph=True)
    (g * g).sum().backward()
    second.append(U.grad.clone())
    U.grad = W.grad = b.grad = None
print(torch.allclose(second[0], second[1], rtol=1e-4))  # expect: True
u = [torch.rand(50, dtype=torch.float64, requires_grad=True) for _ in range(3)]
print(torch.autograd.gradcheck(scripted["gated"], u))  # expect: True
# only some of the results get a gradient
w = [torch.rand(4, requires_grad=True) for _ in range(4)]
for k in range(3):
    got = torch.autograd.grad(scripted["adam"](*w)[k].sum(), w, allow_unused=True)
    want = torch.autograd.grad(adam(*w)[k].sum(), w, allow_unused=True)
    print([None if g is None else torch.allclose(g, q) for g, q in zip(got, want)])
# expect: [True, True, True, True]
# expect: [None, True, True, None]
# expect: [None, True, None, True]

# what cannot be computed is refused as the operators refuse it
for args in ((x, h, W, U, torch.randn(7)), (x, h, W, U.detach().double(), b)):
    messages = []
    for f in (scripted["RNN"], RNN):
        try:
            f(*args)
        except RuntimeError as e:
            messages.append(str(e).strip().splitlines()[-1].replace("RuntimeError: ", ""))
    print(messages[0] == messages[1], messages[1])
# expect: True The size of tensor a (6) must match the size of tensor b (7) at non-singleton dimension 1
# expect: True expected scalar type Float but found Double
print(scripted["clamps"](torch.empty(2, 3, device="meta")).shape)  # expect: torch.Size([2, 3])
