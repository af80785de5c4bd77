# Tables of embeddings with sparse gradients; hooks of all modules; refused sizes.
import torch
from torch import nn
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook

table = nn.Embedding(5, 2, sparse=True)
table(torch.tensor([1, 3, 1])).sum().backward()
grad = table.weight.grad
print(grad.is_sparse, grad._nnz(), grad.coalesce().indices().tolist())  # expect: True 3 [[1, 3]]
print(grad.to_dense().sum(1).tolist())  # expect: [0.0, 4.0, 0.0, 2.0, 0.0]
table(torch.tensor([0, 3])).sum().backward()
print(table.weight.grad.to_dense()[:, 0].tolist())  # expect: [1.0, 2.0, 0.0, 2.0, 0.0]
before = table.weight.detach().clone()
torch.optim.SGD(table.parameters(), lr=1.0).step()
print((before - table.weight.detach())[:, 0].round().tolist())  # expect: [1.0, 2.0, 0.0, 2.0, 0.0]
table.weight.grad = None
seen = []
handle = table.weight.register_hook(lambda g: seen.append(g.is_sparse))
(table(torch.tensor([2])).sum() + table.weight.sum()).backward()
handle.remove()
print(seen, table.weight.grad.is_sparse, table.weight.grad[2].tolist())  # expect: [False] False [2.0, 2.0]
(found,) = torch.autograd.grad(table(torch.tensor([4])).sum(), table.weight)
print(found.is_sparse, found.coalesce().values().tolist())  # expect: True [[1.0, 1.0]]
bag = nn.EmbeddingBag(4, 1, mode="mean", sparse=True)
bag(torch.tensor([[0, 1], [1, 1]])).sum().backward()
print(bag.weight.grad.to_dense().flatten().tolist())  # expect: [0.5, 1.5, 0.0, 0.0]
sparse = nn.Embedding(4, 1, sparse=True)
for optimizer in (torch.optim.SparseAdam, torch.optim.Adagrad):
    start = sparse.weight.detach().clone()
    step = optimizer(sparse.parameters(), lr=0.5)
    sparse.weight.grad = None
    sparse(torch.tensor([2])).sum().backward()
    step.step()
    print((start - sparse.weight.detach()).flatten().mul(1000).round().tolist())  # expect: [0.0, 0.0, 500.0, 0.0]
# expect: [0.0, 0.0, 500.0, 0.0]
try:
    torch.optim.Adam(sparse.parameters()).step()
except RuntimeError as e:
    print(e)  # expect: Adam does not support sparse gradients, please consider SparseAdam instead

names = []
net = nn.Sequential(nn.Linear(2, 2), nn.ReLU())
first = register_module_forward_pre_hook(lambda m, args: names.append("<" + type(m).__name__))
second = register_module_forward_hook(lambda m, args, out: names.append(type(m).__name__ + ">"))
net(torch.ones(1, 2))
first.remove(), second.remove()
net(torch.ones(1, 2))
print(" ".join(names))  # expect: <Sequential <Linear Linear> <ReLU ReLU> Sequential>

refused = []
for too_much in (lambda: [0] * 10**15, lambda: "x" * 10**15, lambda: b"x" * 10**15, lambda: bytes(10**15), lambda: "a".rjust(10**15),
                 lambda: list(range(10**15)), lambda: torch.empty(10**15)):
    try:
        too_much()
    except (MemoryError, RuntimeError) as e:
        refused.append(type(e).__name__)
print(*refused)  # expect: MemoryError MemoryError MemoryError MemoryError MemoryError MemoryError RuntimeError
