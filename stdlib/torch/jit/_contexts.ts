"""Grad mode in scripted code: the classes that `with torch.no_grad():` means there."""
from typing import Any

import torch


class no_grad:
    def __init__(self) -> None:
        self.prev = False

    def __enter__(self) -> None:
        self.prev = torch.is_grad_enabled()
        torch._set_grad_enabled(False)

    def __exit__(self, exc_type: Any, exc_value: Any, traceback: Any) -> None:
        torch._set_grad_enabled(self.prev)


class enable_grad:
    def __init__(self) -> None:
        self.prev = False

    def __enter__(self) -> None:
        self.prev = torch.is_grad_enabled()
        torch._set_grad_enabled(True)

    def __exit__(self, exc_type: Any, exc_value: Any, traceback: Any) -> None:
        torch._set_grad_enabled(self.prev)


class set_grad_enabled:
    def __init__(self, mode: bool) -> None:
        self.prev = torch.is_grad_enabled()
        torch._set_grad_enabled(mode)
        self.mode = mode

    def __enter__(self) -> None:
        torch._set_grad_enabled(self.mode)

    def __exit__(self, exc_type: Any, exc_value: Any, traceback: Any) -> None:
        torch._set_grad_enabled(self.prev)


class inference_mode:
    def __init__(self, mode: bool = True) -> None:
        self.prev = False
        self.mode = mode

    def __enter__(self) -> None:
        self.prev = torch.is_grad_enabled()
        torch._set_grad_enabled(not self.mode)

    def __exit__(self, exc_type: Any, exc_value: Any, traceback: Any) -> None:
        torch._set_grad_enabled(self.prev)


for _cls in (no_grad, enable_grad, set_grad_enabled, inference_mode):
    _cls.__module__ = "torch.autograd.grad_mode"
