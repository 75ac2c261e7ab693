#include "CSupport.h"

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

static inline __attribute__((always_inline)) unsigned char is_odd(const unsigned char *at) {
    unsigned char is_unprintable = (unsigned char)(at[0] - 0x20) > 0x5E;
    unsigned char is_f_or_n = (at[0] | 0x08) == 'n';
    unsigned char ends_value = (at[1] == ',') | ((at[1] | 0x20) == '}');
    return is_unprintable | (is_f_or_n & ends_value);
}

WIDE int csupport_is_plain_line(const void *bytes, size_t length) {
    const unsigned char *text = bytes;
    if (length == 0) return 1;
    size_t last = length - 1;
    return !any(text, last, is_odd) && (unsigned char)(text[last] - 0x20) <= 0x5E && (text[last] | 0x08) != 'n';
}

static inline __attribute__((always_inline)) unsigned char is_of_credentials(const unsigned char *at) {
    unsigned char is_slash = (at[0] == '/') & (at[1] == '/');
    unsigned char is_scheme = ((at[0] == 'n') | (at[0] == 'd')) & (at[1] == ':');
    unsigned char hides = (at[0] == '\\') & ((at[1] == 'u') | (at[1] == '/') | (at[1] == '\''));
    return is_slash | is_scheme | hides;
}

WIDE int csupport_may_hold_credentials(const void *bytes, size_t length) {
    return length > 1 && any(bytes, length - 1, is_of_credentials);
}

static inline __attribute__((always_inline)) unsigned char is_word(const unsigned char *at, const char word[4]) {
    return ((at[0] | 0x20) == word[0]) & ((at[1] | 0x20) == word[1]) & ((at[2] | 0x20) == word[2]) &
           ((at[3] | 0x20) == word[3]);
}

static inline __attribute__((always_inline)) unsigned char is_of_secret(const unsigned char *at) {
    return is_of_credentials(at) | (at[0] == '\\') | is_word(at, "pass") | is_word(at, "word") | is_word(at, "-oob");
}

WIDE int csupport_may_hold_secret(const void *bytes, size_t length) {
    return length < 4 || any(bytes, length - 3, is_of_secret);
}
