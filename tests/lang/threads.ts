"""Threads: they take turns, wait for each other, and end."""
import queue, sys, threading, time
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, as_completed, wait
from multiprocessing.pool import ThreadPool


def workers():
    q, done = queue.Queue(maxsize=2), []

    def work():
        while True:
            item = q.get()
            if item is None:
                q.task_done()
                return
            done.append(item)
            q.task_done()

    threads = [threading.Thread(target=work, name=f"w{i}") for i in range(2)]
    for t in threads:
        t.start()
    for i in range(6):
        q.put(i)
    for t in threads:
        q.put(None)
    q.join()
    for t in threads:
        t.join()
    print(sorted(done), [t.is_alive() for t in threads], threading.active_count())  # expect: [0, 1, 2, 3, 4, 5] [False, False] 1
    for error in (queue.Empty, queue.Full):
        try:
            q.get(timeout=0.01) if error is queue.Empty else [q.put(x, block=False) for x in range(3)]
        except error as e:
            print(type(e).__name__)
    # expect: Empty
    # expect: Full


def turns():
    # A thread that never waits does not keep the others from going on.
    stop, count = threading.Event(), [0]

    def spin():
        while not stop.is_set():
            count[0] += 1

    t = threading.Thread(target=spin)
    t.start()
    time.sleep(0.03)
    stop.set()
    t.join()
    print(count[0] > 100)  # expect: True
    print(sys.getswitchinterval())  # expect: 0.005
    total, lock = [0], threading.Lock()

    def add():
        for _ in range(3000):
            with lock:
                total[0] += 1

    threads = [threading.Thread(target=add) for _ in range(3)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    print(total[0])  # expect: 9000


def meetings():
    order, barrier = [], threading.Barrier(3, action=lambda: order.append("all"))

    def meet(i):
        time.sleep(0.005 * i)
        order.append("in")
        barrier.wait()
        order.append("out")

    threads = [threading.Thread(target=meet, args=(i,)) for i in range(3)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    print(order)  # expect: ['in', 'in', 'in', 'all', 'out', 'out', 'out']
    try:
        barrier.wait(timeout=0.01)
    except threading.BrokenBarrierError:
        print("broken", barrier.broken)  # expect: broken True
    barrier.reset()
    print(barrier.broken, barrier.n_waiting)  # expect: False 0
    condition, items = threading.Condition(), []

    def consume():
        with condition:
            condition.wait_for(lambda: items)
            print("consumed", items.pop())  # expect: consumed 1

    t = threading.Thread(target=consume)
    t.start()
    with condition:
        items.append(1)
        condition.notify()
    t.join()
    try:
        condition.notify()
    except RuntimeError as e:
        print(e)  # expect: cannot notify on un-acquired lock


def own():
    here = threading.local()
    here.x = 1

    def look():
        print(hasattr(here, "x"), threading.current_thread().name)  # expect: False other
        here.x = 2

    t = threading.Thread(target=look, name="other")
    t.start()
    t.join()
    print(here.x, threading.current_thread() is threading.main_thread())  # expect: 1 True

    # Generators, exceptions that are being handled, and frames belong to their threads.
    def walk():
        try:
            raise KeyError("inner")
        except KeyError:
            time.sleep(0.01)
            print(repr(sys.exc_info()[1]))

    t = threading.Thread(target=walk)
    try:
        raise ValueError("outer")
    except ValueError:
        t.start()
        print(repr(sys.exc_info()[1]))  # expect: ValueError('outer')
        t.join()  # expect: KeyError('inner')
    try:
        lock = threading.Lock()
        lock.acquire()
        lock.acquire()
    except RuntimeError as e:
        print(e)
    # expect: deadlock: all threads wait for each other


def modes():
    import torch

    seen = []

    def run():
        seen.append(torch.is_grad_enabled())
        with torch.no_grad():
            time.sleep(0.01)
            seen.append(torch.is_grad_enabled())

    t = threading.Thread(target=run)
    with torch.no_grad():
        t.start()
    seen.append(torch.is_grad_enabled())
    t.join()
    print(seen)  # expect: [True, True, False]


def executors():
    def square(x):
        time.sleep(0.01 * (3 - x))
        return x * x

    def fail(x):
        raise ValueError(f"no {x}")

    with ThreadPoolExecutor(max_workers=3) as ex:
        print(list(ex.map(square, range(4))))  # expect: [0, 1, 4, 9]
        fs = {ex.submit(square, i): i for i in range(3)}
        print([fs[f] for f in as_completed(fs)])  # expect: [2, 1, 0]
        f = ex.submit(fail, 3)
        print(repr(f.exception()), f.done())  # expect: ValueError('no 3') True
        done, rest = wait([ex.submit(square, 0), ex.submit(square, 2)], return_when=FIRST_COMPLETED)
        print(len(done), len(rest))  # expect: 1 1
        try:
            ex.submit(time.sleep, 0.05).result(timeout=0.01)
        except TimeoutError:
            print("timeout")  # expect: timeout
    try:
        ex.submit(pow, 1, 2)
    except RuntimeError as e:
        print(e)  # expect: cannot schedule new futures after shutdown
    with ThreadPool(2) as pool:
        print(pool.map(square, range(3)), pool.apply(pow, (2, 5)))  # expect: [0, 1, 4] 32


def boundless():
    def recurse(n):
        return recurse(n + 1)

    def run():
        try:
            recurse(0)
        except RecursionError as e:
            print(e)  # expect: maximum recursion depth exceeded

    t = threading.Thread(target=run)
    t.start()
    t.join()


workers()
turns()
meetings()
own()
modes()
executors()
boundless()


def late():
    time.sleep(0.02)
    print("late")


threading.Thread(target=late).start()
threading.Thread(target=time.sleep, args=(100,), daemon=True).start()
print("end")  # expect: end
# expect: late
