# Hooks on saved tensors, tensors of inference mode, Variable, old backward hooks.
import torch
from torch import nn
from torch.autograd import Variable

a = torch.ones(2, requires_grad=True)
log = []


def pack(t):
    log.append("pack")
    return [t]


def unpack(kept):
    log.append("unpack")
    return kept[0]


with torch.autograd.graph.saved_tensors_hooks(pack, unpack):
    y = a * a
y.sum().backward()
print(log, a.grad)  # expect: ['pack', 'pack', 'unpack', 'unpack'] tensor([2., 2.])
with torch.autograd.graph.saved_tensors_hooks(lambda t: t, lambda t: t * 10):
    y = a * a
print(torch.autograd.grad(y.sum(), a))  # expect: (tensor([20., 20.]),)
with torch.autograd.graph.save_on_cpu():
    y = a.pow(3).sum()
(g,) = torch.autograd.grad(y, a, create_graph=True)
print(g)  # expect: tensor([3., 3.], grad_fn=<MulBackward0>)
print(torch.autograd.grad(g.sum(), a))  # expect: (tensor([6., 6.]),)


def outcome(f):
    try:
        return f()
    except Exception as e:
        return f"{type(e).__name__}: {str(e)[:60]}"


with torch.autograd.graph.saved_tensors_hooks(lambda t: t, lambda t: 5):
    y = a * a
print(outcome(lambda: y.sum().backward()))  # expect: TypeError: Output of saved tensor unpack_hook expected to be a Tensor b
with torch.autograd.graph.disable_saved_tensors_hooks("not here"):
    print(outcome(lambda: torch.autograd.graph.save_on_cpu().__enter__()))  # expect: RuntimeError: not here

with torch.inference_mode():
    q = torch.ones(2) * 2
    q.add_(1)
print(q.is_inference(), q[0].is_inference(), q.clone().is_inference(), torch.ones(1).is_inference())  # expect: True True False False
print(outcome(lambda: q.mul_(1)))  # expect: RuntimeError: Inplace update to inference tensor outside InferenceMode is 
print(outcome(lambda: q.requires_grad_()))  # expect: RuntimeError: Setting requires_grad=True on inference tensor outside Infer
print(outcome(lambda: q * a))  # expect: RuntimeError: Inference tensors cannot be saved for backward. To work arou
print(outcome(lambda: q._version))  # expect: RuntimeError: Inference tensors do not track version counter.
print((q + a).sum().item(), (q * 2).tolist())  # expect: 8.0 [6.0, 6.0]

v = Variable(torch.ones(2), requires_grad=True)
print(type(v).__name__, v.requires_grad, isinstance(v, Variable), isinstance(3, Variable))  # expect: Tensor True True False
print(outcome(lambda: Variable([1])))  # expect: TypeError: Variable data has to be a tensor, but got list
print((1 / v).grad_fn.name(), (3 / torch.tensor([2])).item())  # expect: MulBackward0 1.5
print(torch.autograd.grad(v * 2, v, torch.eye(2), is_grads_batched=True)[0].tolist())  # expect: [[2.0, 0.0], [0.0, 2.0]]

m = nn.Linear(2, 3)
m.register_backward_hook(lambda m, gi, go: print(len(gi), tuple(go[0].shape)))
m(torch.ones(1, 2)).sum().backward()  # expect: 3 (1, 3)
print(outcome(lambda: m.register_full_backward_hook(lambda *a: None)))  # expect: RuntimeError: Cannot use both regular backward hooks and full backward hoo


class Keeps(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(3)
        return x


print(outcome(lambda: Keeps.apply(v)))  # expect: TypeError: save_for_backward can only save variables, but argument 0 is
torch.set_num_threads(1)
print(torch.get_num_threads())  # expect: 1
