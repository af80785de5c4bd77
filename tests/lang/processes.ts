"""Processes, and what they share."""
import multiprocessing as mp
import os, sys, time
def square(x): return x * x
def fail(x): raise ValueError("bad %d" % x)
def child(conn, n):
    for i in range(n): conn.send((i, os.getpid() != os.getppid()))
    conn.close()
def worker(q, out):
    while True:
        x = q.get()
        if x is None: break
        out.put(x * 2)
def count(v, lock, n):
    for _ in range(n):
        with lock: v.value += 1
def ex(): sys.exit(3)
def exs(): raise RuntimeError("in child")
class My(mp.Process):
    def run(self): print("run", self.name, mp.current_process().name, mp.parent_process().name)
def boom(): os.kill(os.getpid(), 9)
def add(a, b): return a + b
def main():
    a, b = mp.Pipe()
    p = mp.Process(target=child, args=(b, 3)); p.start(); b.close()
    try:
        while True: print(a.recv())
    except EOFError: print("eof")
    p.join(); print(p.exitcode, p.is_alive(), p.name)
    q, out = mp.Queue(), mp.Queue()
    ps = [mp.Process(target=worker, args=(q, out)) for _ in range(2)]
    for x in range(10): q.put(x)
    for _ in ps: q.put(None)
    for p in ps: p.start()
    print(sorted(out.get() for _ in range(10)))
    for p in ps: p.join()
    v, lock = mp.Value("i", 0), mp.Lock()
    ps = [mp.Process(target=count, args=(v, lock, 100)) for _ in range(3)]
    for p in ps: p.start()
    for p in ps: p.join()
    print(v.value)
    p = mp.Process(target=ex); p.start(); p.join(); print(p.exitcode)
    p = mp.Process(target=boom); p.start(); p.join(); print(p.exitcode)
    m = My(name="me"); m.start(); m.join()
    with mp.Pool(2) as pool:
        print(pool.map(square, range(10)))
        print(pool.starmap(add, [(1, 2), (3, 4)]))
        print(list(pool.imap(square, [3, 4])), sorted(pool.imap_unordered(square, [5, 6])))
        r = pool.apply_async(square, (9,)); print(r.get(timeout=5), r.ready(), r.successful())
        try: pool.map(fail, [2])
        except ValueError as e: print("caught", e, type(e.__cause__).__name__)
    e = mp.Event(); print(e.is_set()); e.set(); print(e.is_set(), e.wait(1)); e.clear(); print(e.wait(0.01))
    arr = mp.Array("d", [1.0, 2.0, 3.0]); arr[1] = 5; print(arr[:], len(arr), list(arr))
    s = mp.Semaphore(2); print(s.acquire(), s.acquire(), s.acquire(False)); s.release(); print(s.acquire(timeout=0.1))
    print(mp.get_start_method(), mp.current_process().name, mp.active_children())
    from concurrent.futures import ProcessPoolExecutor
    with ProcessPoolExecutor(2) as exr: print(list(exr.map(square, [1, 2, 3])))
    p = mp.Process(target=time.sleep, args=(10,), daemon=True); p.start(); p.terminate(); p.join(); print(p.exitcode)
    q = mp.Queue(2); q.put(1); q.put(2); print(q.full())
    try: q.put(3, timeout=0.01)
    except Exception as e: print(type(e).__name__)
    q = mp.JoinableQueue(1); q.put(1)
    try: q.put(2, block=False)
    except Exception as e: print(type(e).__name__)
    q.get(); q.task_done(); q.join()
    try: q.task_done()
    except ValueError as e: print(e)
    ctx = mp.get_context("fork"); p = ctx.Process(target=print, args=("hi",)); p.start(); p.join()
if __name__ == "__main__":
    main()
# expect: (0, True)
# expect: (1, True)
# expect: (2, True)
# expect: eof
# expect: 0 False Process-1
# expect: [0, 2, 4, 6, 8, 10, 12, 14, 16, 18]
# expect: 300
# expect: 3
# expect: -9
# expect: run me me MainProcess
# expect: [0, 1, 4, 9, 16, 25, 36, 49, 64, 81]
# expect: [3, 7]
# expect: [9, 16] [25, 36]
# expect: 81 True True
# expect: caught bad 2 RemoteTraceback
# expect: False
# expect: True True
# expect: False
# expect: [1.0, 5.0, 3.0] 3 [1.0, 5.0, 3.0]
# expect: True True False
# expect: True
# expect: fork MainProcess []
# expect: [1, 4, 9]
# expect: -15
# expect: True
# expect: Full
# expect: Full
# expect: task_done() called too many times
# expect: hi
