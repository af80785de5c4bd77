"""torch.distributions: samples, densities and divergences."""
from torch.distributions import constraints, utils
from torch.distributions.distribution import Distribution, ExponentialFamily
from torch.distributions.continuous import (Beta, Cauchy, Chi2, Exponential, Gamma, Laplace, Normal, StudentT, Uniform, VonMises)
from torch.distributions.discrete import (Bernoulli, Binomial, Categorical, Geometric, Multinomial, NegativeBinomial, OneHotCategorical,
                                          OneHotCategoricalStraightThrough, Poisson)
from torch.distributions.multivariate import Dirichlet, Independent, MixtureSameFamily, MultivariateNormal
from torch.distributions.transforms import (AbsTransform, AffineTransform, CatTransform, ComposeTransform, ExpTransform,
                                            CorrCholeskyTransform, IndependentTransform, LowerCholeskyTransform, PowerTransform, ReshapeTransform,
                                            SigmoidTransform, SoftmaxTransform, SoftplusTransform, StackTransform, StickBreakingTransform,
                                            TanhTransform, Transform, identity_transform)
from torch.distributions.transformed import (Gumbel, HalfCauchy, HalfNormal, LogNormal, Pareto, RelaxedBernoulli, RelaxedOneHotCategorical,
                                             TransformedDistribution, Weibull)
from torch.distributions.ratios import (ContinuousBernoulli, CumulativeDistributionTransform, FisherSnedecor, Kumaraswamy,
                                        LogisticNormal)
from torch.distributions.kl import kl_divergence, register_kl
from torch.distributions.constraint_registry import biject_to, transform_to

from torch.distributions.matrices import LKJCholesky, LowRankMultivariateNormal, Wishart


def _settle():
    """PyTorch has a module for each class: that is where a class says it is from."""
    files = {"StudentT": "studentT", "VonMises": "von_mises", "OneHotCategorical": "one_hot_categorical",
             "OneHotCategoricalStraightThrough": "one_hot_categorical", "RelaxedOneHotCategorical": "relaxed_categorical",
             "FisherSnedecor": "fishersnedecor", "Chi2": "chi2", "LKJCholesky": "lkj_cholesky",
             "LowRankMultivariateNormal": "lowrank_multivariate_normal", "Gumbel": "gumbel", "ExponentialFamily": "exp_family"}
    for name, cls in list(globals().items()):
        if isinstance(cls, type) and issubclass(cls, Distribution) and cls is not Distribution:
            file = files.get(name)
            if file is None:
                file = "".join("_" + c.lower() if c.isupper() and i else c.lower() for i, c in enumerate(name))
            cls.__module__ = "torch.distributions." + file


_settle()
