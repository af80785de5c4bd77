"""Topological order."""


class CycleError(ValueError):
    pass


class TopologicalSorter:
    """Nodes with what comes before them; prepare(), get_ready() and done() walk them, static_order() gives them all."""

    def __init__(self, graph=None):
        self._before, self._after, self._ready = {}, {}, None
        self._given = set()
        for node, predecessors in (graph or {}).items():
            self.add(node, *predecessors)

    def add(self, node, *predecessors):
        if self._ready is not None:
            raise ValueError("Nodes cannot be added after a call to prepare()")
        for n in (node, *predecessors):
            self._before.setdefault(n, 0)
            self._after.setdefault(n, [])
        self._before[node] += len(predecessors)
        for p in predecessors:
            self._after[p].append(node)

    def prepare(self):
        if self._ready is not None:
            raise ValueError("cannot prepare() more than once")
        self._ready = [n for n, count in self._before.items() if count == 0]
        self._done = 0
        cycle = self._find_cycle()
        if cycle:
            raise CycleError("nodes are in a cycle", cycle)

    def _find_cycle(self):
        state = {}
        for start in self._after:
            if start in state:
                continue
            path, stack = [start], [iter(self._after[start])]
            state[start] = 1
            while stack:
                for n in stack[-1]:
                    if state.get(n) == 1:
                        return path[path.index(n):] + [n]
                    if n not in state:
                        state[n] = 1
                        path.append(n)
                        stack.append(iter(self._after[n]))
                        break
                else:
                    state[path.pop()] = 2
                    stack.pop()
        return None

    def get_ready(self):
        if self._ready is None:
            raise ValueError("prepare() must be called first")
        result, self._ready = tuple(self._ready), []
        self._given.update(result)
        return result

    def is_active(self):
        if self._ready is None:
            raise ValueError("prepare() must be called first")
        return bool(self._ready) or self._done < len(self._given)

    def __bool__(self):
        return self.is_active()

    def done(self, *nodes):
        if self._ready is None:
            raise ValueError("prepare() must be called first")
        for node in nodes:
            if node not in self._given:
                if node not in self._before:
                    raise ValueError(f"node {node!r} was not added using add()")
                raise ValueError(f"node {node!r} was not passed out (still not ready)")
            if self._before[node] < 0:
                raise ValueError(f"node {node!r} was already marked done")
            self._before[node] = -1
            self._done += 1
            for n in self._after[node]:
                self._before[n] -= 1
                if self._before[n] == 0:
                    self._ready.append(n)

    def static_order(self):
        self.prepare()
        while self.is_active():
            nodes = self.get_ready()
            yield from nodes
            self.done(*nodes)
