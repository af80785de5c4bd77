"""torch.distributions: samples, densities and divergences."""
from torch.distributions import constraints, utils
from torch.distributions.distribution import Distribution, ExponentialFamily
from torch.distributions.continuous import (Beta, Cauchy, Chi2, Exponential, Gamma, Laplace, Normal, StudentT, Uniform, VonMises)
from torch.distributions.discrete import (Bernoulli, Binomial, Categorical, Geometric, Multinomial, NegativeBinomial, OneHotCategorical,
                                          OneHotCategoricalStraightThrough, Poisson)
from torch.distributions.multivariate import Dirichlet, Independent, MixtureSameFamily, MultivariateNormal
from torch.distributions.transforms import (AbsTransform, AffineTransform, CatTransform, ComposeTransform, ExpTransform,
                                            IndependentTransform, LowerCholeskyTransform, PowerTransform, ReshapeTransform,
                                            SigmoidTransform, SoftmaxTransform, SoftplusTransform, StackTransform, StickBreakingTransform,
                                            TanhTransform, Transform, identity_transform)
from torch.distributions.transformed import (Gumbel, HalfCauchy, HalfNormal, LogNormal, Pareto, RelaxedBernoulli, RelaxedOneHotCategorical,
                                             TransformedDistribution, Weibull)
from torch.distributions.ratios import (ContinuousBernoulli, CumulativeDistributionTransform, FisherSnedecor, Kumaraswamy,
                                        LogisticNormal)
from torch.distributions.kl import kl_divergence, register_kl
from torch.distributions.constraint_registry import biject_to, transform_to

_MISSING = ("LKJCholesky", "LowRankMultivariateNormal", "Wishart", "CorrCholeskyTransform")


def __getattr__(name):
    if name in _MISSING:
        raise NotImplementedError(f"torch.distributions.{name} is a class of PyTorch that tsvm does not have yet")
    raise AttributeError(f"module 'torch.distributions' has no attribute '{name}'")
