"""Gradients of convolutions, given the gradient of their output."""
import torch
import torch.nn.functional as F


def _input(conv, input_size, weight, grad_output, options):
    with torch.enable_grad():
        x = torch.zeros(input_size, dtype=grad_output.dtype, requires_grad=True)
        out = conv(x, weight.detach(), None, *options)
    return torch.autograd.grad(out, x, grad_output)[0]


def _weight(conv, input, weight_size, grad_output, options):
    with torch.enable_grad():
        w = torch.zeros(weight_size, dtype=grad_output.dtype, requires_grad=True)
        out = conv(input.detach(), w, None, *options)
    return torch.autograd.grad(out, w, grad_output)[0]


def conv1d_input(input_size, weight, grad_output, stride=1, padding=0, dilation=1, groups=1):
    """The gradient of conv1d with respect to its input."""
    return _input(F.conv1d, input_size, weight, grad_output, (stride, padding, dilation, groups))


def conv1d_weight(input, weight_size, grad_output, stride=1, padding=0, dilation=1, groups=1):
    """The gradient of conv1d with respect to its weight."""
    return _weight(F.conv1d, input, weight_size, grad_output, (stride, padding, dilation, groups))


def conv2d_input(input_size, weight, grad_output, stride=1, padding=0, dilation=1, groups=1):
    """The gradient of conv2d with respect to its input."""
    return _input(F.conv2d, input_size, weight, grad_output, (stride, padding, dilation, groups))


def conv2d_weight(input, weight_size, grad_output, stride=1, padding=0, dilation=1, groups=1):
    """The gradient of conv2d with respect to its weight."""
    return _weight(F.conv2d, input, weight_size, grad_output, (stride, padding, dilation, groups))


def conv3d_input(input_size, weight, grad_output, stride=1, padding=0, dilation=1, groups=1):
    """The gradient of conv3d with respect to its input."""
    return _input(F.conv3d, input_size, weight, grad_output, (stride, padding, dilation, groups))


def conv3d_weight(input, weight_size, grad_output, stride=1, padding=0, dilation=1, groups=1):
    """The gradient of conv3d with respect to its weight."""
    return _weight(F.conv3d, input, weight_size, grad_output, (stride, padding, dilation, groups))
