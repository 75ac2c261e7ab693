#include "CSupport.h"

#include <string.h>

// Twice as many bytes at once where the processor can; which it is, is found out when the program starts.
#if defined(__x86_64__)
#define WIDE __attribute__((target_clones("avx2", "default")))
// Where the processor does not know the instruction, it passes over it.
#define PREFETCHES __attribute__((target("prfchw")))
#else
#define WIDE
#define PREFETCHES
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

uint64_t csupport_hash(const void *bytes, size_t length) {
    uint64_t hash = 0xCBF29CE484222325;
    for (const unsigned char *at = bytes, *end = at + length; at < end; at++) hash = (hash ^ *at) * 0x100000001B3;
    return hash;
}

intptr_t csupport_command_name(const void *bytes, size_t length, intptr_t *name_length) {
    static const char before[] = "{\"execute\":";
    const char *text = bytes, *at = text + sizeof before - 1, *end = text + length;
    // Two more: a space, and the quote.
    if (length < sizeof before + 2 || memcmp(text, before, sizeof before - 1) != 0) return 0;
    if (*at == ' ') at++;
    if (*at++ != '"') return 0;
    const char *quote = memchr(at, '"', (size_t)(end - at));
    if (!quote) return 0;
    *name_length = quote - at;
    return at - text;
}

#define WRITE(at, text) (memcpy(at, text, sizeof(text) - 1), at + sizeof(text) - 1)

// Of each number below 100: to take two digits at once halves the divisions.
static const char two_digits[200] =
    "0001020304050607080910111213141516171819202122232425262728293031323334353637383940414243444546474849"
    "5051525354555657585960616263646566676869707172737475767778798081828384858687888990919293949596979899";

static char *write_number(char *at, uint64_t number) {
    // Straight to its place: what was just written in pieces, and is read as a whole, is waited for.
    enum { digits_max = 20 };
    int digits = 1;
    for (uint64_t limit = 10; digits < digits_max && number >= limit; limit *= 10) digits++;
    char *end = at + digits, *start = end;
    for (; number >= 100; number /= 100) memcpy(start -= 2, two_digits + number % 100 * 2, 2);
    if (number >= 10) {
        memcpy(at, two_digits + number * 2, 2);
    } else {
        *at = (char)('0' + number);
    }
    return end;
}

static char *write_six_digits(char *at, uint64_t number) {
    for (int place = 4; place >= 0; place -= 2, number /= 100) memcpy(at + place, two_digits + number % 100 * 2, 2);
    return at + 6;
}

PREFETCHES void csupport_fetch(void *memory) {
    enum { cache_line = 64, distance = 1024 };
    char *start = memory;
    for (char *at = start; at < start + distance; at += cache_line) __builtin_prefetch(at, 1, 3);
}

size_t csupport_write_line(void *room, const struct csupport_line *line) {
    char *at = WRITE((char *)room, "{\"t\": ");
    uint64_t time = (uint64_t)line->microseconds;
    if (line->microseconds < 0) {
        *at++ = '-';
        time = -time;
    }
    at = write_number(at, time / 1000000);
    *at++ = '.';
    at = write_six_digits(at, time % 1000000);
    if (line->client) {
        at = WRITE(at, ", \"at\": \"client ");
        at = write_number(at, (uint64_t)line->client);
    } else {
        at = WRITE(at, ", \"at\": \"monitor");
    }
    at = line->is_sent ? WRITE(at, "\", \"is\": \"sent\"") : WRITE(at, "\", \"is\": \"received\"");
    if (line->command) {
        at = WRITE(at, ", \"command\": ");
        at = write_number(at, (uint64_t)line->command);
    }
    if (line->descriptors) {
        at = WRITE(at, ", \"fds\": ");
        at = write_number(at, (uint64_t)line->descriptors);
    }
    at = WRITE(at, ", \"message\": ");
    const char *start = at;
    for (int i = 0; i < 3; i++) {
        if (line->parts[i].length == 0) continue;
        memcpy(at, line->parts[i].start, line->parts[i].length);
        at += line->parts[i].length;
    }
    while (at > start && (at[-1] == '\n' || at[-1] == '\r')) at--;
    at = WRITE(at, "}\n");
    return (size_t)(at - (char *)room);
}
