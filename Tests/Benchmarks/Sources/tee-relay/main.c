// A simple relay that may record: what it costs to write down what passes, and nothing else.
//
// One client at a time, blind bytes, no parsing. With a file, what the monitor says is copied into a ring of 64 MiB,
// from where a second thread writes it, a mebibyte at most at once; what has no room there is lost, and counted. While
// the ring is empty it begins anew at its first byte, which is in the caches.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { CHUNK = 256 << 10, RING = 64 << 20, WRITE_MAX = 1 << 20, GATHERING_NS = 5000000 };

static char *ring;
static _Atomic uint64_t head, tail, base, lost;
static sem_t more;
static atomic_bool waits, ended;

static void fail(const char *what)
{
    fprintf(stderr, "tee-relay: %s: %s\n", what, strerror(errno));
    exit(1);
}

static struct sockaddr_un address_of(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        fail(path);
    }
    strcpy(address.sun_path, path);
    return address;
}

static void *write_all(void *file)
{
    struct timespec gathering = {.tv_nsec = GATHERING_NS};
    for (;;) {
        uint64_t start = tail, end = head;
        if (start == end) {
            waits = true;
            if (head == end) {
                sem_wait(&more);
            }
            continue;
        }
        while (start < end) {
            uint64_t place = (start - base) % RING, count = end - start;
            count = count > WRITE_MAX ? WRITE_MAX : count;
            count = count > RING - place ? RING - place : count;
            ssize_t written = write(*(int *)file, ring + place, count);
            if (written < 0) {
                fail("write");
            }
            start += (uint64_t)written;
            tail = start;
        }
        nanosleep(&gathering, NULL);
    }
    return NULL;
}

static void record(const char *bytes, size_t count)
{
    uint64_t start = head;
    if (count > RING - (start - tail)) {
        lost += count;
        return;
    }
    if (start == tail) {
        base = start;
    }
    size_t place = (start - base) % RING, first = count < RING - place ? count : RING - place;
    memcpy(ring + place, bytes, first);
    memcpy(ring, bytes + first, count - first);
    head = start + count;
    if (atomic_exchange(&waits, false)) {
        sem_post(&more);
    }
}

// Passes on what can be read; false at the end.
static bool pass(int from, int to, char *buffer, bool records)
{
    ssize_t count = recv(from, buffer, CHUNK, 0);
    if (count <= 0) {
        return false;
    }
    if (records) {
        record(buffer, (size_t)count);
    }
    for (ssize_t sent = 0; sent < count;) {
        ssize_t more_sent = send(to, buffer + sent, (size_t)(count - sent), MSG_NOSIGNAL);
        if (more_sent <= 0) {
            return false;
        }
        sent += more_sent;
    }
    return true;
}

// The main thread is to end: what waits is written first, and what was lost is told.
static void end(void)
{
    struct timespec pause = {.tv_nsec = GATHERING_NS};
    while (tail < head) {
        nanosleep(&pause, NULL);
    }
    if (lost > 0) {
        fprintf(stderr, "tee-relay: %llu bytes lost\n", (unsigned long long)lost);
    }
    exit(0);
}

static void asked_to_end(int signal)
{
    (void)signal;
    ended = true;
}

static void relay(int client, int monitor, bool records)
{
    static char buffer[CHUNK];
    struct pollfd ends[] = {{.fd = client, .events = POLLIN}, {.fd = monitor, .events = POLLIN}};
    while (!ended && (poll(ends, 2, -1) > 0 || errno == EINTR)) {
        if (ended) {
            return;
        }
        if (ends[0].revents && !pass(client, monitor, buffer, false)) {
            return;
        }
        if (ends[1].revents && !pass(monitor, client, buffer, records)) {
            return;
        }
    }
}

int main(int argc, char **argv)
{
    if (argc < 3 || argc > 4 || argv[1][0] == '-') {
        fputs("usage: tee-relay LISTEN-PATH CONNECT-PATH [RECORD-PATH]\n", stderr);
        return 2;
    }
    // Without SA_RESTART: it ends what waits.
    struct sigaction action = {.sa_handler = asked_to_end};
    sigaction(SIGTERM, &action, NULL);
    struct sockaddr_un here = address_of(argv[1]), there = address_of(argv[2]);
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&here, sizeof here) != 0 || listen(listener, 16) != 0) {
        fail(argv[1]);
    }
    int file = -1;
    if (argc == 4) {
        file = open(argv[3], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        ring = malloc(RING);
        if (ring) {
            // Its pages are there before anything is measured.
            memset(ring, 0, RING);
        }
        pthread_t thread;
        if (file < 0 || !ring || sem_init(&more, 0, 0) != 0 || pthread_create(&thread, NULL, write_all, &file) != 0) {
            fail(argv[3]);
        }
    }
    for (;;) {
        int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (ended) {
            end();
        }
        int monitor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (client < 0 || monitor < 0 || connect(monitor, (struct sockaddr *)&there, sizeof there) != 0) {
            fail(argv[2]);
        }
        relay(client, monitor, file >= 0);
        close(client);
        close(monitor);
        if (ended) {
            end();
        }
    }
}
