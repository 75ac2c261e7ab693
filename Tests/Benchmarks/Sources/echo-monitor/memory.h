// Memory that is there or ends the program: a benchmark has nothing sensible to do without it.
#ifndef MEMORY_H
#define MEMORY_H

#include <stdio.h>
#include <stdlib.h>

static inline void *grown(void *memory, size_t size)
{
    void *result = realloc(memory, size);
    if (result == NULL) {
        fputs("echo-monitor: out of memory\n", stderr);
        exit(1);
    }
    return result;
}

#endif
