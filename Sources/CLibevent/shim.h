// Debian's libevent 2.1.12: the event loop, and what goes with it.
#ifndef CLIBEVENT_SHIM_H
#define CLIBEVENT_SHIM_H

// First, or fd_set clashes with the one in Swift's Glibc module.
#include <sys/types.h>

#include <event2/event.h>
// With it `struct event` is a type of its own in Swift; without it every handle would be the same OpaquePointer.
#include <event2/event_struct.h>

// Not in Swift's Glibc module: what wakes a loop from another thread.
#include <sys/eventfd.h>

#endif
