// Preloaded into a process (LD_PRELOAD), takes the time from the return of the read that brought COLO_EXIT to the call
// that writes to a socket next, and appends it, in microseconds, to the file that STOPWATCH names.
#include "stopwatch.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static const char wanted[] = "\"COLO_EXIT\"";
static int64_t started;

static int64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

// How long it took to this write, in nanoseconds; 0 if it is not the one.
static int64_t stop(void)
{
    int64_t time = started == 0 ? 0 : now() - started;
    started = 0;
    return time;
}

// Behind the write, which it must not delay.
static void note(int64_t time)
{
    if (time == 0) {
        return;
    }
    const char *path = getenv("STOPWATCH");
    int file = path ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
    if (file >= 0) {
        dprintf(file, "%.1f\n", (double)time / 1e3);
        close(file);
    }
}

ssize_t recv(int socket, void *bytes, size_t length, int flags)
{
    static ssize_t (*next)(int, void *, size_t, int);
    if (!next) {
        next = dlsym(RTLD_NEXT, "recv");
    }
    ssize_t count = next(socket, bytes, length, flags);
    if (count > 0 && !(flags & MSG_PEEK)) {
        int64_t time = now();
        if (memmem(bytes, (size_t)count, wanted, sizeof wanted - 1)) {
            started = time;
        }
    }
    return count;
}

ssize_t send(int socket, const void *bytes, size_t length, int flags)
{
    static ssize_t (*next)(int, const void *, size_t, int);
    if (!next) {
        next = dlsym(RTLD_NEXT, "send");
    }
    int64_t time = stop();
    ssize_t count = next(socket, bytes, length, flags);
    int code = errno;
    note(time);
    errno = code;
    return count;
}

ssize_t sendmsg(int socket, const struct msghdr *message, int flags)
{
    static ssize_t (*next)(int, const struct msghdr *, int);
    if (!next) {
        next = dlsym(RTLD_NEXT, "sendmsg");
    }
    int64_t time = stop();
    ssize_t count = next(socket, message, flags);
    int code = errno;
    note(time);
    errno = code;
    return count;
}
