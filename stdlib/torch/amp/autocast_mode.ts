"""torch.autocast: operators choose their precision.

The choice is made where operators are called (stdlib/native/torch/autocast.cpp); what each operator wants is listed here. Without a
CUDA device autocast("cuda") does nothing, as in PyTorch.
"""
import warnings
from contextlib import ContextDecorator
import _torch_c as _C
import torch

# Computed in the low precision.
_LOW = ("conv1d conv2d conv3d conv_tbc bmm mm baddbmm addmm addbmm linear matmul einsum tensordot chain_matmul linalg_multi_dot "
        "_convolution")
# Computed in float32.
_FLOAT32 = """
avg_pool3d binary_cross_entropy binary_cross_entropy_with_logits grid_sampler grid_sampler_2d grid_sampler_3d polar prod quantile
nanquantile stft cdist trace view_as_complex cholesky cholesky_inverse cholesky_solve inverse lu_solve matrix_rank orgqr ormqr
pinverse max_pool3d max_unpool2d max_unpool3d adaptive_avg_pool3d reflection_pad1d reflection_pad2d replication_pad1d
replication_pad2d replication_pad3d mse_loss ctc_loss kl_div multilabel_margin_loss fft_fft fft_ifft fft_fft2 fft_ifft2 fft_fftn
fft_ifftn fft_rfft fft_irfft fft_rfft2 fft_irfft2 fft_rfftn fft_irfftn fft_hfft fft_ihfft linalg_matrix_norm linalg_cond
linalg_matrix_rank linalg_solve linalg_cholesky linalg_svdvals linalg_eigvals linalg_eigvalsh linalg_inv linalg_householder_product
linalg_tensorinv linalg_tensorsolve fake_quantize_per_tensor_affine eig geqrf lstsq _lu_with_info qr solve svd symeig
triangular_solve fractional_max_pool2d fractional_max_pool3d adaptive_max_pool3d multilabel_margin_loss linalg_qr
linalg_cholesky_ex linalg_svd linalg_eig linalg_eigh linalg_lstsq linalg_inv_ex smooth_l1_loss huber_loss cosine_embedding_loss
nll_loss nll_loss_nd hinge_embedding_loss poisson_nll_loss soft_margin_loss triplet_margin_loss multi_margin_loss margin_ranking_loss
cross_entropy_loss
"""
# Computed in the widest type of their arguments.
_WIDEST = "stack cat index_copy"

# What is in force.
_enabled, _dtype, _known = False, torch.bfloat16, False


def _set(enabled, dtype):
    global _enabled, _dtype, _known
    if enabled and not _known:
        policies = {}
        for policy, names in (("low", _LOW), ("float32", _FLOAT32), ("widest", _WIDEST)):
            for name in names.split():
                policies[name] = policy
        _C._set_autocast_policies(policies)
        _known = True
    _enabled, _dtype = enabled, dtype
    _C._set_autocast(enabled, dtype)


class autocast(ContextDecorator):
    """A with block (or decorated function) in which operators choose their precision."""

    def __init__(self, device_type, dtype=None, enabled=True, cache_enabled=None):
        self.device = device_type
        if device_type == "cuda":
            self.fast_dtype = torch.float16
        elif device_type == "cpu":
            self.fast_dtype = _dtype
        else:
            raise RuntimeError("User specified autocast device_type must be 'cuda' or 'cpu'")
        if dtype is not None:
            self.fast_dtype = dtype
        self._cache_enabled = True if cache_enabled is None else cache_enabled
        if device_type == "cuda":
            if enabled:
                warnings.warn("User provided device_type of 'cuda', but CUDA is not available. Disabling", stacklevel=2)
            enabled = False
        elif self.fast_dtype != torch.bfloat16:
            warnings.warn("In CPU autocast, but the target dtype is not supported. Disabling autocast.\n"
                          "CPU Autocast only supports dtype of torch.bfloat16 currently.", stacklevel=2)
            enabled = False
        self._enabled = enabled

    def __enter__(self):
        self._before = _enabled, _dtype
        if self.device == "cpu":
            torch.set_autocast_cpu_dtype(self.fast_dtype)
            _set(self._enabled, self.fast_dtype)
        return self

    def __exit__(self, exc_type, exc_value, traceback):
        if self.device == "cpu":
            _set(*self._before)
        return False
