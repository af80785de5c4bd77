"""Starts a function in several processes, each with its number."""
import io
import multiprocessing
import pickle
from multiprocessing import connection, queues, sharedctypes, synchronize


class ProcessException(Exception):
    def __init__(self, msg, error_index, pid):
        super().__init__(msg)
        self.msg = msg
        self.error_index = error_index
        self.pid = pid

    def __reduce__(self):
        return type(self), (self.msg, self.error_index, self.pid)


class ProcessRaisedException(ProcessException):
    """A process ended with an exception."""


class ProcessExitedException(ProcessException):
    """A process was killed, or left with an exit code."""

    def __init__(self, msg, error_index, error_pid, exit_code, signal_name=None):
        super().__init__(msg, error_index, error_pid)
        self.exit_code = exit_code
        self.signal_name = signal_name

    def __reduce__(self):
        return type(self), (self.msg, self.error_index, self.pid, self.exit_code, self.signal_name)


class _Sharer(pickle.Pickler):
    """What is sent to a spawned process has its tensors in shared memory."""

    def __init__(self):
        import torch
        super().__init__(io.BytesIO(), pickle.HIGHEST_PROTOCOL)
        # What has file descriptors of its own is inherited, not pickled.
        self._inherited = (queues.SimpleQueue, synchronize.Semaphore, synchronize.Event, synchronize.Condition, synchronize.Barrier,
                           sharedctypes._Shared, connection.Connection)
        self._persistent_types = (torch.Tensor, *self._inherited)

    def persistent_id(self, obj):
        if isinstance(obj, self._inherited):
            return id(obj)
        return None if obj.is_meta else obj.share_memory_().data_ptr()


def _wrap(fn, i, args, errors):
    try:
        fn(i, *args)
    except KeyboardInterrupt:
        pass  # the process that started this one reports it
    except Exception:
        import sys
        import traceback
        errors.send(traceback.format_exc())
        sys.exit(1)


class ProcessContext:
    """The processes of one start."""

    def __init__(self, processes, errors):
        self.error_queues = errors
        self.processes = processes
        self.sentinels = {process.sentinel: index for index, process in enumerate(processes)}

    def pids(self):
        return [int(process.pid) for process in self.processes]

    def join(self, timeout=None):
        """Waits for processes that end; True when all have. The first failure ends the others and is raised."""
        if not self.sentinels:
            return True
        failed = None
        for sentinel in connection.wait(self.sentinels.keys(), timeout=timeout):
            index = self.sentinels.pop(sentinel)
            process = self.processes[index]
            process.join()
            if process.exitcode != 0:
                failed = index
                break
        if failed is None:
            return not self.sentinels
        for process in self.processes:
            if process.is_alive():
                process.terminate()
            process.join()
        process = self.processes[failed]
        if self.error_queues[failed].poll():
            try:
                text = self.error_queues[failed].recv()
            except EOFError:
                text = None
            if text is not None:
                raise ProcessRaisedException(f"\n\n-- Process {failed} terminated with the following error:\n{text}", failed, process.pid)
        code = process.exitcode
        if code < 0:
            import signal
            name = signal.Signals(-code).name
            raise ProcessExitedException(f"process {failed} terminated with signal {name}", error_index=failed, error_pid=process.pid,
                                         exit_code=code, signal_name=name)
        raise ProcessExitedException(f"process {failed} terminated with exit code {code}", error_index=failed, error_pid=process.pid,
                                     exit_code=code)


SpawnContext = ProcessContext


def start_processes(fn, args=(), nprocs=1, join=True, daemon=False, start_method="spawn"):
    """fn(i, *args) in nprocs processes. With join=False the ProcessContext is given instead of waiting."""
    multiprocessing.get_context(start_method)
    if start_method != "fork":
        _Sharer().dump(args)
    processes, errors = [], []
    for i in range(nprocs):
        ours, theirs = connection.Pipe(duplex=False)
        process = multiprocessing.Process(target=_wrap, args=(fn, i, args, theirs), daemon=daemon)
        process.start()
        theirs.close()
        errors.append(ours)
        processes.append(process)
    context = ProcessContext(processes, errors)
    if not join:
        return context
    while not context.join():
        pass


def spawn(fn, args=(), nprocs=1, join=True, daemon=False, start_method="spawn"):
    return start_processes(fn, args, nprocs, join, daemon, start_method="spawn")
