// A pretend QMP monitor: negotiates like QEMU's, answers at once, and is never the slow part of a benchmark.
#include "connection.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { REPORTS_PER_WAIT = 256, BACKLOG = 4096 };

static void fail(const char *what)
{
    fprintf(stderr, "echo-monitor: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int listen_at(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        fail(path);
    }
    strcpy(address.sun_path, path);
    unlink(path);
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(listener, BACKLOG) != 0) {
        fail(path);
    }
    return listener;
}

static void accept_all(struct monitor *monitor, int listener)
{
    for (;;) {
        int socket = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (socket >= 0) {
            connection_open(monitor, socket);
        } else if (errno == EAGAIN) {
            return;
        } else if (errno != EINTR && errno != ECONNABORTED) {
            fail("accept");
        }
    }
}

static void raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

int main(int argc, char **argv)
{
    if (argc != 2 || argv[1][0] == '-') {
        fputs("usage: echo-monitor SOCKET-PATH\n", argc == 2 && strcmp(argv[1], "--help") == 0 ? stdout : stderr);
        return argc == 2 && strcmp(argv[1], "--help") == 0 ? 0 : 2;
    }
    raise_descriptor_limit();
    struct monitor monitor = {.epoll = epoll_create1(EPOLL_CLOEXEC)};
    int listener = listen_at(argv[1]);
    // The listener is the one report without a connection.
    struct epoll_event interest = {.events = EPOLLIN, .data.ptr = NULL};
    if (monitor.epoll < 0 || epoll_ctl(monitor.epoll, EPOLL_CTL_ADD, listener, &interest) != 0) {
        fail("epoll");
    }
    for (;;) {
        struct epoll_event reports[REPORTS_PER_WAIT];
        int count = epoll_wait(monitor.epoll, reports, REPORTS_PER_WAIT, -1);
        if (count < 0 && errno != EINTR) {
            fail("epoll_wait");
        }
        for (int at = 0; at < count; at++) {
            if (reports[at].data.ptr == NULL) {
                accept_all(&monitor, listener);
            } else {
                connection_handle(&monitor, reports[at].data.ptr, reports[at].events);
            }
        }
    }
}
