#include "connection.h"

#include "filler.h"
#include "memory.h"
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BYTES_PER_READ = 256 * 1024, BYTES_PER_SOCKET_BUFFER = 4 * 1024 * 1024, BYTES_PER_COMMAND_MAX = 64 << 20 };

static const char greeting[] =
    "{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 22, \"minor\": 2, \"major\": 7}, \"package\": \"echo\"}, "
    "\"capabilities\": [\"oob\"]}}\r\n";
static const char event[] =
    "{\"timestamp\": {\"seconds\": 1, \"microseconds\": 2}, \"event\": \"STOP\"}\r\n";

enum { EVENT_LENGTH = sizeof event - 1, EVENTS_PER_BLOCK = 128 };

// Many events on end, so that a burst is sent without being copied together for each connection.
static const char *event_block(void)
{
    static char block[EVENTS_PER_BLOCK * EVENT_LENGTH];
    if (block[0] == '\0') {
        for (size_t at = 0; at < EVENTS_PER_BLOCK; at++) {
            memcpy(block + at * EVENT_LENGTH, event, EVENT_LENGTH);
        }
    }
    return block;
}

// Broken connections are not closed here but by their own next report from epoll: the caller may be walking the list.
static void send_output(struct monitor *monitor, struct connection *connection)
{
    bool waits = output_send(&connection->output, connection->socket) && !output_is_empty(&connection->output);
    if (waits != connection->waits_for_room) {
        connection->waits_for_room = waits;
        struct epoll_event interest = {.events = EPOLLIN | (waits ? EPOLLOUT : 0), .data.ptr = connection};
        epoll_ctl(monitor->epoll, EPOLL_CTL_MOD, connection->socket, &interest);
    }
}

void connection_open(struct monitor *monitor, int socket)
{
    int size = BYTES_PER_SOCKET_BUFFER;
    setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);

    struct connection *connection = grown(NULL, sizeof *connection);
    *connection = (struct connection){.socket = socket, .next = monitor->first};
    struct epoll_event interest = {.events = EPOLLIN, .data.ptr = connection};
    if (epoll_ctl(monitor->epoll, EPOLL_CTL_ADD, socket, &interest) != 0) {
        perror("echo-monitor: epoll_ctl");
        exit(1);
    }
    if (monitor->first != NULL) {
        monitor->first->previous = connection;
    }
    monitor->first = connection;
    output_add_text(&connection->output, greeting, sizeof greeting - 1);
    send_output(monitor, connection);
}

static void connection_close(struct monitor *monitor, struct connection *connection)
{
    if (connection->previous != NULL) {
        connection->previous->next = connection->next;
    } else {
        monitor->first = connection->next;
    }
    if (connection->next != NULL) {
        connection->next->previous = connection->previous;
    }
    close(connection->socket);
    output_free(&connection->output);
    free(connection->input);
    free(connection);
}

static void add_reply(struct output *output, struct span id, const struct filler *value)
{
    output_add_text(output, "{\"return\": ", 11);
    if (value != NULL) {
        output_add_prepared(output, value->bytes, value->length);
    } else {
        output_add_text(output, "{}", 2);
    }
    if (id.bytes != NULL) {
        output_add_text(output, ", \"id\": ", 8);
        output_add_text(output, id.bytes, id.length);
    }
    output_add_text(output, "}\r\n", 3);
}

static void emit(struct monitor *monitor, struct connection *from, size_t count)
{
    for (struct connection *to = monitor->first; to != NULL; to = to->next) {
        if (!to->negotiated) {
            continue;
        }
        for (size_t left = count; left > 0;) {
            size_t part = left < EVENTS_PER_BLOCK ? left : EVENTS_PER_BLOCK;
            output_add_prepared(&to->output, event_block(), part * EVENT_LENGTH);
            left -= part;
        }
        // Its own events leave together with the reply.
        if (to != from) {
            send_output(monitor, to);
        }
    }
}

static void execute(struct monitor *monitor, struct connection *connection, const struct command *command)
{
    const struct filler *value = NULL;
    if (span_equals(command->name, "\"qmp_capabilities\"")) {
        connection->negotiated = true;
    } else if (span_equals(command->name, "\"big\"")) {
        value = filler_of_size(command->size);
    } else if (span_equals(command->name, "\"emit\"")) {
        emit(monitor, connection, command->count);
    }
    add_reply(&connection->output, command->id, value);
}

static void execute_all(struct monitor *monitor, struct connection *connection)
{
    struct framer *framer = &connection->framer;
    struct span object;
    while (framer_next(framer, connection->input, connection->input_length, &object)) {
        struct command command = command_read(object);
        if (command.name.bytes != NULL) {
            execute(monitor, connection, &command);
        }
    }
    // Between objects nothing is kept; inside one, only what belongs to it.
    size_t done = framer->depth == 0 ? connection->input_length : framer->start;
    if (done > 0) {
        connection->input_length -= done;
        memmove(connection->input, connection->input + done, connection->input_length);
        framer->scanned -= done;
        framer->start = 0;
    }
}

// False at the end of the connection.
static bool receive(struct connection *connection)
{
    if (connection->input_capacity - connection->input_length < BYTES_PER_READ / 2) {
        connection->input_capacity += BYTES_PER_READ;
        if (connection->input_capacity > BYTES_PER_COMMAND_MAX) {
            fputs("echo-monitor: a command without end\n", stderr);
            return false;
        }
        connection->input = grown(connection->input, connection->input_capacity);
    }
    ssize_t count = recv(connection->socket, connection->input + connection->input_length,
                         connection->input_capacity - connection->input_length, 0);
    if (count > 0) {
        connection->input_length += (size_t)count;
        return true;
    }
    return count < 0 && (errno == EAGAIN || errno == EINTR);
}

void connection_handle(struct monitor *monitor, struct connection *connection, uint32_t reported)
{
    if ((reported & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) {
        if (!receive(connection)) {
            connection_close(monitor, connection);
            return;
        }
        execute_all(monitor, connection);
    }
    // Once, after all commands that had come: their replies share one call to the kernel.
    send_output(monitor, connection);
}
