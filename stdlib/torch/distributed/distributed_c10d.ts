"""Process groups: what torch.distributed offers.

There is one kind of group, whose processes run on one machine and exchange files (see _files); it goes by the name gloo. Each
collective operation has a number, which counts up in all processes of a group alike. Everybody leaves its part for those who need it
when the operation is called, and takes the others' when it is waited for: so no process depends on how far another one has come.
"""
import os
import pickle
import tempfile
from datetime import timedelta
import torch
from torch.distributed import _files

default_pg_timeout = timedelta(minutes=30)


class Backend:
    """The name of a backend in lower case. Names that no group could have are refused."""

    UNDEFINED = "undefined"
    GLOO = "gloo"
    NCCL = "nccl"
    UCC = "ucc"
    MPI = "mpi"
    TCP = "tcp"

    def __new__(cls, name):
        if not isinstance(name, str):
            raise ValueError(f"Backend name must be a string, but got: {name}")
        value = getattr(Backend, name.upper(), Backend.UNDEFINED)
        if value == Backend.TCP:
            raise ValueError("TCP backend has been deprecated. Please use Gloo or MPI backend for collective operations on CPU tensors.")
        if value == Backend.UNDEFINED:
            raise ValueError(f"Invalid backend: '{name}'")
        return value


class _Op:
    def __init__(self, name, number):
        self.name, self.number = name, number


_Op.__name__ = _Op.__qualname__ = "ReduceOp"


class ReduceOp:
    """How collective operations put tensors together."""

    SUM, AVG, PRODUCT, MIN, MAX = _Op("SUM", 0), _Op("AVG", 1), _Op("PRODUCT", 2), _Op("MIN", 3), _Op("MAX", 4)
    BAND, BOR, BXOR = _Op("BAND", 5), _Op("BOR", 6), _Op("BXOR", 7)


reduce_op = ReduceOp


def _reduced(op, parts):
    """The parts put together, in the order of ranks."""
    name = getattr(op, "name", None)
    result = parts[0].clone()
    for part in parts[1:]:
        if name == "SUM":
            result += part
        elif name == "PRODUCT":
            result *= part
        elif name == "MIN":
            result = torch.minimum(result, part)
        elif name == "MAX":
            result = torch.maximum(result, part)
        elif name == "BAND":
            result &= part
        elif name == "BOR":
            result |= part
        elif name == "BXOR":
            result ^= part
        else:
            raise RuntimeError("Cannot use ReduceOp.AVG with Gloo" if name == "AVG" else f"Unsupported ReduceOp {op}")
    return result


class Work:
    """An operation that was begun: wait() finishes it."""

    def __init__(self, finish=None, ready=None):
        self._finish, self._ready = finish, ready
        self._source = -1

    def wait(self, timeout=None):
        if self._finish is not None:
            finish, self._finish = self._finish, None
            with torch.no_grad():
                self._source = finish()
        return True

    def is_completed(self):
        if self._finish is not None and self._ready is not None and self._ready():
            self.wait()
        return self._finish is None

    def is_success(self):
        return self.is_completed()

    def source_rank(self):
        return self._source

    def result(self):
        return []

    def exception(self):
        return None


class ProcessGroup:
    """Some of the processes of a job."""

    def __init__(self, folder, number, ranks, backend):
        self._folder, self._number, self._ranks, self._backend = folder, number, ranks, backend
        self._me = ranks.index(folder.rank)
        self._operations = 0
        self._messages = {}

    def rank(self):
        return self._me

    def size(self):
        return len(self._ranks)

    def _begin(self):
        self._operations += 1
        return f"{self._number}.{self._operations}"

    def _give(self, key, to, value):
        self._folder.put(f"c.{key}.{self._me}.{to}", value)

    def _get(self, key, source):
        return self._folder.take(f"c.{key}.{source}.{self._me}")

    def _others(self):
        return [r for r in range(self.size()) if r != self._me]

    def _all_parts(self, key, own):
        return [own if r == self._me else self._get(key, r) for r in range(self.size())]

    def _message(self, source, to, tag):
        count = self._messages.get((source, to, tag), 0)
        return f"p.{self._number}.{tag}.{source}.{to}.{count}"

    def _message_done(self, source, to, tag):
        self._messages[source, to, tag] = self._messages.get((source, to, tag), 0) + 1


class _Outside:
    """The group of a process that is not in it."""

    def __repr__(self):
        return "<object GroupMember.NON_GROUP_MEMBER>"


class GroupMember:
    WORLD = None
    NON_GROUP_MEMBER = _Outside()


class group:
    WORLD = None


_folder = None
_world = None
_groups = 0


def is_available():
    return True


def is_initialized():
    """Whether there is a default process group."""
    return _world is not None


def is_gloo_available():
    return True


def is_nccl_available():
    return False


def is_mpi_available():
    return False


def is_ucc_available():
    return False


def is_torchelastic_launched():
    return os.environ.get("TORCHELASTIC_RUN_ID") is not None


def _environment(name):
    value = os.environ.get(name)
    if value is None:
        raise ValueError(f"Error initializing torch.distributed using env:// rendezvous: environment variable {name} expected, but not set")
    return value


def _place(init_method, rank, world_size):
    """The folder that belongs to an init method, and rank and size as it says them."""
    if init_method == "env://" or init_method.startswith("env://"):
        rank = int(_environment("RANK")) if rank < 0 else rank
        world_size = int(_environment("WORLD_SIZE")) if world_size < 0 else world_size
        host, port = _environment("MASTER_ADDR"), int(_environment("MASTER_PORT"))
    elif init_method.startswith("tcp://"):
        address = init_method[len("tcp://"):].split("?")[0].rstrip("/")
        host, colon, port = address.rpartition(":")
        if not colon or not port.isdigit():
            raise ValueError(f"Error initializing torch.distributed using tcp:// rendezvous: port number missing in {init_method}")
        if rank < 0:
            raise ValueError("Error initializing torch.distributed using tcp:// rendezvous: rank parameter missing")
        if world_size < 0:
            raise ValueError("Error initializing torch.distributed using tcp:// rendezvous: world size parameter missing")
    elif init_method.startswith("file://"):
        if rank < 0:
            raise ValueError("Error initializing torch.distributed using file:// rendezvous: rank parameter missing")
        if world_size < 0:
            raise ValueError("Error initializing torch.distributed using file:// rendezvous: world size parameter missing")
        return init_method[len("file://"):] + ".group", rank, world_size
    else:
        scheme = init_method.split("://")[0]
        raise RuntimeError(f"No rendezvous handler for {scheme}://")
    if host not in ("localhost", "127.0.0.1", "::1", "0.0.0.0", os.uname().nodename):
        raise NotImplementedError(f"torch.distributed: a group of processes runs on one machine; {host} is another one")
    return os.path.join(tempfile.gettempdir(), f"tsvm-group-{os.getuid()}-{port}"), rank, world_size


def init_process_group(backend="gloo", init_method=None, timeout=default_pg_timeout, world_size=-1, rank=-1, store=None, group_name="",
                       pg_options=None):
    """Makes the default process group; returns when all processes are there."""
    global _folder, _world, _groups
    if _world is not None:
        raise RuntimeError("trying to initialize the default process group twice!")
    if store is not None:
        raise NotImplementedError("torch.distributed.init_process_group with store=; give init_method")
    backend = Backend(backend)
    if backend == Backend.NCCL:
        raise RuntimeError("Distributed package doesn't have NCCL built in")
    if backend == Backend.MPI:
        raise RuntimeError("Distributed package doesn't have MPI built in")
    if backend != Backend.GLOO:
        raise RuntimeError(f"Distributed package doesn't have {backend.upper()} built in")
    if not isinstance(timeout, timedelta):
        raise RuntimeError("Expected timeout argument to be of typedatetime.timedelta")
    path, rank, world_size = _place("env://" if init_method is None else init_method, rank, world_size)
    _folder = _files.Folder(path, rank, world_size, timeout.total_seconds())
    _groups = 0
    _world = ProcessGroup(_folder, 0, list(range(world_size)), backend)
    group.WORLD = GroupMember.WORLD = _world


def destroy_process_group(group=None):
    """Ends a group; without one, all of them."""
    global _folder, _world
    if group is GroupMember.NON_GROUP_MEMBER:
        return
    assert _world is not None
    if group is not None and group is not _world:
        return
    _folder.leave()
    _folder = _world = None
    GroupMember.WORLD = None
    globals()["group"].WORLD = None


def _group(pg):
    if pg is GroupMember.NON_GROUP_MEMBER:
        return None
    if pg is None:
        if _world is None:
            raise RuntimeError("Default process group has not been initialized, please make sure to call init_process_group.")
        return _world
    return pg


def get_rank(group=None):
    """The number of this process in a group; -1 outside of it."""
    if group is GroupMember.NON_GROUP_MEMBER:
        return -1
    return _group(group).rank()


def get_world_size(group=None):
    if group is GroupMember.NON_GROUP_MEMBER:
        return -1
    return _group(group).size()


def get_backend(group=None):
    return _group(group)._backend


def get_process_group_ranks(group):
    return list(_group(group)._ranks)


def get_group_rank(group, global_rank):
    ranks = _group(group)._ranks
    if global_rank not in ranks:
        raise RuntimeError(f"Global rank {global_rank} is not part of group {group}")
    return ranks.index(global_rank)


def get_global_rank(group, group_rank):
    return _group(group)._ranks[group_rank]


def new_group(ranks=None, timeout=default_pg_timeout, backend=None, pg_options=None):
    """A group of some processes. All processes call it, also those that are not in it."""
    global _groups
    world = _group(None)
    _groups += 1
    ranks = list(range(world.size())) if ranks is None else sorted(ranks)
    if len(ranks) > world.size():
        raise RuntimeError("the new group's world size should be less or equal to the world size set by init_process_group")
    for r in ranks:
        if r < 0 or r >= world.size():
            raise RuntimeError("The new group's rank should be within the the world_size set by init_process_group")
    if world.rank() not in ranks:
        return GroupMember.NON_GROUP_MEMBER
    return ProcessGroup(_folder, _groups, ranks, world._backend)


# --- messages ---
def _check_tensor(value, name):
    if not isinstance(value, torch.Tensor):
        raise RuntimeError(f"Invalid function argument. Expected parameter `{name}` to be of type torch.Tensor.")


def _check_list(values, name):
    if not isinstance(values, (list, tuple)) or not all(isinstance(v, torch.Tensor) for v in values):
        raise RuntimeError(f"Invalid function argument. Expected parameter `{name}` to be of type List[torch.Tensor].")


def _fill(tensor, value):
    if tensor.dtype != value.dtype:
        raise RuntimeError(f"tensors of different types were exchanged: {tensor.dtype} and {value.dtype}")
    if tensor.numel() != value.numel():
        raise RuntimeError(f"tensors of different sizes were exchanged: {tuple(tensor.shape)} and {tuple(value.shape)}")
    tensor.copy_(value.view(tensor.shape))


def _end(work, async_op):
    if async_op:
        return work
    work.wait()
    return None


def isend(tensor, dst, group=None, tag=0):
    """Sends a tensor; nothing waits."""
    _check_tensor(tensor, "tensor")
    pg = _group(group)
    if pg is None:
        return None
    to = get_group_rank(pg, dst)
    if to == pg.rank():
        raise ValueError("Invalid destination rank: destination rank should not be the same as the rank of the current process.")
    pg._folder.put(pg._message(pg.rank(), to, tag), tensor)
    pg._message_done(pg.rank(), to, tag)
    return Work()


def irecv(tensor, src=None, group=None, tag=0):
    """Receives a tensor, when it is waited for."""
    _check_tensor(tensor, "tensor")
    pg = _group(group)
    if pg is None:
        return None
    me = pg.rank()
    if src is not None:
        source = get_group_rank(pg, src)
        name = pg._message(source, me, tag)
        pg._message_done(source, me, tag)

        def finish():
            _fill(tensor, pg._folder.take(name))
            return src

        return Work(finish, lambda: pg._folder.has(name))

    def waiting():
        for source in pg._others():
            if pg._folder.has(pg._message(source, me, tag)):
                return source + 1
        return 0

    def finish_any():
        source = _files.wait_for(waiting, pg._folder.timeout, "waiting for a message") - 1
        name = pg._message(source, me, tag)
        pg._message_done(source, me, tag)
        _fill(tensor, pg._folder.take(name))
        return pg._ranks[source]

    return Work(finish_any, waiting)


def send(tensor, dst, group=None, tag=0):
    """Sends a tensor."""
    isend(tensor, dst, group, tag)


def recv(tensor, src=None, group=None, tag=0):
    """Receives a tensor; gives the rank that it came from."""
    work = irecv(tensor, src, group, tag)
    if work is None:
        return -1
    work.wait()
    return work.source_rank()


class P2POp:
    """One message of batch_isend_irecv."""

    def __init__(self, op, tensor, peer, group=None, tag=0):
        self.op, self.tensor, self.peer, self.group, self.tag = op, tensor, peer, group, tag


def batch_isend_irecv(p2p_op_list):
    return [p.op(p.tensor, p.peer, p.group, p.tag) for p in p2p_op_list]


# --- collective operations ---
def all_reduce(tensor, op=ReduceOp.SUM, group=None, async_op=False):
    """The tensors of all processes put together, for all of them."""
    _check_tensor(tensor, "tensor")
    pg = _group(group)
    if pg is None:
        return None
    key = pg._begin()
    own = tensor.detach().clone()
    for r in pg._others():
        pg._give(key, r, own)
    return _end(Work(lambda: _fill(tensor, _reduced(op, pg._all_parts(key, own)))), async_op)


def all_reduce_coalesced(tensors, op=ReduceOp.SUM, group=None, async_op=False):
    works = [all_reduce(t, op, group, True) for t in tensors]
    return _end(Work(lambda: [w.wait() for w in works]), async_op)


def broadcast(tensor, src, group=None, async_op=False):
    """The tensor of one process, for all of them."""
    _check_tensor(tensor, "tensor")
    pg = _group(group)
    if pg is None:
        return None
    key, root = pg._begin(), get_group_rank(pg, src)
    if root == pg.rank():
        for r in pg._others():
            pg._give(key, r, tensor)
        return _end(Work(), async_op)
    return _end(Work(lambda: _fill(tensor, pg._get(key, root))), async_op)


def reduce(tensor, dst, op=ReduceOp.SUM, group=None, async_op=False):
    """The tensors of all processes put together, for one of them."""
    _check_tensor(tensor, "tensor")
    pg = _group(group)
    if pg is None:
        return None
    key, root = pg._begin(), get_group_rank(pg, dst)
    if root != pg.rank():
        pg._give(key, root, tensor)
        return _end(Work(), async_op)
    own = tensor.detach().clone()
    return _end(Work(lambda: _fill(tensor, _reduced(op, pg._all_parts(key, own)))), async_op)


def all_gather(tensor_list, tensor, group=None, async_op=False):
    """The tensors of all processes, for all of them."""
    _check_list(tensor_list, "tensor_list")
    _check_tensor(tensor, "tensor")
    pg = _group(group)
    if pg is None:
        return None
    if len(tensor_list) != pg.size():
        raise RuntimeError("ProcessGroupGloo::allgather: invalid output tensor list at index 0 (expected length "
                           f"{pg.size()}, got {len(tensor_list)})")
    key = pg._begin()
    own = tensor.detach().clone()
    for r in pg._others():
        pg._give(key, r, own)

    def finish():
        for target, value in zip(tensor_list, pg._all_parts(key, own)):
            _fill(target, value)

    return _end(Work(finish), async_op)


def all_gather_into_tensor(output_tensor, input_tensor, group=None, async_op=False):
    """The tensors of all processes one after another, for all of them."""
    pg = _group(group)
    parts = list(output_tensor.view((pg.size(),) + tuple(input_tensor.shape)).unbind(0))
    return all_gather(parts, input_tensor, group, async_op)


_all_gather_base = all_gather_into_tensor


def gather(tensor, gather_list=None, dst=0, group=None, async_op=False):
    """The tensors of all processes, for one of them."""
    _check_tensor(tensor, "tensor")
    pg = _group(group)
    if pg is None:
        return None
    root = get_group_rank(pg, dst)
    if root == pg.rank():
        if not gather_list:
            raise ValueError("Argument ``gather_list`` must be specified on destination rank.")
        _check_list(gather_list, "gather_list")
    elif gather_list:
        raise ValueError("Argument ``gather_list`` must NOT be specified on non-destination ranks.")
    key = pg._begin()
    if root != pg.rank():
        pg._give(key, root, tensor)
        return _end(Work(), async_op)
    own = tensor.detach().clone()

    def finish():
        for target, value in zip(gather_list, pg._all_parts(key, own)):
            _fill(target, value)

    return _end(Work(finish), async_op)


def scatter(tensor, scatter_list=None, src=0, group=None, async_op=False):
    """One process's tensors, one for each process."""
    _check_tensor(tensor, "tensor")
    pg = _group(group)
    if pg is None:
        return None
    root = get_group_rank(pg, src)
    if root == pg.rank():
        if not scatter_list:
            raise ValueError("Argument ``scatter_list`` must be specified on source rank.")
        _check_list(scatter_list, "scatter_list")
        if len(scatter_list) != pg.size():
            raise RuntimeError(f"ProcessGroupGloo::scatter: Incorrect input list size {len(scatter_list)}. Input list size should be "
                               f"{pg.size()}, same as size of the process group.")
    elif scatter_list:
        raise ValueError("Argument ``scatter_list`` must NOT be specified on non-source ranks.")
    key = pg._begin()
    if root == pg.rank():
        for r in pg._others():
            pg._give(key, r, scatter_list[r])
        own = scatter_list[root].detach().clone()
        return _end(Work(lambda: _fill(tensor, own)), async_op)
    return _end(Work(lambda: _fill(tensor, pg._get(key, root))), async_op)


def reduce_scatter(output, input_list, op=ReduceOp.SUM, group=None, async_op=False):
    raise RuntimeError("ProcessGroupGloo does not support reduce_scatter")


def all_to_all_single(output, input, output_split_sizes=None, input_split_sizes=None, group=None, async_op=False):
    """The first dimension cut into a piece for each process; what the others cut for this one is put together."""
    _check_tensor(output, "output")
    _check_tensor(input, "input")
    pg = _group(group)
    if pg is None:
        return None
    n = pg.size()
    pieces = input.split(input_split_sizes or input.size(0) // n)
    targets = output.split(output_split_sizes or output.size(0) // n)
    key = pg._begin()
    for r in pg._others():
        pg._give(key, r, pieces[r])
    own = pieces[pg.rank()].detach().clone()

    def finish():
        for target, value in zip(targets, pg._all_parts(key, own)):
            _fill(target, value)

    return _end(Work(finish), async_op)


def all_to_all(output_tensor_list, input_tensor_list, group=None, async_op=False):
    raise RuntimeError("ProcessGroupGloo does not support alltoall")


def barrier(group=None, async_op=False, device_ids=None):
    """Waits until all processes are here."""
    pg = _group(group)
    if pg is None:
        return None
    key = pg._begin()
    for r in pg._others():
        pg._give(key, r, None)
    return _end(Work(lambda: [pg._get(key, r) for r in pg._others()] and None), async_op)


def monitored_barrier(group=None, timeout=None, wait_all_ranks=False):
    barrier(group)


# --- objects ---
def all_gather_object(object_list, obj, group=None):
    """The objects of all processes, for all of them."""
    pg = _group(group)
    if pg is None:
        return
    key = pg._begin()
    for r in pg._others():
        pg._give(key, r, obj)
    own = pickle.loads(pickle.dumps(obj))
    for i, value in enumerate(pg._all_parts(key, own)):
        object_list[i] = value


def gather_object(obj, object_gather_list=None, dst=0, group=None):
    """The objects of all processes, for one of them."""
    pg = _group(group)
    if pg is None:
        return
    key, root = pg._begin(), get_group_rank(pg, dst)
    if root != pg.rank():
        pg._give(key, root, obj)
        return
    own = pickle.loads(pickle.dumps(obj))
    for i, value in enumerate(pg._all_parts(key, own)):
        object_gather_list[i] = value


def broadcast_object_list(object_list, src=0, group=None, device=None):
    """The objects of one process, for all of them."""
    pg = _group(group)
    if pg is None:
        return
    key, root = pg._begin(), get_group_rank(pg, src)
    if root == pg.rank():
        for r in pg._others():
            pg._give(key, r, list(object_list))
        return
    for i, value in enumerate(pg._get(key, root)):
        object_list[i] = value


def scatter_object_list(scatter_object_output_list, scatter_object_input_list, src=0, group=None):
    """One process's objects, one for each process."""
    if not isinstance(scatter_object_output_list, list) or len(scatter_object_output_list) < 1:
        raise RuntimeError("Expected argument scatter_object_output_list to be a list of size at least 1.")
    pg = _group(group)
    if pg is None:
        return
    key, root = pg._begin(), get_group_rank(pg, src)
    if root == pg.rank():
        for r in pg._others():
            pg._give(key, r, scatter_object_input_list[r])
        scatter_object_output_list[0] = scatter_object_input_list[root]
        return
    scatter_object_output_list[0] = pg._get(key, root)
