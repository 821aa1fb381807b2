# SPDX-License-Identifier: MIT
"""Threads, processes and signals, as Python programs use them."""
import multiprocessing
import os
import signal
import subprocess
import threading
import time


def square(queue, i):
    queue.put(i * i)


def main():
    lock, total = threading.Lock(), [0]

    def add():
        for _ in range(200):
            with lock:
                total[0] += 1

    threads = [threading.Thread(target=add) for _ in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    print("threads", total[0])

    print(subprocess.run(["echo", "hi"], capture_output=True).stdout)
    got = []
    signal.signal(signal.SIGALRM, lambda s, f: got.append(s))
    signal.setitimer(signal.ITIMER_REAL, 0.1)
    while not got:
        time.sleep(1)
    print("alarm", got)
    p = subprocess.Popen(["sleep", "100"])
    p.terminate()
    print("terminated", p.wait())
    try:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(1)
    except KeyboardInterrupt:
        print("interrupted")
    pid = os.fork()
    if not pid:
        os._exit(7)
    print("child", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))

    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    workers = [context.Process(target=square, args=(queue, i)) for i in range(3)]
    for w in workers:
        w.start()
    results = sorted(queue.get() for _ in workers)
    for w in workers:
        w.join()
    print("workers", results, [w.exitcode for w in workers])


if __name__ == "__main__":
    main()
