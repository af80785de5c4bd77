

@op.pointwise(promote="float", dtypes="float")
def sine_times(self: Tensor, other: Operand, *, bias: Scalar = 0) -> Tensor:
    """``sin(self) * other + bias``: an operator that only the tests have."""
    return sin(self) * other + bias

@sine_times.backward
def _(grad, self, other):
    d_self = grad * self.cos() * other
    d_other = grad * self.sin()
