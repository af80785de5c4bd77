"""LogisticNormal, under its own module name."""
from torch.distributions.ratios import LogisticNormal
