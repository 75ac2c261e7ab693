// The memory in which a recording's lines wait to be written, and the process that writes them if this one is killed.
#ifndef CSUPPORT_RECORDING_RING_H
#define CSUPPORT_RECORDING_RING_H

#include <stdint.h>
#include <sys/types.h>

/// A ring in shared memory. All offsets are those of the stream of bytes that is written through it.
///
/// One side appends: it alone stores `head` and `base`. The other takes away: it alone stores `tail`.
struct csupport_ring {
    /// How many bytes it holds; a multiple of the page's size.
    intptr_t size;
    /// What was handed over ends here.
    intptr_t head;
    /// What was written ends here.
    intptr_t tail;
    /// The byte that stands first in memory; changed only while nothing is in the ring.
    intptr_t base;
    /// Not 0: what waits is given up.
    int is_abandoned;
};

/// Where a ring is: an address, as a number since both sides have it.
typedef uintptr_t csupport_ring_address;

/// Maps a ring of at least `size` bytes; 0 and errno on failure.
csupport_ring_address csupport_ring_create(intptr_t size);

/// Unmaps it.
void csupport_ring_destroy(csupport_ring_address ring);

/// The byte at an offset; all `size` bytes from there lie in one piece, since the ring is mapped twice in a row.
void *csupport_ring_bytes(csupport_ring_address ring, intptr_t offset);

/// Gives memory back to the kernel, whole pages between two places counted from the ring's first byte; only such as
/// holds nothing. -1 and errno on failure.
int csupport_ring_release(csupport_ring_address ring, intptr_t from, intptr_t to);

static inline intptr_t csupport_ring_size(csupport_ring_address ring) {
    return ((struct csupport_ring *)ring)->size;
}

static inline intptr_t csupport_ring_head(csupport_ring_address ring) {
    return __atomic_load_n(&((struct csupport_ring *)ring)->head, __ATOMIC_ACQUIRE);
}

static inline intptr_t csupport_ring_tail(csupport_ring_address ring) {
    return __atomic_load_n(&((struct csupport_ring *)ring)->tail, __ATOMIC_ACQUIRE);
}

static inline intptr_t csupport_ring_base(csupport_ring_address ring) {
    return __atomic_load_n(&((struct csupport_ring *)ring)->base, __ATOMIC_ACQUIRE);
}

static inline void csupport_ring_set_head(csupport_ring_address ring, intptr_t offset) {
    __atomic_store_n(&((struct csupport_ring *)ring)->head, offset, __ATOMIC_RELEASE);
}

static inline void csupport_ring_set_tail(csupport_ring_address ring, intptr_t offset) {
    __atomic_store_n(&((struct csupport_ring *)ring)->tail, offset, __ATOMIC_RELEASE);
}

static inline void csupport_ring_set_base(csupport_ring_address ring, intptr_t offset) {
    __atomic_store_n(&((struct csupport_ring *)ring)->base, offset, __ATOMIC_RELEASE);
}

/// Gives up what waits: the guardian ends without a word.
static inline void csupport_ring_abandon(csupport_ring_address ring) {
    __atomic_store_n(&((struct csupport_ring *)ring)->is_abandoned, 1, __ATOMIC_RELEASE);
}

static inline int csupport_ring_is_abandoned(csupport_ring_address ring) {
    return __atomic_load_n(&((struct csupport_ring *)ring)->is_abandoned, __ATOMIC_ACQUIRE);
}

/// Forks a guardian: a process that sleeps until this one has ended, however that came, and then writes what is still
/// in the ring to the file it was told of last. Returns the socket to talk to it and its `pid`; -1 and errno on
/// failure.
int csupport_guardian_start(csupport_ring_address ring, pid_t *pid);

/// Tells the guardian which file is written to: the stream's byte at `offset` comes at `file_size`. It shares the open
/// file, and so its lock. -1 and errno on failure: EPIPE if the guardian is gone.
int csupport_guardian_watch(int socket, int file, intptr_t offset, intptr_t file_size);

/// Ends the guardian, which writes nothing then; closes the socket.
void csupport_guardian_stop(int socket, pid_t pid);

/// The guardian's work: writes what of the ring is not in the file yet. How much is there the file's size tells; if
/// that cannot be right, since somebody else cut the file or wrote to it, the ring's `tail` does. Only
/// async-signal-safe calls (signal-safety(7)). -1 and errno if it could not write all.
int csupport_ring_rescue(csupport_ring_address ring, int file, intptr_t offset, intptr_t file_size);

#endif
