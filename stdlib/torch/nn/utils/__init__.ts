"""Helpers for networks: clipping of gradients, parameters as one vector, packed sequences, other forms of weights."""
from torch.nn.utils import rnn
from torch.nn.utils.clip_grad import clip_grad_norm, clip_grad_norm_, clip_grad_value_
from torch.nn.utils.convert_parameters import parameters_to_vector, vector_to_parameters
from torch.nn.utils.weight_norm import remove_weight_norm, weight_norm
from torch.nn.utils.spectral_norm import remove_spectral_norm, spectral_norm
from torch.nn.utils.fusion import fuse_conv_bn_eval, fuse_conv_bn_weights, fuse_linear_bn_eval, fuse_linear_bn_weights
from torch.nn.utils.memory_format import convert_conv2d_weight_memory_format


def __getattr__(name):
    if name in ("parametrize", "parametrizations", "prune", "stateless", "init"):
        from importlib import import_module
        return import_module("torch.nn.utils." + name)
    if name == "skip_init":
        from torch.nn.utils.init import skip_init
        return skip_init
    raise AttributeError("module 'torch.nn.utils' has no attribute '{}'".format(name))
