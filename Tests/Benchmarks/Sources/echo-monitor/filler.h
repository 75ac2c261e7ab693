// Fillers: the long return values of `big`, prepared once for each size.
#ifndef FILLER_H
#define FILLER_H

#include <stddef.h>

struct filler {
    char *bytes;
    size_t length;
};

// A JSON array of about `size` bytes (never fewer) that reads like the return value of query-qmp-schema.
// It stays valid, and in place, as long as the program runs.
const struct filler *filler_of_size(size_t size);

#endif
