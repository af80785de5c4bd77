"""The divergence of one distribution from another: a formula for each pair of classes."""
import math

import torch
from torch.distributions.continuous import Beta, Cauchy, Exponential, Gamma, Laplace, Normal, Uniform
from torch.distributions.discrete import (Bernoulli, Binomial, Categorical, Geometric, OneHotCategorical, Poisson)
from torch.distributions.distribution import Distribution, ExponentialFamily
from torch.distributions.matrices import LowRankMultivariateNormal, Wishart, _lowrank_logdet, _lowrank_mahalanobis, _mvdigamma
from torch.distributions.multivariate import (Dirichlet, Independent, MultivariateNormal, _batch_mahalanobis)
from torch.distributions.ratios import ContinuousBernoulli
from torch.distributions.transformed import Gumbel, HalfNormal, LogNormal, Pareto, TransformedDistribution
from torch.distributions.utils import sum_rightmost

_FORMULAS = {}
_EULER = 0.57721566490153286060


def register_kl(type_p, type_q):
    """Declares the formula for a pair of classes: a decorator."""
    if not isinstance(type_p, type) and issubclass(type_p, Distribution):
        raise TypeError(f"Expected type_p to be a Distribution subclass but got {type_p}")

    def decorator(fun):
        _FORMULAS[type_p, type_q] = fun
        return fun

    return decorator


def _formula(type_p, type_q):
    best = None
    for p, q in _FORMULAS:
        if issubclass(type_p, p) and issubclass(type_q, q):
            rank = (type_p.__mro__.index(p), type_q.__mro__.index(q))
            if best is None or rank < best[0]:
                best = rank, _FORMULAS[p, q]
    return None if best is None else best[1]


def kl_divergence(p, q):
    """The Kullback-Leibler divergence KL(p || q)."""
    fun = _formula(type(p), type(q))
    if fun is None:
        raise NotImplementedError(f"No KL(p || q) is implemented for p type {p.__class__.__name__} and q type {q.__class__.__name__}")
    return fun(p, q)


@register_kl(Bernoulli, Bernoulli)
def _(p, q):
    softplus = torch.nn.functional.softplus
    t1 = p.probs * (softplus(-q.logits) - softplus(-p.logits))
    t1[q.probs == 0] = math.inf
    t1[p.probs == 0] = 0
    t2 = (1 - p.probs) * (softplus(q.logits) - softplus(p.logits))
    t2[q.probs == 1] = math.inf
    t2[p.probs == 1] = 0
    return t1 + t2


@register_kl(Binomial, Binomial)
def _(p, q):
    kl = p.total_count * (p.probs * (p.logits - q.logits) + (-p.probs).log1p() - (-q.probs).log1p())
    infinite = p.total_count > q.total_count
    kl[infinite] = math.inf
    return kl


@register_kl(Categorical, Categorical)
def _(p, q):
    t = p.probs * (p.logits - q.logits)
    t[(q.probs == 0).expand_as(t)] = math.inf
    t[(p.probs == 0).expand_as(t)] = 0
    return t.sum(-1)


@register_kl(OneHotCategorical, OneHotCategorical)
def _(p, q):
    return kl_divergence(p._categorical, q._categorical)


@register_kl(Dirichlet, Dirichlet)
def _(p, q):
    sum_p, sum_q = p.concentration.sum(-1), q.concentration.sum(-1)
    t1 = sum_p.lgamma() - sum_q.lgamma()
    t2 = (p.concentration.lgamma() - q.concentration.lgamma()).sum(-1)
    t3 = p.concentration - q.concentration
    t4 = p.concentration.digamma() - sum_p.digamma().unsqueeze(-1)
    return t1 - t2 + (t3 * t4).sum(-1)


@register_kl(Beta, Beta)
def _(p, q):
    sum_p = p.concentration1 + p.concentration0
    sum_q = q.concentration1 + q.concentration0
    t1 = q.concentration1.lgamma() + q.concentration0.lgamma() + sum_p.lgamma()
    t2 = p.concentration1.lgamma() + p.concentration0.lgamma() + sum_q.lgamma()
    t3 = (p.concentration1 - q.concentration1) * torch.digamma(p.concentration1)
    t4 = (p.concentration0 - q.concentration0) * torch.digamma(p.concentration0)
    t5 = (sum_q - sum_p) * torch.digamma(sum_p)
    return t1 - t2 + t3 + t4 + t5


@register_kl(Exponential, Exponential)
def _(p, q):
    ratio = q.rate / p.rate
    return -ratio.log() + ratio - 1


@register_kl(Gamma, Gamma)
def _(p, q):
    t1 = q.concentration * (p.rate / q.rate).log()
    t2 = torch.lgamma(q.concentration) - torch.lgamma(p.concentration)
    t3 = (p.concentration - q.concentration) * torch.digamma(p.concentration)
    t4 = (q.rate - p.rate) * (p.concentration / p.rate)
    return t1 + t2 + t3 + t4


@register_kl(Geometric, Geometric)
def _(p, q):
    return -p.entropy() - torch.log1p(-q.probs) / p.probs - q.logits


@register_kl(Gumbel, Gumbel)
def _(p, q):
    ratio = p.scale / q.scale
    loc_p, loc_q = p.loc / q.scale, q.loc / q.scale
    t1 = -ratio.log() - loc_q + loc_p
    t2 = ratio * _EULER
    t3 = torch.exp(loc_q + (1 + ratio).lgamma() - loc_p)
    return t1 + t2 + t3 - (1 + _EULER)


@register_kl(HalfNormal, HalfNormal)
def _(p, q):
    return kl_divergence(p.base_dist, q.base_dist)


@register_kl(LogNormal, LogNormal)
def _(p, q):
    return kl_divergence(p.base_dist, q.base_dist)


@register_kl(Laplace, Laplace)
def _(p, q):
    ratio = p.scale / q.scale
    distance = (p.loc - q.loc).abs()
    return -ratio.log() + distance / q.scale + ratio * torch.exp(-distance / p.scale) - 1


@register_kl(Normal, Normal)
def _(p, q):
    var_ratio = (p.scale / q.scale).pow(2)
    t1 = ((p.loc - q.loc) / q.scale).pow(2)
    return 0.5 * (var_ratio + t1 - 1 - var_ratio.log())


@register_kl(MultivariateNormal, MultivariateNormal)
def _(p, q):
    if p.event_shape != q.event_shape:
        raise ValueError("KL-divergence between two Multivariate Normals with different event shapes cannot be computed")
    half_term1 = (q._unbroadcasted_scale_tril.diagonal(dim1=-2, dim2=-1).log().sum(-1)
                  - p._unbroadcasted_scale_tril.diagonal(dim1=-2, dim2=-1).log().sum(-1))
    shape = torch.broadcast_shapes(q._unbroadcasted_scale_tril.shape[:-2], p._unbroadcasted_scale_tril.shape[:-2])
    n = p.event_shape[0]
    q_tril = q._unbroadcasted_scale_tril.expand(shape + (n, n))
    p_tril = p._unbroadcasted_scale_tril.expand(shape + (n, n))
    term2 = torch.linalg.solve_triangular(q_tril, p_tril, upper=False).pow(2).sum([-2, -1])
    term3 = _batch_mahalanobis(q._unbroadcasted_scale_tril, q.loc - p.loc)
    return half_term1 + 0.5 * (term2 + term3 - n)


@register_kl(Poisson, Poisson)
def _(p, q):
    return p.rate * (p.rate.log() - q.rate.log()) - (p.rate - q.rate)


@register_kl(Uniform, Uniform)
def _(p, q):
    result = ((q.high - q.low) / (p.high - p.low)).log()
    result[(q.low > p.low) | (q.high < p.high)] = math.inf
    return result


@register_kl(Cauchy, Cauchy)
def _(p, q):
    t1 = ((p.scale + q.scale).pow(2) + (p.loc - q.loc).pow(2)).log()
    return t1 - (4 * p.scale * q.scale).log()


@register_kl(Exponential, Gamma)
def _(p, q):
    ratio = q.rate / p.rate
    return -q.concentration * torch.log(ratio) + ratio + q.concentration.lgamma() + q.concentration * _EULER - \
        (1 + _EULER)


@register_kl(Exponential, Normal)
def _(p, q):
    var_normal = q.scale.pow(2)
    rate_sqr = p.rate.pow(2)
    t1 = 0.5 * torch.log(rate_sqr * var_normal * 2 * math.pi)
    return t1 - 1 + (rate_sqr.reciprocal() - q.loc / p.rate + q.loc.pow(2) / 2) / var_normal


@register_kl(Gamma, Exponential)
def _(p, q):
    return -p.entropy() - q.rate.log() + q.rate * p.concentration / p.rate


@register_kl(Laplace, Normal)
def _(p, q):
    var_normal = q.scale.pow(2)
    ratio = p.scale.pow(2) / var_normal
    return (-0.5 * torch.log(2 * ratio / math.pi) + ratio + 0.5 * p.loc.pow(2) / var_normal
            - (p.loc * q.loc) / var_normal + 0.5 * q.loc.pow(2) / var_normal - 1)


@register_kl(Normal, Laplace)
def _(p, q):
    diff = p.loc - q.loc
    ratio = (diff / p.scale)
    t1 = torch.log(p.scale / q.scale)
    t2 = math.sqrt(2 / math.pi) * p.scale * torch.exp(-0.5 * ratio.pow(2))
    t3 = diff * torch.erf(math.sqrt(0.5) * ratio)
    return -t1 + (t2 + t3) / q.scale - (0.5 * (1 + math.log(0.5 * math.pi)))


@register_kl(Uniform, Normal)
def _(p, q):
    width = p.high - p.low
    t1 = (math.sqrt(math.pi * 2) * q.scale / width).log()
    t2 = width.pow(2) / 12
    t3 = ((p.high + p.low - 2 * q.loc) / 2).pow(2)
    return t1 + 0.5 * (t2 + t3) / q.scale.pow(2)


@register_kl(Independent, Independent)
def _(p, q):
    if p.reinterpreted_batch_ndims != q.reinterpreted_batch_ndims:
        raise NotImplementedError
    return sum_rightmost(kl_divergence(p.base_dist, q.base_dist), p.reinterpreted_batch_ndims)


@register_kl(TransformedDistribution, TransformedDistribution)
def _(p, q):
    if p.transforms != q.transforms:
        raise NotImplementedError
    if p.event_shape != q.event_shape:
        raise NotImplementedError
    return sum_rightmost(kl_divergence(p.base_dist, q.base_dist), len(p.event_shape) - len(p.base_dist.event_shape))


@register_kl(ExponentialFamily, ExponentialFamily)
def _(p, q):
    if type(p) != type(q):
        raise NotImplementedError("The cross KL-divergence between different exponential families cannot \
                            be computed using Bregman divergences")
    params = [n.detach().requires_grad_() for n in p._natural_params]
    normalizer = p._log_normalizer(*params)
    gradients = torch.autograd.grad(normalizer.sum(), params, create_graph=True)
    result = q._log_normalizer(*q._natural_params) - normalizer
    for of_p, of_q, g in zip(params, q._natural_params, gradients):
        result -= sum_rightmost((of_q - of_p) * g, len(q.event_shape))
    return result


def _infinite_like(tensor):
    return torch.full_like(tensor, math.inf)


def _x_log_x(x):
    return x * x.log()


# Where p has mass and q has none.
for _p, _q, _of in ([(Beta, Pareto, "concentration1"), (ContinuousBernoulli, Pareto, "probs"),
                     (Poisson, Bernoulli, "rate"), (Poisson, Binomial, "rate")]
                    + [(Exponential, c, "rate") for c in (Beta, ContinuousBernoulli, Pareto, Uniform)]
                    + [(Gamma, c, "concentration") for c in (Beta, ContinuousBernoulli, Pareto, Uniform)]
                    + [(d, c, "loc") for d in (Gumbel, Laplace, Normal) for c in (Beta, ContinuousBernoulli, Exponential, Gamma, Pareto, Uniform)]
                    + [(Pareto, c, "alpha") for c in (Beta, ContinuousBernoulli, Uniform)]):
    register_kl(_p, _q)(lambda p, q, _of=_of: _infinite_like(getattr(p, _of)))


@register_kl(ContinuousBernoulli, ContinuousBernoulli)
def _(p, q):
    return (p.mean * (p.logits - q.logits) + p._log_norm() + torch.log1p(-p.probs)
            - q._log_norm() - torch.log1p(-q.probs))


@register_kl(Pareto, Pareto)
def _(p, q):
    ratio = q.alpha / p.alpha
    result = q.alpha * (p.scale / q.scale).log() - ratio.log() + ratio - 1
    result[p.support.lower_bound < q.support.lower_bound] = math.inf
    return result


@register_kl(Bernoulli, Poisson)
def _(p, q):
    return -p.entropy() - (p.probs * q.rate.log() - q.rate)


@register_kl(Beta, ContinuousBernoulli)
def _(p, q):
    return -p.entropy() - p.mean * q.logits - torch.log1p(-q.probs) - q._log_norm()


@register_kl(Beta, Exponential)
def _(p, q):
    return -p.entropy() - q.rate.log() + q.rate * (p.concentration1 / (p.concentration1 + p.concentration0))


@register_kl(Beta, Gamma)
def _(p, q):
    total = p.concentration1 + p.concentration0
    return (-p.entropy() + q.concentration.lgamma() - q.concentration * q.rate.log()
            - (q.concentration - 1) * (p.concentration1.digamma() - total.digamma()) + q.rate * p.concentration1 / total)


@register_kl(Beta, Normal)
def _(p, q):
    total = p.concentration1 + p.concentration0
    mean = p.concentration1 / total
    variance = q.scale.pow(2)
    moment = (mean * (1 - mean) / (total + 1) + mean.pow(2)) * 0.5
    return -p.entropy() + 0.5 * (variance * 2 * math.pi).log() + (moment - q.loc * mean + q.loc.pow(2) * 0.5) / variance


@register_kl(Beta, Uniform)
def _(p, q):
    result = -p.entropy() + (q.high - q.low).log()
    result[(q.low > p.support.lower_bound) | (q.high < p.support.upper_bound)] = math.inf
    return result


@register_kl(ContinuousBernoulli, Exponential)
def _(p, q):
    return -p.entropy() - torch.log(q.rate) + q.rate * p.mean


@register_kl(ContinuousBernoulli, Normal)
def _(p, q):
    return (-p.entropy() + 0.5 * (math.log(2. * math.pi) + torch.square(q.loc / q.scale)) + torch.log(q.scale)
            + (p.variance + torch.square(p.mean) - 2. * q.loc * p.mean) / (2.0 * torch.square(q.scale)))


@register_kl(ContinuousBernoulli, Uniform)
def _(p, q):
    result = -p.entropy() + (q.high - q.low).log()
    outside = torch.max(torch.ge(q.low, p.support.lower_bound), torch.le(q.high, p.support.upper_bound))
    return torch.where(outside, _infinite_like(result), result)


@register_kl(Exponential, Gumbel)
def _(p, q):
    product = p.rate * q.scale
    ratio = q.loc / q.scale
    return product.log() - 1 - ratio + torch.exp(ratio) * product / (product + 1) + product.reciprocal()


@register_kl(Gamma, Gumbel)
def _(p, q):
    product = p.rate * q.scale
    ratio = q.loc / q.scale
    return ((p.concentration - 1) * p.concentration.digamma() - p.concentration.lgamma() - p.concentration
            + product.log() + p.concentration / product + torch.exp(ratio) * (1 + product.reciprocal()).pow(-p.concentration) - ratio)


@register_kl(Gamma, Normal)
def _(p, q):
    variance = q.scale.pow(2)
    rate2 = p.rate.pow(2)
    t1 = 0.5 * torch.log(rate2 * variance * 2 * math.pi) - p.concentration - p.concentration.lgamma()
    moment = 0.5 * (p.concentration.pow(2) + p.concentration) / rate2
    return (t1 + (p.concentration - 1) * p.concentration.digamma()
            + (moment - q.loc * p.concentration / p.rate + 0.5 * q.loc.pow(2)) / variance)


@register_kl(Gumbel, Normal)
def _(p, q):
    ratio = p.scale / q.scale
    t1 = (ratio / math.sqrt(2 * math.pi)).log()
    t2 = (math.pi * ratio * 0.5).pow(2) / 3
    t3 = ((p.loc + p.scale * _EULER - q.loc) / q.scale).pow(2) * 0.5
    return -t1 + t2 + t3 - (_EULER + 1)


@register_kl(Normal, Gumbel)
def _(p, q):
    mean, loc = p.loc / q.scale, q.loc / q.scale
    variance = (p.scale / q.scale).pow(2)
    return -variance.log() * 0.5 + mean - loc + torch.exp(-mean + 0.5 * variance + loc) - 0.5 * (1 + math.log(2 * math.pi))


@register_kl(Pareto, Exponential)
def _(p, q):
    product = p.scale * q.rate
    result = (p.alpha / product).log() - p.alpha.reciprocal() + p.alpha * product / (p.alpha - 1) - 1
    result[p.alpha <= 1] = math.inf
    return result


@register_kl(Pareto, Gamma)
def _(p, q):
    common = p.scale.log() + p.alpha.reciprocal()
    result = (p.alpha.log() - common + q.concentration.lgamma() - q.concentration * q.rate.log() + (1 - q.concentration) * common
              + q.rate * p.alpha * p.scale / (p.alpha - 1) - 1)
    result[p.alpha <= 1] = math.inf
    return result


@register_kl(Pareto, Normal)
def _(p, q):
    variance = 2 * q.scale.pow(2)
    common = p.scale / (p.alpha - 1)
    t1 = (math.sqrt(2 * math.pi) * q.scale * p.alpha / p.scale).log()
    t3 = p.alpha * common.pow(2) / (p.alpha - 2)
    result = t1 - p.alpha.reciprocal() + (t3 + (p.alpha * common - q.loc).pow(2)) / variance - 1
    result[p.alpha <= 2] = math.inf
    return result


@register_kl(Uniform, Beta)
def _(p, q):
    width = p.high - p.low
    t2 = (q.concentration1 - 1) * (_x_log_x(p.high) - _x_log_x(p.low) - width) / width
    t3 = (q.concentration0 - 1) * (_x_log_x(1 - p.high) - _x_log_x(1 - p.low) + width) / width
    t4 = q.concentration1.lgamma() + q.concentration0.lgamma() - (q.concentration1 + q.concentration0).lgamma()
    result = t3 + t4 - width.log() - t2
    result[(p.high > q.support.upper_bound) | (p.low < q.support.lower_bound)] = math.inf
    return result


@register_kl(Uniform, ContinuousBernoulli)
def _(p, q):
    result = -p.entropy() - p.mean * q.logits - torch.log1p(-q.probs) - q._log_norm()
    outside = torch.max(torch.gt(p.high, q.support.upper_bound), torch.lt(p.low, q.support.lower_bound))
    return torch.where(outside, _infinite_like(result), result)


@register_kl(Uniform, Exponential)
def _(p, q):
    result = q.rate * (p.high + p.low) / 2 - ((p.high - p.low) * q.rate).log()
    result[p.low < q.support.lower_bound] = math.inf
    return result


@register_kl(Uniform, Gamma)
def _(p, q):
    width = p.high - p.low
    t3 = (1 - q.concentration) * (_x_log_x(p.high) - _x_log_x(p.low) - width) / width
    result = -width.log() + q.concentration.lgamma() - q.concentration * q.rate.log() + t3 + q.rate * (p.high + p.low) / 2
    result[p.low < q.support.lower_bound] = math.inf
    return result


@register_kl(Uniform, Gumbel)
def _(p, q):
    common = q.scale / (p.high - p.low)
    high, low = (p.high - q.loc) / q.scale, (p.low - q.loc) / q.scale
    return common.log() + 0.5 * (high + low) - common * (torch.exp(-high) - torch.exp(-low))


@register_kl(Uniform, Pareto)
def _(p, q):
    width = p.high - p.low
    t1 = (q.alpha * q.scale.pow(q.alpha) * width).log()
    result = (_x_log_x(p.high) - _x_log_x(p.low) - width) / width * (q.alpha + 1) - t1
    result[p.low < q.support.lower_bound] = math.inf
    return result


def _check_sizes(p, q, names):
    if p.event_shape != q.event_shape:
        raise ValueError(f"KL-divergence between {names} with different event shapes cannot be computed")


@register_kl(LowRankMultivariateNormal, LowRankMultivariateNormal)
def _(p, q):
    _check_sizes(p, q, "two Low Rank Multivariate Normals")
    W, D = q._unbroadcasted_cov_factor, q._unbroadcasted_cov_diag
    term1 = (_lowrank_logdet(W, D, q._capacitance_tril)
             - _lowrank_logdet(p._unbroadcasted_cov_factor, p._unbroadcasted_cov_diag, p._capacitance_tril))
    term3 = _lowrank_mahalanobis(W, D, q.loc - p.loc, q._capacitance_tril)
    A = torch.linalg.solve_triangular(q._capacitance_tril, W.mT / D.unsqueeze(-2), upper=False)
    t21 = (p._unbroadcasted_cov_diag / D).sum(-1)
    t22 = (p._unbroadcasted_cov_factor * D.rsqrt().unsqueeze(-1)).pow(2).sum([-2, -1])
    t23 = (A * p._unbroadcasted_cov_diag.sqrt().unsqueeze(-2)).pow(2).sum([-2, -1])
    t24 = A.matmul(p._unbroadcasted_cov_factor).pow(2).sum([-2, -1])
    return 0.5 * (term1 + t21 + t22 - t23 - t24 + term3 - p.event_shape[0])


@register_kl(MultivariateNormal, LowRankMultivariateNormal)
def _(p, q):
    _check_sizes(p, q, "two (Low Rank) Multivariate Normals")
    W, D = q._unbroadcasted_cov_factor, q._unbroadcasted_cov_diag
    term1 = (_lowrank_logdet(W, D, q._capacitance_tril)
             - 2 * p._unbroadcasted_scale_tril.diagonal(dim1=-2, dim2=-1).log().sum(-1))
    term3 = _lowrank_mahalanobis(W, D, q.loc - p.loc, q._capacitance_tril)
    A = torch.linalg.solve_triangular(q._capacitance_tril, W.mT / D.unsqueeze(-2), upper=False)
    t21 = (p._unbroadcasted_scale_tril * D.rsqrt().unsqueeze(-1)).pow(2).sum([-2, -1])
    t22 = A.matmul(p._unbroadcasted_scale_tril).pow(2).sum([-2, -1])
    return 0.5 * (term1 + t21 - t22 + term3 - p.event_shape[0])


@register_kl(LowRankMultivariateNormal, MultivariateNormal)
def _(p, q):
    _check_sizes(p, q, "two (Low Rank) Multivariate Normals")
    L = q._unbroadcasted_scale_tril
    term1 = (2 * L.diagonal(dim1=-2, dim2=-1).log().sum(-1)
             - _lowrank_logdet(p._unbroadcasted_cov_factor, p._unbroadcasted_cov_diag, p._capacitance_tril))
    term3 = _batch_mahalanobis(L, q.loc - p.loc)
    t21 = torch.linalg.solve_triangular(L, p._unbroadcasted_cov_factor, upper=False).pow(2).sum([-2, -1])
    t22 = torch.linalg.solve_triangular(L, torch.diag_embed(p._unbroadcasted_cov_diag.sqrt()), upper=False).pow(2).sum([-2, -1])
    return 0.5 * (term1 + t21 + t22 + term3 - p.event_shape[0])


@register_kl(Wishart, Wishart)
def _(p, q):
    n = p.event_shape[-1]
    half_logdets = q._half_logdet() - p._half_logdet()
    ratio = torch.linalg.solve_triangular(q._unbroadcasted_scale_tril, p._unbroadcasted_scale_tril, upper=False).pow(2).sum([-2, -1])
    return (q.df * half_logdets + p.df / 2 * (ratio - n) + torch.mvlgamma(q.df / 2, p=n) - torch.mvlgamma(p.df / 2, p=n)
            + (p.df - q.df) / 2 * _mvdigamma(p.df / 2, p=n))
