"""What is particular to the CPU."""
from torch.cpu import amp
