#define _GNU_SOURCE
#include "RecordingRing.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

// Asked once: to ask takes longer than all else here.
static intptr_t page_size(void) {
    static _Atomic intptr_t known;
    intptr_t size = known;
    if (size == 0) known = size = sysconf(_SC_PAGESIZE);
    return size;
}

csupport_ring_address csupport_ring_create(intptr_t size) {
    intptr_t page = page_size();
    size = (size + page - 1) / page * page;
    // The head's page, the ring, and the ring once more. Not a memfd: RLIMIT_FSIZE would hold for it.
    size_t whole = (size_t)(page + 2 * size);
    char *address = mmap(NULL, whole, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (address == MAP_FAILED) return 0;
    char *again = address + page + size;
    int flags = MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED;
    // An old size of 0 maps the same memory a second time (mremap(2)).
    if (mmap(address, (size_t)(page + size), PROT_READ | PROT_WRITE, flags, -1, 0) == MAP_FAILED ||
        mremap(address + page, 0, (size_t)size, MREMAP_MAYMOVE | MREMAP_FIXED, again) == MAP_FAILED) {
        int code = errno;
        munmap(address, whole);
        errno = code;
        return 0;
    }
    ((struct csupport_ring *)address)->size = size;
    return (csupport_ring_address)address;
}

void csupport_ring_destroy(csupport_ring_address ring) {
    munmap((void *)ring, (size_t)(page_size() + 2 * csupport_ring_size(ring)));
}

void *csupport_ring_bytes(csupport_ring_address ring, intptr_t offset) {
    intptr_t place = (offset - csupport_ring_base(ring)) % csupport_ring_size(ring);
    return (char *)ring + page_size() + place;
}

int csupport_ring_release(csupport_ring_address ring, intptr_t from, intptr_t to) {
    intptr_t page = page_size();
    intptr_t first = (from + page - 1) / page * page;
    intptr_t end = to / page * page;
    if (first >= end) return 0;
    return madvise((char *)ring + page + first, (size_t)(end - first), MADV_REMOVE);
}
