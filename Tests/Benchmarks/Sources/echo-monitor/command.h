// Commands: cutting them out of a stream of bytes and reading what the echo monitor needs of them.
#ifndef COMMAND_H
#define COMMAND_H

#include <stdbool.h>
#include <stddef.h>

// A stretch of bytes inside somebody else's buffer; `bytes` is NULL where there is none.
struct span {
    const char *bytes;
    size_t length;
};

// Where the search for the end of the next JSON object stands; survives from one read to the next.
struct framer {
    size_t scanned;
    size_t start;
    unsigned depth;
    bool in_string;
    bool escaped;
};

struct command {
    struct span name;
    struct span id;
    // 0 where the command has no such argument.
    size_t size;
    size_t count;
};

// Finds the next whole object in `bytes`, of which the framer has already seen a part.
// Objects may follow each other with or without white space between.
bool framer_next(struct framer *framer, const char *bytes, size_t length, struct span *object);

// Reads one whole object. The spans point into it, so that the id can be echoed byte for byte.
struct command command_read(struct span object);

bool span_equals(struct span span, const char *text);

#endif
