"""Overloads of scripted functions: several signatures, one body.

    @_overload_method
    def forward(self, x: Tensor) -> Tensor: ...
    @_overload_method
    def forward(self, x: List[Tensor]) -> Tensor: ...
    def forward(self, x): <the body>

The body is compiled for each signature; a call takes the first that fits.
"""
_signatures = {}


def _overload(func):
    _signatures.setdefault(func.__module__ + "." + func.__qualname__, []).append(func)
    return func


_overload_method = _overload


def _signatures_of(func):
    """The signatures of a function with overloads; empty for all others."""
    return _signatures.get(func.__module__ + "." + func.__qualname__, ())
