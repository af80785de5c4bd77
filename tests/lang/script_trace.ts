# Traces: operators, containers, modules, frozen ones.
import warnings
import torch
from torch import nn
import torch.nn.functional as F

warnings.simplefilter("ignore")


def f(x, y):
    a = x + y * 2
    b = torch.cat([a, x], 0)
    c, d = b.split(2)
    v, i = torch.max(c, 0)
    return (b[0], b[:, 1:], b[..., None].shape[0] + a, v, i, -d, a.sum(dim=1, keepdim=True), b.t()[0])


t = torch.jit.trace(f, (torch.ones(2, 2), torch.zeros(2, 2)))
x = torch.arange(4.0).view(2, 2)
print(t(x, x))
print([n.kind() for n in t.graph.nodes()][:3])


class M(nn.Module):
    def __init__(self):
        super().__init__()
        self.lin = nn.Linear(2, 2)
        nn.init.constant_(self.lin.weight, 0.5)
        nn.init.constant_(self.lin.bias, 0.25)
        self.register_buffer("scale", torch.tensor(2.0))
        self.table = nn.ModuleList([nn.ReLU(), nn.Tanh()])

    def forward(self, x, pair):
        h = self.lin(x) * self.scale
        for m in self.table:
            h = m(h)
        return h + pair[0] - pair[1], {"h": h}["h"]


m = M()
tm = torch.jit.trace(m, (torch.ones(1, 2), (torch.ones(1, 2), torch.zeros(1, 2))))
print(tm(torch.tensor([[1.0, -1.0]]), (torch.ones(1, 2), torch.ones(1, 2))))
print(sorted(tm.state_dict()), tm.training, isinstance(tm, torch.jit.ScriptModule))
m.scale.fill_(0.0)
print(tm(torch.tensor([[1.0, -1.0]]), (torch.ones(1, 2), torch.ones(1, 2)))[1])


@torch.jit.script
def uses(x):
    return t(x, x)[0] + 1


print(uses(x))


def branchy(x):
    if x.sum() > 0:
        return x
    return -x


tb = torch.jit.trace(branchy, torch.ones(2))
print(tb(torch.tensor([-1.0, -2.0])))
print(torch.jit.is_tracing())


@torch.jit.script_if_tracing
def dyn(x, n: int):
    for i in range(n):
        x = x * 2
    return x


print(dyn(torch.ones(1), 3), torch.jit.trace(lambda a: dyn(a, 2) + 1, torch.ones(1))(torch.ones(1) * 3))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.lin = nn.Linear(2, 1)
        nn.init.ones_(self.lin.weight)
        nn.init.zeros_(self.lin.bias)
        self.drop = nn.Dropout(0.5)

    def forward(self, x):
        return self.drop(F.relu(self.lin(x)))


fr = torch.jit.freeze(torch.jit.script(Net().eval()))
print(fr(torch.tensor([[1.0, 2.0]])), len(list(fr.parameters())), hasattr(fr, "lin"))

# The output, line by line:
# expect: (tensor([0., 3.]), tensor([[3.],
# expect:         [9.],
# expect:         [1.],
# expect:         [3.]]), tensor([[ 4.,  7.],
# expect:         [10., 13.]]), tensor([6., 9.]), tensor([1, 1]), tensor([[-0., -1.],
# expect:         [-2., -3.]]), tensor([[ 3.],
# expect:         [15.]]), tensor([0., 6., 0., 2.]))
# expect: ['prim::Constant', 'aten::mul', 'prim::Constant']
# expect: (tensor([[0.4621, 0.4621]], grad_fn=<SubBackward0>), tensor([[0.4621, 0.4621]], grad_fn=<TanhBackward0>))
# expect: ['lin.bias', 'lin.weight', 'scale'] True True
# expect: tensor([[0., 0.]], grad_fn=<TanhBackward0>)
# expect: tensor([1., 4.])
# expect: tensor([-1., -2.])
# expect: False
# expect: tensor([8.]) tensor([13.])
# expect: tensor([[3.]]) 0 False
