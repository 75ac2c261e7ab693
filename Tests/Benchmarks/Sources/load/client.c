#include "client.h"

#include "fail.h"
#include "message.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

enum { CONNECT_SECONDS_MAX = 10, INPUT_SPARE = 64 * 1024, SHOWN_OF_LINE = 120 };

uint64_t clock_now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

void client_open(struct client *client, const char *path, size_t index, size_t client_count, size_t reply_length_max)
{
    *client = (struct client){.index = index, .client_count = client_count};
    client->input_capacity = reply_length_max + INPUT_SPARE;
    client->input = malloc(client->input_capacity);
    if (client->input == NULL) {
        fail("out of memory");
    }
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) {
        fail("the path %s is too long for a socket", path);
    }
    strcpy(address.sun_path, path);
    // Blocking, for a non-blocking connect does not wait for room in a full backlog: it fails.
    client->socket = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct timeval limit = {.tv_sec = CONNECT_SECONDS_MAX};
    if (client->socket < 0 || setsockopt(client->socket, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) != 0 ||
        connect(client->socket, (struct sockaddr *)&address, sizeof address) != 0) {
        fail("client %zu cannot connect to %s: %s", index, path, strerror(errno));
    }
}

void client_add_command(struct client *client, const char *members, uint64_t now)
{
    if (client_outstanding(client) == OUTSTANDING_MAX) {
        fail("client %zu has too many commands outstanding", client->index);
    }
    uint64_t id = client->sent_count * client->client_count + client->index;
    char *at = client->output + client->output_length;
    int length = snprintf(at, BYTES_PER_COMMAND_MAX, "{%s, \"id\": %llu}\r\n", members, (unsigned long long)id);
    if (length >= BYTES_PER_COMMAND_MAX) {
        fail("the command %s is too long", members);
    }
    client->output_length += (size_t)length;
    client->sent_at[client->sent_count % OUTSTANDING_MAX] = now;
    client->sent_count++;
}

void client_send(struct client *client)
{
    if (client->output_length == 0) {
        return;
    }
    // The few commands that may be outstanding fit into any socket's buffer, so a short send is a contender that
    // does not read.
    ssize_t sent = send(client->socket, client->output, client->output_length, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent != (ssize_t)client->output_length) {
        fail("client %zu cannot send: %s", client->index, sent < 0 ? strerror(errno) : "the socket is full");
    }
    client->output_length = 0;
}

void client_receive(struct client *client)
{
    if (client->input_consumed > 0) {
        client->input_length -= client->input_consumed;
        memmove(client->input, client->input + client->input_consumed, client->input_length);
        client->input_scanned -= client->input_consumed;
        client->input_consumed = 0;
    }
    size_t room = client->input_capacity - client->input_length;
    if (room == 0) {
        fail("client %zu received a line longer than %zu bytes", client->index, client->input_capacity);
    }
    ssize_t count = recv(client->socket, client->input + client->input_length, room, MSG_DONTWAIT);
    if (count > 0) {
        client->input_length += (size_t)count;
    } else if (count == 0) {
        fail("client %zu: the connection was closed with %zu commands outstanding", client->index,
             client_outstanding(client));
    } else if (errno != EAGAIN && errno != EINTR) {
        fail("client %zu cannot receive: %s", client->index, strerror(errno));
    }
}

bool client_next_line(struct client *client, struct line *line)
{
    const char *unscanned = client->input + client->input_scanned;
    const char *newline = memchr(unscanned, '\n', client->input_length - client->input_scanned);
    if (newline == NULL) {
        client->input_scanned = client->input_length;
        return false;
    }
    const char *start = client->input + client->input_consumed;
    *line = (struct line){start, (size_t)(newline - start)};
    client->input_scanned = (size_t)(newline + 1 - client->input);
    client->input_consumed = client->input_scanned;
    return true;
}

uint64_t client_take_reply(struct client *client, struct line line)
{
    int shown = line.length < SHOWN_OF_LINE ? (int)line.length : SHOWN_OF_LINE;
    if (client_outstanding(client) == 0) {
        fail("client %zu received a reply that it did not ask for: %.*s", client->index, shown, line.bytes);
    }
    uint64_t expected = client->replied_count * client->client_count + client->index;
    uint64_t id = 0;
    if (!message_id(line.bytes, line.length, &id)) {
        fail("client %zu received a reply without its id: %.*s", client->index, shown, line.bytes);
    }
    if (id != expected) {
        fail("client %zu received the reply %llu and not %llu: %.*s", client->index, (unsigned long long)id,
             (unsigned long long)expected, shown, line.bytes);
    }
    return client->sent_at[client->replied_count++ % OUTSTANDING_MAX];
}

size_t client_outstanding(const struct client *client)
{
    return (size_t)(client->sent_count - client->replied_count);
}
