// Output: what waits to be sent on one connection, gathered so that one call to the kernel sends it all.
#ifndef OUTPUT_H
#define OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

struct piece;

// Pieces in the order they are to be sent. A piece is either a part of `text`, which the output owns, or bytes that
// live as long as the program (a prepared filler) and are never copied.
struct output {
    struct piece *pieces;
    size_t piece_first;
    size_t piece_count;
    size_t piece_capacity;
    char *text;
    size_t text_length;
    size_t text_capacity;
};

void output_add_text(struct output *output, const char *bytes, size_t length);
void output_add_prepared(struct output *output, const char *bytes, size_t length);
bool output_is_empty(const struct output *output);

// Sends as much as the socket takes. False if the connection is broken; what did not fit stays in the output.
bool output_send(struct output *output, int socket);

void output_free(struct output *output);

#endif
