#include "filler.h"

#include "memory.h"
#include <stdio.h>

enum { FILLERS_MAX = 16, BYTES_PER_ENTRY_MAX = 512 };

// Shaped like QEMU's own schema: nested arrays and objects, short strings, no white space but after ',' and ':'.
static size_t write_entry(char *at, unsigned number)
{
    static const char command[] =
        "{\"name\": \"query-block-%u\", \"ret-type\": \"[%u]\", \"meta-type\": \"command\", \"arg-type\": \"%u\"}";
    static const char object[] =
        "{\"name\": \"%u\", \"members\": [{\"name\": \"node-name\", \"type\": \"str\"}, "
        "{\"name\": \"granularity\", \"default\": null, \"type\": \"int\"}, "
        "{\"name\": \"state-%u\", \"features\": [\"deprecated\"], \"type\": \"%u\"}], \"meta-type\": \"object\"}";
    static const char event[] =
        "{\"name\": \"BLOCK_JOB_%u\", \"meta-type\": \"event\", \"arg-type\": \"%u\", \"index\": %u}";
    static const char enumeration[] =
        "{\"name\": \"%u\", \"meta-type\": \"enum\", \"members\": [{\"name\": \"on\"}, {\"name\": \"off\"}], "
        "\"values\": [\"auto-%u\", \"a \\\"quoted\\\" word\", \"%u\"]}";
    static const char *const shapes[] = {command, object, event, enumeration};
    const char *shape = shapes[number % (sizeof shapes / sizeof shapes[0])];
    return (size_t)snprintf(at, BYTES_PER_ENTRY_MAX, shape, number, number * 7 % 1000, number * 13 % 1000);
}

static struct filler prepare(size_t size)
{
    char *bytes = grown(NULL, size + BYTES_PER_ENTRY_MAX + 4);
    size_t length = 0;
    unsigned number = 0;
    bytes[length++] = '[';
    do {
        if (number > 0) {
            bytes[length++] = ',';
            bytes[length++] = ' ';
        }
        length += write_entry(bytes + length, number++);
    } while (length + 1 < size);
    bytes[length++] = ']';
    return (struct filler){bytes, length};
}

const struct filler *filler_of_size(size_t size)
{
    static struct filler fillers[FILLERS_MAX];
    static size_t sizes[FILLERS_MAX];
    static size_t count = 0;

    for (size_t at = 0; at < count; at++) {
        if (sizes[at] == size) {
            return &fillers[at];
        }
    }
    if (count == FILLERS_MAX) {
        fprintf(stderr, "echo-monitor: more than %d sizes of `big`\n", FILLERS_MAX);
        exit(1);
    }
    sizes[count] = size;
    fillers[count] = prepare(size);
    return &fillers[count++];
}
