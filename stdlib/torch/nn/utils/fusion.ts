"""Layers folded into one another for evaluation."""
import copy
import torch


def fuse_conv_bn_eval(conv, bn, transpose=False):
    """A convolution that does what the two layers do in evaluation mode."""
    assert not (conv.training or bn.training), "Fusion only for eval!"
    fused = copy.deepcopy(conv)
    fused.weight, fused.bias = fuse_conv_bn_weights(fused.weight, fused.bias, bn.running_mean, bn.running_var, bn.eps, bn.weight,
                                                    bn.bias, transpose)
    return fused


def fuse_conv_bn_weights(conv_w, conv_b, bn_rm, bn_rv, bn_eps, bn_w, bn_b, transpose=False):
    if conv_b is None:
        conv_b = torch.zeros_like(bn_rm)
    if bn_w is None:
        bn_w = torch.ones_like(bn_rm)
    if bn_b is None:
        bn_b = torch.zeros_like(bn_rm)
    invstd = torch.rsqrt(bn_rv + bn_eps)
    shape = [1, -1] if transpose else [-1, 1]
    shape += [1] * (len(conv_w.shape) - 2)
    weight = torch.nn.Parameter(conv_w * (bn_w * invstd).reshape(shape), conv_w.requires_grad)
    bias = torch.nn.Parameter((conv_b - bn_rm) * invstd * bn_w + bn_b, conv_b.requires_grad)
    return weight, bias


def fuse_linear_bn_eval(linear, bn):
    """A linear layer that does what the two layers do in evaluation mode."""
    assert not (linear.training or bn.training), "Fusion only for eval!"
    fused = copy.deepcopy(linear)
    fused.weight, fused.bias = fuse_linear_bn_weights(fused.weight, fused.bias, bn.running_mean, bn.running_var, bn.eps, bn.weight,
                                                      bn.bias)
    return fused


def fuse_linear_bn_weights(linear_w, linear_b, bn_rm, bn_rv, bn_eps, bn_w, bn_b):
    if linear_b is None:
        linear_b = torch.zeros_like(bn_rm)
    scale = bn_w * torch.rsqrt(bn_rv + bn_eps)
    weight = torch.nn.Parameter(linear_w * scale.unsqueeze(-1), linear_w.requires_grad)
    bias = torch.nn.Parameter((linear_b - bn_rm) * scale + bn_b, linear_b.requires_grad)
    return weight, bias
