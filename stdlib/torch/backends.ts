"""Settings of the libraries behind the operators."""


class _Cudnn:
    enabled = True
    benchmark = False
    deterministic = False
    allow_tf32 = True

    def is_available(self):
        return False

    def version(self):
        return None


class _Cuda:
    class matmul:
        allow_tf32 = False


class _Mkldnn:
    enabled = True

    def is_available(self):
        return False


class _Openmp:
    def is_available(self):
        return True


class _Mps:
    def is_available(self):
        return False

    def is_built(self):
        return False


cudnn, cuda, mkldnn, openmp, mps = _Cudnn(), _Cuda(), _Mkldnn(), _Openmp(), _Mps()
