// Connections: one client of the echo monitor, from its greeting to its end.
#ifndef CONNECTION_H
#define CONNECTION_H

#include "command.h"
#include "output.h"
#include <stdbool.h>
#include <stdint.h>

struct connection {
    int socket;
    bool negotiated;
    bool waits_for_room;
    struct framer framer;
    char *input;
    size_t input_length;
    size_t input_capacity;
    struct output output;
    struct connection *previous;
    struct connection *next;
};

// Every open connection, for events go to all of them.
struct monitor {
    int epoll;
    struct connection *first;
};

// Takes a connected non-blocking socket and greets.
void connection_open(struct monitor *monitor, int socket);

// Does what epoll reported; the connection may be gone afterwards.
void connection_handle(struct monitor *monitor, struct connection *connection, uint32_t reported);

#endif
