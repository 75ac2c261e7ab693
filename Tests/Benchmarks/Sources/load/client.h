// Clients: connections to the contender that number their commands and insist on the replies.
#ifndef CLIENT_H
#define CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { OUTSTANDING_MAX = 64, BYTES_PER_COMMAND_MAX = 128 };

struct line {
    const char *bytes;
    size_t length;
};

struct client {
    int socket;
    // Which client of how many: ids are unique over all of them, so that a reply to somebody else is noticed.
    size_t index;
    size_t client_count;
    bool greeted;
    bool negotiated;
    uint64_t sent_count;
    uint64_t replied_count;
    // When the command was sent, in nanoseconds; by its number modulo the size.
    uint64_t sent_at[OUTSTANDING_MAX];
    size_t events_in_round;
    char *input;
    size_t input_length;
    size_t input_scanned;
    size_t input_consumed;
    size_t input_capacity;
    char output[OUTSTANDING_MAX * BYTES_PER_COMMAND_MAX];
    size_t output_length;
};

// Nanoseconds of a clock that only goes forward.
uint64_t clock_now(void);

// Connects; fails after ten seconds in the listener's backlog. Replies may be `reply_length_max` long.
void client_open(struct client *client, const char *path, size_t index, size_t client_count, size_t reply_length_max);

// Adds a command to what the next `client_send` sends; `members` stand before its id: `"execute": "stop"`.
void client_add_command(struct client *client, const char *members, uint64_t now);

// Sends what was added, in one piece.
void client_send(struct client *client);

// Reads what there is.
void client_receive(struct client *client);

// The next whole line that was read. Its bytes are valid until `client_receive`.
bool client_next_line(struct client *client, struct line *line);

// Takes a reply, which must be to the oldest command outstanding: QMP answers in the order of the commands.
// Returns when that command was sent.
uint64_t client_take_reply(struct client *client, struct line line);

size_t client_outstanding(const struct client *client);

#endif
