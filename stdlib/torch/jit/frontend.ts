"""Exceptions of torch.jit."""


class FrontendError(Exception):
    pass


class NotSupportedError(FrontendError):
    pass


class UnsupportedNodeError(NotSupportedError):
    pass


class FrontendTypeError(FrontendError):
    pass


class Error(Exception):
    """Raised where scripted code raised an exception."""


Error.__module__ = "torch.jit"
