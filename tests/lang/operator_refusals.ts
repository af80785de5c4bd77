# What operators refuse, and in which words.
import torch
import torch.nn.functional as F

b = torch.tensor([True, False])


def says(f):
    try:
        print("fine", f())
    except Exception as e:
        print(type(e).__name__, str(e)[:70])


says(lambda: 1 - b)  # expect: RuntimeError Subtraction, the `-` operator, with a bool tensor is not supported. If
says(lambda: b - b)  # expect: RuntimeError Subtraction, the `-` operator, with two bool tensors is not supported.
says(lambda: torch.ones(2) - b)  # expect: RuntimeError Subtraction, the `-` operator, with a bool tensor is not supported. If
says(lambda: -b)  # expect: RuntimeError Negation, the `-` operator, on a bool tensor is not supported. If you 
says(lambda: torch.tensor([1]).add(1, alpha=1.5))  # expect: RuntimeError For integral input tensors, argument alpha must not be a floating poin
says(lambda: torch.arange(3)**-1)  # expect: RuntimeError Integers to negative integer powers are not allowed.
says(lambda: torch.arange(3)**-1.0)  # expect: fine tensor([   inf, 1.0000, 0.5000])
says(lambda: torch.ones(2) & 1)  # expect: RuntimeError "bitwise_and_cpu" not implemented for 'Float'
says(lambda: F.silu(torch.tensor([1])))  # expect: RuntimeError "silu_cpu" not implemented for 'Long'
says(lambda: torch.complex(torch.ones(1), torch.ones(1).double()))  # expect: RuntimeError Expected object of scalar type Float but got scalar type Double for se
says(lambda: torch.where(torch.tensor([1.0]), 1, 2))  # expect: RuntimeError where expected condition to be a boolean tensor, but got a tensor with
says(lambda: torch.ones(2).masked_fill(torch.tensor([1, 0]), 3))  # expect: fine tensor([3., 1.])
says(lambda: torch.ones(2).masked_fill(torch.tensor([2, 0]), 3))  # expect: RuntimeError Mask tensor can take 0 and 1 values only
says(lambda: torch.searchsorted(torch.tensor([1.0, 3.0, 5.0]), torch.tensor([1, 4])))  # expect: fine tensor([0, 2])
says(lambda: F.binary_cross_entropy(torch.rand(2), torch.tensor([1, 0])))  # expect: RuntimeError Found dtype Long but expected Float
says(lambda: torch.tril(torch.ones(3)))  # expect: IndexError Dimension out of range (expected to be in range of [-1, 0], but got -2
says(lambda: torch.zeros(2, 6).unflatten(1, (5, 2)))  # expect: RuntimeError unflatten: Provided sizes [5, 2] don't multiply up to the size of dim 
says(lambda: torch.zeros(2, 3)[0, 5])  # expect: IndexError index 5 is out of bounds for dimension 1 with size 3
says(lambda: torch.zeros(2, 2).__setitem__(0, [1, 2]))  # expect: TypeError can't assign a list to a torch.FloatTensor
says(lambda: torch.zeros(2, 2).__setitem__(0, torch.ones(3)))  # expect: RuntimeError The expanded size of the tensor (2) must match the existing size (3) a
says(lambda: torch.bincount(torch.tensor([1.0])))  # expect: RuntimeError "bincount_cpu" not implemented for 'Float'
