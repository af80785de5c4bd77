import torch

a, b = torch.tensor([0.5, 1.0]), torch.tensor([2.0, 3.0])
print(torch.sine_times(a, b))  # expect: tensor([0.9589, 2.5244])
print(a.sine_times(b, bias=0.5))  # expect: tensor([1.4589, 3.0244])
print(torch.sine_times(a, 2))  # expect: tensor([0.9589, 1.6829])
print(torch.sine_times(torch.tensor([1, 2]), 1))  # expect: tensor([0.8415, 0.9093])
c = a.clone()
print(c.sine_times_(b) is c, c)  # expect: True tensor([0.9589, 2.5244])
out = torch.empty(2)
print(torch.sine_times(a, b, out=out) is out, out)  # expect: True tensor([0.9589, 2.5244])
x = torch.tensor([0.5, 1.0], dtype=torch.float64, requires_grad=True)
y = torch.tensor([2.0, 3.0], dtype=torch.float64, requires_grad=True)
print(torch.sine_times(x, y).grad_fn.name())  # expect: SineTimesBackward0
print(torch.autograd.gradcheck(torch.sine_times, (x, y)))  # expect: True
print(torch.autograd.gradgradcheck(torch.sine_times, (x, y)))  # expect: True
m = torch.sine_times(torch.empty(2, 3, device="meta"), torch.empty(3, device="meta", dtype=torch.float64))
print(m.shape, m.dtype, m.device)  # expect: torch.Size([2, 3]) torch.float64 meta
try:
    torch.sine_times(a, torch.ones(3))
except RuntimeError as e:
    print(e)  # expect: The size of tensor a (2) must match the size of tensor b (3) at non-singleton dimension 0
print(torch.sine_times.__doc__)  # expect: ``sin(self) * other + bias``: an operator that only the tests have.
