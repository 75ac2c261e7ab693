#define _GNU_SOURCE
#include "CSupport.h"

#include <string.h>

// Deeper values are left to a closer look.
enum { depth_max = 1024 };

static const unsigned char *skip_space(const unsigned char *at, const unsigned char *end) {
    if (at < end && *at > ' ') return at;
    while (at < end && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t')) at++;
    return at;
}

/// The high bit of each byte that ends a run of plain characters in a string: a quote, a backslash, a control character.
/// Bytes above the first one found may be marked wrongly (Hacker's Delight, 6-1), as may any above 0x7F, never left out.
static uint64_t special_bytes(uint64_t word) {
    const uint64_t ones = 0x0101010101010101, high = 0x8080808080808080;
    uint64_t quote = word ^ ones * '"', backslash = word ^ ones * '\\';
    return ((quote - ones) | (backslash - ones) | (word - ones * 0x20)) & high;
}

static int is_hexadecimal(unsigned char byte) {
    return (unsigned char)(byte - '0') < 10 || (unsigned char)((byte | 0x20) - 'a') < 6;
}

/// Takes an escape from its backslash on; NULL if it is none.
static const unsigned char *skip_escape(const unsigned char *at, const unsigned char *end) {
    if (end - at < 2) return NULL;
    switch (at[1]) {
    case '"': case '\\': case '/': case 'b': case 'f': case 'n': case 'r': case 't':
        return at + 2;
    case 'u':
        if (end - at < 6) return NULL;
        for (int i = 2; i < 6; i++) {
            if (!is_hexadecimal(at[i])) return NULL;
        }
        return at + 6;
    default:
        return NULL;
    }
}

/// Takes a string from its quote on; NULL if it is none.
static const unsigned char *skip_string(const unsigned char *at, const unsigned char *end) {
    at++;
    for (;;) {
        while (end - at >= 8) {
            uint64_t word;
            memcpy(&word, at, sizeof word);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
            word = __builtin_bswap64(word);
#endif
            uint64_t special = special_bytes(word);
            if (special) {
                at += __builtin_ctzll(special) / 8;
                break;
            }
            at += 8;
        }
        if (at == end) return NULL;
        if (*at == '"') return at + 1;
        if (*at == '\\') {
            at = skip_escape(at, end);
            if (!at) return NULL;
        } else if (*at < 0x20) {
            return NULL;
        } else {
            at++;
        }
    }
}

static const unsigned char *skip_digits(const unsigned char *at, const unsigned char *end) {
    const unsigned char *start = at;
    while (at < end && (unsigned char)(*at - '0') < 10) at++;
    return at > start ? at : NULL;
}

static const unsigned char *skip_number(const unsigned char *at, const unsigned char *end) {
    if (*at == '-') at++;
    if (at < end && *at == '0') {
        at++;
    } else if (!(at = skip_digits(at, end))) {
        return NULL;
    }
    if (at < end && *at == '.' && !(at = skip_digits(at + 1, end))) return NULL;
    if (at < end && (*at | 0x20) == 'e') {
        at++;
        if (at < end && (*at == '+' || *at == '-')) at++;
        return skip_digits(at, end);
    }
    return at;
}

static const unsigned char *skip_word(const unsigned char *at, const unsigned char *end, const char *word, size_t length) {
    return (size_t)(end - at) >= length && memcmp(at, word, length) == 0 ? at + length : NULL;
}

static const unsigned char *skip_scalar(const unsigned char *at, const unsigned char *end) {
    switch (*at) {
    case '"': return skip_string(at, end);
    case 't': return skip_word(at, end, "true", 4);
    case 'f': return skip_word(at, end, "false", 5);
    case 'n': return skip_word(at, end, "null", 4);
    default: return skip_number(at, end);
    }
}

/// Takes a member's name and its colon.
static const unsigned char *skip_key(const unsigned char *at, const unsigned char *end) {
    at = skip_space(at, end);
    if (at == end || *at != '"' || !(at = skip_string(at, end))) return NULL;
    at = skip_space(at, end);
    return at < end && *at == ':' ? at + 1 : NULL;
}

static const unsigned char *skip_value(const unsigned char *at, const unsigned char *end) {
    char closing[depth_max];
    int depth = 0;
    for (;;) {
        at = skip_space(at, end);
        if (at == end) return NULL;
        if (*at == '{' || *at == '[') {
            if (depth == depth_max) return NULL;
            // In ASCII each bracket closes with the next character but one.
            char close = (char)(*at + 2);
            closing[depth++] = close;
            at = skip_space(at + 1, end);
            if (at == end) return NULL;
            if (*at != close) {
                if (close == '}' && !(at = skip_key(at, end))) return NULL;
                continue;
            }
        } else if (!(at = skip_scalar(at, end))) {
            return NULL;
        }
        for (;;) {
            if (depth == 0) return at;
            at = skip_space(at, end);
            if (at == end) return NULL;
            if (*at != closing[depth - 1]) break;
            at++;
            depth--;
        }
        if (*at++ != ',') return NULL;
        if (closing[depth - 1] == '}' && !(at = skip_key(at, end))) return NULL;
    }
}

ptrdiff_t csupport_json_value(const void *bytes, size_t length) {
    const unsigned char *start = bytes, *end = skip_value(start, start + length);
    return end ? end - start : -1;
}

int csupport_is_ascii(const void *bytes, size_t length) {
    const unsigned char *text = bytes;
    unsigned char found = 0;
    for (size_t i = 0; i < length; i++) found |= text[i];
    return found < 0x80;
}

ptrdiff_t csupport_find_bytes(const void *bytes, size_t length, const void *wanted, size_t wanted_length) {
    if (wanted_length == 0) return 0;
    if (length < wanted_length) return -1;
    const char *found = memmem(bytes, length, wanted, wanted_length);
    return found ? found - (const char *)bytes : -1;
}

int csupport_is_printable(const void *bytes, size_t length) {
    const unsigned char *text = bytes;
    unsigned char found = 0;
    for (size_t i = 0; i < length; i++) found |= (unsigned char)(text[i] - 0x20) > 0x5E;
    return !found;
}
