// Threads of the language. They take turns on the VM: one goes on until it waits, ends, or has had its time (5 ms); so
// nothing of the VM needs a lock, and a program without threads pays nothing.
//
// Each has a C++ stack and stacks of frames and registers of its own; what the VM knows of the running one (its frame,
// the exception it handles, the mode of autograd ...) is exchanged at a switch (ThreadState).
//
// A thread that waits for something asks for it again and again: whenever its turn comes it looks, and passes the turn
// on. When all have looked in vain, the VM sleeps until the first deadline; when nobody has one, nothing can happen any
// more, and the main thread gets RuntimeError. A call of the operating system that waits (a read from a pipe) stops
// all.
//
// Signals and the time's end are seen at safe points. Handlers of signals run in the main thread.
#pragma once

#include "vm/vm.h"

namespace tsvm::vm {

/// Reserves the stacks of frames and registers of a thread and makes them the VM's; gives the memory.
void* reserve_stacks(VM& vm);
void free_stacks(void* memory);

/// Starts a thread that calls `function` without arguments: it runs until it waits or ends, then this returns its
/// number (an int). What the function raises is lost; at exit the threads that are no daemons are waited for.
Value start_thread(VM& vm, Value function, bool daemon);
/// The running thread's number: 1 is the main one.
int64_t current_thread(VM& vm);
/// Whether there is more than one.
bool has_threads(VM& vm);

constexpr double kNoDeadline = 1e300;  // of a wait, in seconds of the monotonic clock
/// Lets the other threads go on. `waiting`: this one cannot, before something happens or the deadline comes. False: an
/// exception is pending.
bool switch_thread(VM& vm, bool waiting, double deadline = kNoDeadline);
/// What the running thread waited for has come.
void thread_goes_on(VM& vm);
/// Sleeps, letting the others go on. False: an exception is pending.
bool sleep_thread(VM& vm, double seconds);

/// The longest turn of a thread while others want to run.
double switch_interval(VM& vm);
void set_switch_interval(VM& vm, double seconds);

/// Called at a safe point: whether the running thread is the one that handles interrupts and signals. If it is not,
/// that one will at its next turn.
bool in_main_thread(VM& vm);
/// Called at a safe point: changes to another thread when it is time. False: an exception is pending.
bool take_turns(VM& vm);

/// Waits for the threads that are no daemons. False: an exception is pending.
bool finish_threads(VM& vm);
/// After a fork: the running thread is the only one.
void forget_other_threads(VM& vm);

}  // namespace tsvm::vm
