"""A priority queue in a list: heap[k] <= heap[2k+1] and heap[k] <= heap[2k+2]."""

__builtin_functions__ = True


def _down(heap, start, pos):
    """Moves the item at pos towards start until its parent is not larger."""
    item = heap[pos]
    while pos > start:
        parent = (pos - 1) >> 1
        if not item < heap[parent]:
            break
        heap[pos] = heap[parent]
        pos = parent
    heap[pos] = item


def _up(heap, pos):
    """Moves smaller children up until the hole is at a leaf, then puts the item there and lets it sink."""
    end = len(heap)
    start = pos
    item = heap[pos]
    child = 2 * pos + 1
    while child < end:
        right = child + 1
        if right < end and not heap[child] < heap[right]:
            child = right
        heap[pos] = heap[child]
        pos = child
        child = 2 * pos + 1
    heap[pos] = item
    _down(heap, start, pos)


def heappush(heap, item):
    heap.append(item)
    _down(heap, 0, len(heap) - 1)


def heappop(heap):
    if not heap:
        raise IndexError("index out of range")
    last = heap.pop()
    if heap:
        result = heap[0]
        heap[0] = last
        _up(heap, 0)
        return result
    return last


def heapreplace(heap, item):
    if not heap:
        raise IndexError("index out of range")
    result = heap[0]
    heap[0] = item
    _up(heap, 0)
    return result


def heappushpop(heap, item):
    if heap and heap[0] < item:
        item, heap[0] = heap[0], item
        _up(heap, 0)
    return item


def heapify(x):
    for i in reversed(range(len(x) // 2)):
        _up(x, i)


def merge(*iterables, key=None, reverse=False):
    """One sorted stream from several."""
    rows = []
    for order, iterable in enumerate(iterables):
        it = iter(iterable)
        for item in it:
            rows.append([item if key is None else key(item), order, item, it])
            break
    while rows:
        best = rows[0]
        for row in rows[1:]:
            if row[0] > best[0] if reverse else row[0] < best[0]:
                best = row
        yield best[2]
        for item in best[3]:
            best[0] = item if key is None else key(item)
            best[2] = item
            break
        else:
            rows.remove(best)


def nsmallest(n, iterable, key=None):
    return sorted(iterable, key=key)[:max(n, 0)]


def nlargest(n, iterable, key=None):
    return sorted(iterable, key=key, reverse=True)[:max(n, 0)]
