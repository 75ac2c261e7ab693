// The few lines of C that Swift cannot say.
#ifndef CSUPPORT_H
#define CSUPPORT_H

#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "RecordingRing.h"

/// Writes a double the way QEMU prints one, "%.17g" (qobject/json-writer.c), without a locale's decimal comma.
/// `text` must have room for 32 bytes; the length is returned.
int csupport_print_double(double value, char *text);

/// Where the first `byte` lies in `length` bytes, or -1. libc's memchr is vectorised; a loop in Swift is not.
ptrdiff_t csupport_find_byte(const void *bytes, size_t length, unsigned char byte);

/// Receives bytes and up to `descriptors_max` (at most 253, Linux's SCM_MAX_FD) descriptors (close-on-exec) from a
/// socket. `flags` are recvmsg's. `descriptor_count` is how many came; `truncated` is set when the kernel had to drop
/// some. With `descriptors_max` 0 none is taken and `truncated` tells that some are there: with MSG_PEEK, that is a
/// question without an effect. -1 and errno on failure; never EINTR.
ssize_t csupport_receive(int socket, void *bytes, size_t length, int flags, int *descriptors, int descriptors_max,
                         int *descriptor_count, int *truncated);

/// Sends bytes with descriptors (at most 253) that leave with the first byte. Never raises SIGPIPE, never blocks.
/// -1 and errno on failure; never EINTR.
ssize_t csupport_send(int socket, const void *bytes, size_t length, const int *descriptors, int descriptor_count);

/// As csupport_send, with the bytes in `count` pieces (at most 1,024, Linux's UIO_MAXIOV).
ssize_t csupport_send_pieces(int socket, const struct iovec *pieces, size_t count, const int *descriptors,
                             int descriptor_count);

/// Accepts a connection as a close-on-exec, non-blocking socket. -1 and errno on failure; never EINTR.
int csupport_accept(int socket);

/// Who is at the other end of a connected unix socket (SO_PEERCRED); -1 and errno on failure.
int csupport_peer_credentials(int socket, int32_t *pid, uint32_t *uid, uint32_t *gid);

/// Bytes somewhere.
struct csupport_bytes {
    const void *start;
    size_t length;
};

/// Of whom, which command and how a message is recorded that was passed on as it was.
struct csupport_line {
    /// Since the recording's beginning.
    int64_t microseconds;
    /// A client's number; 0 is the monitor.
    int64_t client;
    /// 0 is none.
    int64_t command;
    int64_t descriptors;
    int is_sent;
    /// The message's parts; line ends behind it are left out.
    struct csupport_bytes parts[3];
};

/// Writes a recording's line; `room` must have 256 bytes more than the message has. The length is returned.
size_t csupport_write_line(void *room, const struct csupport_line *line);

/// Fetches the next KiB, which is to be written soon: the thread that writes has read the ring's memory on another
/// processor, and it takes a while until that lets go of it.
void csupport_fetch(void *memory);

/// What a quick look at what a monitor wrote may find.
enum { csupport_look_odd = 1, csupport_look_credentials = 2 };

/// Looks at all bytes but the last, which is looked at only as the one behind another: so pieces may be looked at one by
/// one, each from the last byte of the one before. What makes a line not plain (`csupport_is_plain_line`) is odd.
int csupport_look(const void *bytes, size_t length);

/// Whether a piece of what a monitor wrote is JSON on one line without a closer look: printable ASCII in which no `f` or
/// `n`, the last letter of a bare `inf` or `nan`, stands right before `,`, `]`, `}` or the end.
int csupport_is_plain_line(const void *bytes, size_t length);

/// Whether strings in double quotes may hold credentials: there is a `//`, a `json:` or `rbd:` by its last letter, or an
/// escape that may hide one.
int csupport_may_hold_credentials(const void *bytes, size_t length);

/// Whether a command in strict JSON may hold credentials, an escape, the name of a password however it is misspelt by
/// one letter (half of it is left then), or an `exec-oob`.
int csupport_may_hold_secret(const void *bytes, size_t length);

/// A number by which short texts are told apart (FNV-1a).
uint64_t csupport_hash(const void *bytes, size_t length);

/// Where the name of a command begins that is written as nearly all are, `{"execute": "query-status"`, or without the
/// space; its length goes to `name_length`. 0 if it is written otherwise.
intptr_t csupport_command_name(const void *bytes, size_t length, intptr_t *name_length);

/// Where the value of JSON (RFC 8259) ends with which the bytes begin, white space before it included; -1 if there is
/// none, or one that only a closer look can tell: brackets nested more than 1,024 deep. Bytes from 0x80 on are taken as
/// they are.
ptrdiff_t csupport_json_value(const void *bytes, size_t length);

/// Whether no byte is above 0x7F.
int csupport_is_ascii(const void *bytes, size_t length);

/// Whether all bytes are printable ASCII.
int csupport_is_printable(const void *bytes, size_t length);

/// Where the first of the wanted bytes lies in `length` bytes, or -1; no bytes are found at once.
ptrdiff_t csupport_find_bytes(const void *bytes, size_t length, const void *wanted, size_t wanted_length);

/// ppoll(2), which Swift's Glibc lacks: waits with other signals blocked than else, so that one of them can end the
/// waiting but never comes in between. -1 and errno on failure, EINTR among it.
int csupport_poll(struct pollfd *files, size_t count, int milliseconds, const sigset_t *blocked);

/// A program that runs, and our ends of its pipes: close-on-exec, and not blocking.
struct csupport_program {
    pid_t pid;
    /// Can be read from once the program has ended (pidfd_open(2)).
    int handle;
    int input;
    int output;
    int errors;
};

/// Starts a program, found by PATH, in a process group of its own. Its standard descriptors are pipes, it has no other
/// ones, and signals do what they do by default. NULL follows its last argument. Descriptors 0 to 2 must be open here.
/// -1 and errno if it cannot be executed.
int csupport_start_program(char *const arguments[], struct csupport_program *program);

/// Has malloc keep freed memory instead of giving it back to the kernel at once (mallopt(3), M_MMAP_THRESHOLD and
/// M_TRIM_THRESHOLD, in bytes).
void csupport_keep_freed_memory(int mmap_threshold, int trim_threshold);

#endif
