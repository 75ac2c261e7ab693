#define _GNU_SOURCE
#include "CSupport.h"

#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/// Linux's SCM_MAX_FD: no message carries more.
#define DESCRIPTORS_MAX 253

int csupport_print_double(double value, char *text) {
    int length = snprintf(text, 32, "%.17g", value);
    const char *point = localeconv()->decimal_point;
    // A C library in a locale with a decimal comma prints that; QEMU runs in "C" where it counts.
    if (point[0] != '.' && point[0] != '\0') {
        size_t width = strlen(point);
        char *found = strstr(text, point);
        if (found) {
            *found = '.';
            memmove(found + 1, found + width, strlen(found + width) + 1);
            length -= (int)width - 1;
        }
    }
    return length;
}

ptrdiff_t csupport_find_byte(const void *bytes, size_t length, unsigned char byte) {
    if (length == 0) return -1;
    const char *found = memchr(bytes, byte, length);
    return found ? found - (const char *)bytes : -1;
}

/// Takes the descriptors out of a received message; those without room are closed.
static void take_descriptors(struct msghdr *message, int *descriptors, int descriptors_max, int *count,
                             int *truncated) {
    for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part; part = CMSG_NXTHDR(message, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
        size_t there = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < there; i++) {
            int descriptor;
            memcpy(&descriptor, CMSG_DATA(part) + i * sizeof(int), sizeof descriptor);
            if (*count < descriptors_max) {
                descriptors[(*count)++] = descriptor;
            } else {
                close(descriptor);
                *truncated = 1;
            }
        }
    }
}

ssize_t csupport_receive(int socket, void *bytes, size_t length, int flags, int *descriptors, int descriptors_max,
                         int *descriptor_count, int *truncated) {
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(DESCRIPTORS_MAX * sizeof(int))];
    } control;
    if (descriptors_max > DESCRIPTORS_MAX) descriptors_max = DESCRIPTORS_MAX;
    struct iovec piece = {.iov_base = bytes, .iov_len = length};
    struct msghdr message;
    ssize_t received;
    do {
        message = (struct msghdr){.msg_iov = &piece, .msg_iovlen = 1};
        if (descriptors_max > 0) {
            message.msg_control = control.room;
            // Not CMSG_SPACE: its padding would let one descriptor more through when the number is odd.
            message.msg_controllen = CMSG_LEN((size_t)descriptors_max * sizeof(int));
        }
        received = recvmsg(socket, &message, flags | MSG_CMSG_CLOEXEC);
    } while (received < 0 && errno == EINTR);
    *descriptor_count = 0;
    *truncated = received >= 0 && (message.msg_flags & MSG_CTRUNC) != 0;
    if (received >= 0 && descriptors_max > 0) {
        take_descriptors(&message, descriptors, descriptors_max, descriptor_count, truncated);
    }
    return received;
}

ssize_t csupport_send(int socket, const void *bytes, size_t length, const int *descriptors, int descriptor_count) {
    // iovec has no const: sendmsg does not write there.
    struct iovec piece = {.iov_base = (void *)bytes, .iov_len = length};
    return csupport_send_pieces(socket, &piece, 1, descriptors, descriptor_count);
}

ssize_t csupport_send_pieces(int socket, const struct iovec *pieces, size_t count, const int *descriptors,
                             int descriptor_count) {
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(DESCRIPTORS_MAX * sizeof(int))];
    } control;
    struct msghdr message = {.msg_iov = (struct iovec *)pieces, .msg_iovlen = count};
    if (descriptor_count < 0 || descriptor_count > DESCRIPTORS_MAX) {
        errno = EINVAL;
        return -1;
    }
    if (descriptor_count > 0) {
        size_t size = (size_t)descriptor_count * sizeof(int);
        memset(&control, 0, CMSG_SPACE(size));
        message.msg_control = control.room;
        message.msg_controllen = CMSG_SPACE(size);
        struct cmsghdr *part = CMSG_FIRSTHDR(&message);
        part->cmsg_level = SOL_SOCKET;
        part->cmsg_type = SCM_RIGHTS;
        part->cmsg_len = CMSG_LEN(size);
        memcpy(CMSG_DATA(part), descriptors, size);
    }
    ssize_t sent;
    do {
        if (count == 1 && descriptor_count == 0) {
            sent = send(socket, pieces[0].iov_base, pieces[0].iov_len, MSG_NOSIGNAL | MSG_DONTWAIT);
        } else {
            sent = sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
        }
    } while (sent < 0 && errno == EINTR);
    return sent;
}

int csupport_accept(int socket) {
    int accepted;
    do {
        accepted = accept4(socket, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    } while (accepted < 0 && errno == EINTR);
    return accepted;
}

int csupport_peer_credentials(int socket, int32_t *pid, uint32_t *uid, uint32_t *gid) {
    struct ucred credentials;
    socklen_t size = sizeof credentials;
    if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) < 0) return -1;
    *pid = credentials.pid;
    *uid = credentials.uid;
    *gid = credentials.gid;
    return 0;
}
