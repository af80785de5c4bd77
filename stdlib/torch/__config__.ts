"""How this program was built."""


def show():
    return "tsvm: PyTorch 1.13 compatible, C++20, OpenMP, BLAS and LAPACK from OpenBLAS\n"


def parallel_info():
    import torch
    return f"ATen/Parallel:\n\tat::get_num_threads() : {torch.get_num_threads()}\nATen parallel backend: OpenMP\n"
