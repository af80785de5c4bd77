"""Transforms onto constrained sets: biject_to(constraint) and transform_to(constraint)."""
import torch
from torch.distributions import constraints, transforms


def _affine_interval(constraint):
    if isinstance(constraint.lower_bound, (int, float)) and constraint.lower_bound == 0 and constraint.upper_bound == 1:
        return transforms.SigmoidTransform()
    scale = constraint.upper_bound - constraint.lower_bound
    return transforms.ComposeTransform([transforms.SigmoidTransform(), transforms.AffineTransform(constraint.lower_bound, scale)])


def _above(constraint):
    return transforms.ComposeTransform([transforms.ExpTransform(), transforms.AffineTransform(constraint.lower_bound, 1)])


def _below(constraint):
    return transforms.ComposeTransform([transforms.ExpTransform(), transforms.AffineTransform(constraint.upper_bound, -1)])


class ConstraintRegistry:
    """Factories of transforms by the class of a constraint."""

    def __init__(self, simplex):
        self._registry = {}
        self.register(constraints._Real, lambda c: transforms.identity_transform)
        self.register(constraints._GreaterThan, _above)
        self.register(constraints._GreaterThanEq, _above)
        self.register(constraints._LessThan, _below)
        self.register(constraints._Interval, _affine_interval)
        self.register(constraints._HalfOpenInterval, _affine_interval)
        self.register(constraints._Simplex, lambda c: simplex())
        self.register(constraints._CorrCholesky, lambda c: transforms.CorrCholeskyTransform())
        self.register(constraints._Cat, lambda c: transforms.CatTransform([self(part) for part in c.cseq], c.dim, c.lengths))
        self.register(constraints._Stack, lambda c: transforms.StackTransform([self(part) for part in c.cseq], c.dim))
        self.register(constraints._IndependentConstraint,
                      lambda c: transforms.IndependentTransform(self(c.base_constraint), c.reinterpreted_batch_ndims))

    def register(self, constraint, factory=None):
        if factory is None:
            return lambda f: self.register(constraint, f)
        self._registry[constraint if isinstance(constraint, type) else type(constraint)] = factory
        return factory

    def __call__(self, constraint):
        if type(constraint) not in self._registry:
            raise NotImplementedError(f"Cannot transform {type(constraint).__name__} constraints")
        return self._registry[type(constraint)](constraint)


biject_to = ConstraintRegistry(transforms.StickBreakingTransform)
transform_to = ConstraintRegistry(transforms.SoftmaxTransform)
transform_to.register(constraints._LowerCholesky, lambda c: transforms.LowerCholeskyTransform())
