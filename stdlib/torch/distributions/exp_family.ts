"""ExponentialFamily, under its own module name."""
from torch.distributions import ExponentialFamily
