"""Settings of the libraries behind the operators: modules whose names can be set."""
from torch.backends import cuda, cudnn, mkl, mkldnn, mps, openmp, quantized
