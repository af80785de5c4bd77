"""torch.distributed: groups of processes that exchange tensors."""
from torch.distributed.distributed_c10d import (
    Backend, GroupMember, P2POp, ProcessGroup, ReduceOp, Work, _all_gather_base, all_gather, all_gather_into_tensor, all_gather_object,
    all_reduce, all_reduce_coalesced, all_to_all, all_to_all_single, barrier, batch_isend_irecv, broadcast, broadcast_object_list,
    default_pg_timeout, destroy_process_group, gather, gather_object, get_backend, get_global_rank, get_group_rank,
    get_process_group_ranks, get_rank, get_world_size, group, init_process_group, irecv, is_available, is_gloo_available, is_initialized,
    is_mpi_available, is_nccl_available, is_torchelastic_launched, is_ucc_available, isend, monitored_barrier, new_group, recv, reduce,
    reduce_op, reduce_scatter, scatter, scatter_object_list, send)


def __getattr__(name):
    if name in ("TCPStore", "FileStore", "HashStore", "PrefixStore", "Store", "rpc", "optim", "fsdp", "elastic", "launch", "run"):
        raise NotImplementedError(f"torch.distributed.{name} is a part of PyTorch that tsvm does not have")
    raise AttributeError(f"module 'torch.distributed' has no attribute '{name}'")
