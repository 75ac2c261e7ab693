#define _GNU_SOURCE
#include "CSupport.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/// What the guardian is told, with the file's descriptor.
struct place {
    intptr_t offset;
    intptr_t file_size;
};

/// Writes all bytes; -1 and errno if that is not possible.
static int write_all(int file, const char *bytes, intptr_t count) {
    while (count > 0) {
        ssize_t written = write(file, bytes, (size_t)count);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return -1;
        bytes += written;
        count -= written;
    }
    return 0;
}

int csupport_ring_rescue(csupport_ring_address ring, int file, intptr_t offset, intptr_t file_size) {
    intptr_t head = csupport_ring_head(ring);
    intptr_t next = csupport_ring_tail(ring);
    struct stat facts;
    int is_odd = 0;
    if (fstat(file, &facts) == 0 && S_ISREG(facts.st_mode)) {
        intptr_t found = offset + ((intptr_t)facts.st_size - file_size);
        is_odd = found < next || found > head;
        if (!is_odd) next = found;
    }
    if (next == head) return 0;
    // Nobody knows how such a file ends: an empty line does no harm, a line glued to another would.
    if (is_odd && write_all(file, "\n", 1) < 0) return -1;
    if (write_all(file, csupport_ring_bytes(ring, next), head - next) < 0) return -1;
    csupport_ring_set_tail(ring, head);
    // What cannot be synced, such as a pipe, has nothing to sync (fsync(2)).
    return fdatasync(file) < 0 && errno != EINVAL && errno != EROFS ? -1 : 0;
}

/// The guardian's life. All signals are blocked; only async-signal-safe calls, since other threads may have held locks
/// at the fork.
static _Noreturn void guard(csupport_ring_address ring, int socket) {
    // A session of its own: what is sent to the proxy's process group is not for the guardian.
    setsid();
    prctl(PR_SET_NAME, "qmp-guardian");
    // It must keep nobody's socket open, nor a directory busy; without that it had better not be there.
    if (socket > 0 && close_range(0, (unsigned)socket - 1, 0) < 0) _exit(1);
    if (close_range((unsigned)socket + 1, ~0U, 0) < 0 || chdir("/") < 0) _exit(1);
    int file = -1;
    struct place place = {0, 0};
    while (1) {
        struct place told;
        int descriptor = -1, count, truncated;
        ssize_t received = csupport_receive(socket, &told, sizeof told, 0, &descriptor, 1, &count, &truncated);
        // The other end is closed: the proxy has ended, and with it every write of its threads.
        if (received != sizeof told) break;
        if (file >= 0) close(file);
        file = count == 1 ? descriptor : -1;
        place = told;
    }
    if (file < 0 || csupport_ring_is_abandoned(ring)) _exit(1);
    _exit(csupport_ring_rescue(ring, file, place.offset, place.file_size) < 0);
}

int csupport_guardian_start(csupport_ring_address ring, pid_t *pid) {
    int sockets[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0) return -1;
    // No handler may run in the child: it would act for the proxy.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    *pid = fork();
    if (*pid == 0) guard(ring, sockets[1]);
    int code = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    close(sockets[1]);
    if (*pid > 0) return sockets[0];
    close(sockets[0]);
    errno = code;
    return -1;
}

int csupport_guardian_watch(int socket, int file, intptr_t offset, intptr_t file_size) {
    struct place place = {offset, file_size};
    return csupport_send(socket, &place, sizeof place, &file, 1) < 0 ? -1 : 0;
}

void csupport_guardian_stop(int socket, pid_t pid) {
    // Killed, since it may be stopped; but only while it is there, so that its number is still its own.
    struct pollfd end = {socket, 0, 0};
    if (poll(&end, 1, 0) == 0) kill(pid, SIGKILL);
    close(socket);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) continue;
}
