# SPDX-License-Identifier: MIT
"""Breakpoints and steps of a program in Dune mode, for gdb.

    (gdb) source dune-gdb.py
    (gdb) break f              as ever
    (gdb) continue             stops with SIGTRAP; the backtrace is the program's
    (gdb) dune regs            the guest's registers
    (gdb) dune stepi [N]       N instructions
    (gdb) dune step            to another source line
    (gdb) dune continue        from a breakpoint: not plain continue

Linux, and so gdb, sees a thread in Dune mode in libdune's run loop. Backtraces go
on from there into the program by the unwind tables; nothing else does. A
breakpoint is an exception in the guest, which libdune makes a SIGTRAP: gdb stops,
but takes it for none of its own. These commands change the frame that the guest
will return by.
"""
import gdb

HC_RAISE = 0x44554e45 << 32 | 1  # libdune/priv.h
SET_REGS = 1
BREAKPOINT, DEBUG = 3, 1
TRAP_FLAG = 1 << 8
NAMES = ("rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp", "r8", "r9", "r10",
         "r11", "r12", "r13", "r14", "r15", "rip", "rflags")


def number(text):
    return int(gdb.parse_and_eval("(unsigned long)(%s)" % text))


def in_run_loop(pc):
    return number("&dune_gate_enter") < pc < number("&dune_gate_clone")


def thread():
    """The struct dune_thread of gdb's thread, by its run loop's frame."""
    frame = gdb.newest_frame()
    while frame is not None:
        if in_run_loop(frame.pc()):
            pointer = gdb.lookup_type("struct dune_thread").pointer()
            return frame.read_register("r12").cast(pointer)
        frame = frame.older()
    raise gdb.GdbError("this thread is not in Dune mode")


def trap_frame():
    """Of the exception that stopped this thread; None: something else did."""
    regs = thread()["run"]["regs"]
    if int(regs["rax"]) != HC_RAISE:
        return None
    return regs["rdi"].cast(gdb.lookup_type("struct dune_tf").pointer())


def set_member(pointer, name, value):
    gdb.parse_and_eval("((struct dune_tf *)%d)->%s = %d" % (int(pointer), name, value))


def breakpoints_at(address):
    found = []
    for point in gdb.breakpoints():
        if not point.enabled or point.type != gdb.BP_BREAKPOINT:
            continue
        places = gdb.execute("info breakpoints %d" % point.number, to_string=True)
        if "0x%016x" % address in places:
            found.append(point)
    return found


def on_stop(event):
    """From behind a breakpoint, which stays there no longer than the stop, back to it."""
    try:
        tf = trap_frame()
    except (gdb.error, gdb.GdbError):  # no Dune mode in this thread, or no libdune in this program
        return
    if tf is not None and int(tf["vector"]) == BREAKPOINT and breakpoints_at(int(tf["rip"]) - 1):
        set_member(tf, "rip", int(tf["rip"]) - 1)
        set_member(tf, "vector", DEBUG)


def trace_from_run_loop():
    """Where no exception stopped it: by the registers it will be entered with."""
    run = "((struct dune_run *)%d)" % int(thread()["run"])
    gdb.parse_and_eval("%s->regs.rflags |= %d" % (run, TRAP_FLAG))
    gdb.parse_and_eval("%s->set |= %d" % (run, SET_REGS))


def step_one():
    """One instruction of the guest's; the new frame, or None if it ended."""
    tf = trap_frame()
    covering = []
    if tf is None:
        trace_from_run_loop()
    else:
        covering = breakpoints_at(int(tf["rip"]))
        set_member(tf, "rflags", int(tf["rflags"]) | TRAP_FLAG)
    for point in covering:
        point.enabled = False
    try:
        gdb.execute("signal 0", to_string=True)
    finally:
        for point in covering:
            point.enabled = True
    if not gdb.selected_inferior().pid:
        return None
    tf = trap_frame()
    if tf is not None:
        set_member(tf, "rflags", int(tf["rflags"]) & ~TRAP_FLAG)
    return tf


def place(tf):
    rip = int(tf["rip"])
    line = gdb.find_pc_line(rip)
    symbol = gdb.execute("info symbol 0x%x" % rip, to_string=True).split(" in section")[0]
    if line.symtab is None:
        return "0x%x %s" % (rip, symbol.strip())
    return "0x%x %s, %s:%d" % (rip, symbol.strip(), line.symtab.filename, line.line)


def line_of(tf):
    line = gdb.find_pc_line(int(tf["rip"]))
    return (line.symtab.filename, line.line) if line.symtab else None


class Dune(gdb.Command):
    """Programs in Dune mode: dune regs | stepi [N] | step | continue."""

    def __init__(self):
        super().__init__("dune", gdb.COMMAND_RUNNING)

    def invoke(self, arg, from_tty):
        words = arg.split()
        commands = {"regs": self.regs, "stepi": self.stepi, "step": self.step,
                    "continue": self.go_on}
        if not words or words[0] not in commands:
            raise gdb.GdbError(self.__doc__)
        commands[words[0]](words[1:])

    def regs(self, words):
        tf = trap_frame()
        values = tf.dereference() if tf is not None else thread()["run"]["regs"]
        for name in NAMES:
            print("%-7s 0x%x" % (name, int(values[name])))

    def stepi(self, words):
        tf = None
        for _ in range(int(words[0]) if words else 1):
            tf = step_one()
            if tf is None:
                return
        print(place(tf))

    def step(self, words):
        tf = trap_frame()
        first = line_of(tf) if tf is not None else None
        while True:
            tf = step_one()
            if tf is None:
                return
            if line_of(tf) not in (None, first):
                break
        print(place(tf))

    def go_on(self, words):
        if trap_frame() is not None and step_one() is None:
            return
        gdb.execute("signal 0")


Dune()
gdb.events.stop.connect(on_stop)
