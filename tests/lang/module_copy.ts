# Copies of modules and tensors: marks of parameters, sharing, what cannot be copied; __dict__ leaves parameters in place.
import copy
import torch
from torch import nn

layer = nn.Linear(2, 1)
layer.note = [1]
other = copy.deepcopy(layer)
print(list(other._parameters), torch.equal(other.weight, layer.weight), other.weight is layer.weight)  # expect: ['weight', 'bias'] True False
print(other.note, other.note is layer.note)  # expect: [1] False
print(copy.copy(layer).weight is layer.weight)  # expect: True

layer.__dict__["extra"] = 5
print(layer.extra, [name for name, _ in layer.named_parameters()], "weight" in layer.__dict__)  # expect: 5 ['weight', 'bias'] False

net = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
print(list(copy.deepcopy(net).state_dict())[-2:])  # expect: ['1.running_var', '1.num_batches_tracked']

t = torch.arange(6.0)
whole, part = copy.deepcopy([t, t[1:3]])
whole[1] = 50
print(part, t[1])  # expect: tensor([50.,  2.]) tensor(1.)
try:
    copy.deepcopy(torch.zeros(2, requires_grad=True) * 2)
except RuntimeError as e:
    print(e)  # expect: Only Tensors created explicitly by the user (graph leaves) support the deepcopy protocol at the moment

# A Parameter on the right of a tensor: its reflected operator is not an override.
p = nn.Parameter(torch.ones(2))
print(torch.ones(2) - p, torch.ones(2) @ p)  # expect: tensor([0., 0.], grad_fn=<SubBackward0>) tensor(2., grad_fn=<DotBackward0>)
z = (p * 2).sum()
z.backward()
try:
    z.backward()
except RuntimeError as e:
    print(str(e)[:47])  # expect: Trying to backward through the graph a second t
print(net.state_dict().keys())  # expect: odict_keys(['0.weight', '0.bias', '1.weight', '1.bias', '1.running_mean', '1.running_var', '1.num_batches_tracked'])
