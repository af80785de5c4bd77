"""Chi2, under its own module name."""
from torch.distributions import Chi2
