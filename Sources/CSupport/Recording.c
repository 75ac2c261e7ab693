#include "CSupport.h"

#include <string.h>

// Twice as many bytes at once where the processor can; which it is, is found out when the program starts.
#if defined(__x86_64__)
#define WIDE __attribute__((target_clones("avx2", "default")))
#else
#define WIDE
#endif

// So many bytes are looked at together; after so many it is seen whether there was one.
enum { lane = 32, block = 4096 };

typedef unsigned char (*predicate)(const unsigned char *);

// Whether what is asked holds for any of the places, each of which is asked for its byte and those behind it.
static inline __attribute__((always_inline)) int any(const unsigned char *text, size_t places, predicate is) {
    unsigned char found = 0;
    if (places < lane) {
        for (size_t i = 0; i < places; i++) found |= is(text + i);
        return found;
    }
    for (size_t start = 0; start < places && !found;) {
        size_t end = places - start > block ? start + block : places;
        for (; start + lane <= end; start += lane) {
            for (size_t i = 0; i < lane; i++) found |= is(text + start + i);
        }
        // What is left is looked at together with some of what was: a lane is quicker than single bytes.
        for (size_t i = 0; start < end && i < lane; i++) found |= is(text + end - lane + i);
        start = end;
    }
    return found;
}

static inline __attribute__((always_inline)) unsigned char is_word(const unsigned char *at, const char word[4]) {
    return ((at[0] | 0x20) == word[0]) & ((at[1] | 0x20) == word[1]) & ((at[2] | 0x20) == word[2]) &
           ((at[3] | 0x20) == word[3]);
}

static inline __attribute__((always_inline)) unsigned char is_of_secret(const unsigned char *at) {
    return (at[0] == '\\') | is_word(at, "pass") | is_word(at, "word") | is_word(at, "-oob");
}

WIDE int csupport_may_hold_secret(const void *bytes, size_t length) {
    return length < 4 || csupport_may_hold_credentials(bytes, length) || any(bytes, length - 3, is_of_secret);
}

#define WRITE(at, text) (memcpy(at, text, sizeof(text) - 1), at + sizeof(text) - 1)

static char *write_number(char *at, uint64_t number, int digits_min) {
    char digits[20], *end = digits + sizeof digits, *start = end;
    do {
        *--start = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0 || end - start < digits_min);
    memcpy(at, start, (size_t)(end - start));
    return at + (end - start);
}

size_t csupport_write_line(void *room, const struct csupport_line *line) {
    char *at = WRITE((char *)room, "{\"t\": ");
    uint64_t time = (uint64_t)line->microseconds;
    if (line->microseconds < 0) {
        *at++ = '-';
        time = -time;
    }
    at = write_number(at, time / 1000000, 1);
    *at++ = '.';
    at = write_number(at, time % 1000000, 6);
    if (line->client) {
        at = WRITE(at, ", \"at\": \"client ");
        at = write_number(at, (uint64_t)line->client, 1);
    } else {
        at = WRITE(at, ", \"at\": \"monitor");
    }
    at = line->is_sent ? WRITE(at, "\", \"is\": \"sent\"") : WRITE(at, "\", \"is\": \"received\"");
    if (line->command) {
        at = WRITE(at, ", \"command\": ");
        at = write_number(at, (uint64_t)line->command, 1);
    }
    if (line->descriptors) {
        at = WRITE(at, ", \"fds\": ");
        at = write_number(at, (uint64_t)line->descriptors, 1);
    }
    at = WRITE(at, ", \"message\": ");
    for (int i = 0; i < 3; i++) {
        if (line->parts[i].length == 0) continue;
        memcpy(at, line->parts[i].start, line->parts[i].length);
        at += line->parts[i].length;
    }
    at = WRITE(at, "}\n");
    return (size_t)(at - (char *)room);
}
