#define _GNU_SOURCE
#include "CSupport.h"

int csupport_poll(struct pollfd *files, size_t count, int milliseconds, const sigset_t *blocked) {
    struct timespec patience = {.tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1000000L};
    return ppoll(files, count, &patience, blocked);
}
