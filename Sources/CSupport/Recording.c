#include "CSupport.h"

// Blocks, so that the compiler can do many bytes at once and a long message still ends early.
enum { block_size = 4096 };

// Twice as many at once where the processor can; which it is, is found out when the program starts.
#if defined(__x86_64__)
#define WIDE __attribute__((target_clones("avx2", "default")))
#else
#define WIDE
#endif

WIDE int csupport_is_plain_line(const void *bytes, size_t length) {
    const unsigned char *text = bytes;
    if (length == 0) return 1;
    size_t last = length - 1;
    for (size_t start = 0; start < last; start += block_size) {
        size_t end = last - start > block_size ? start + block_size : last;
        unsigned char found = 0;
        for (size_t i = start; i < end; i++) {
            unsigned char byte = text[i], next = text[i + 1];
            unsigned char is_unprintable = (unsigned char)(byte - 0x20) > 0x5E;
            unsigned char is_f_or_n = (byte | 0x08) == 'n';
            unsigned char ends_value = (next == ',') | ((next | 0x20) == '}');
            found |= is_unprintable | (is_f_or_n & ends_value);
        }
        if (found) return 0;
    }
    return (unsigned char)(text[last] - 0x20) <= 0x5E && (text[last] | 0x08) != 'n';
}

WIDE int csupport_may_hold_credentials(const void *bytes, size_t length) {
    const unsigned char *text = bytes;
    size_t last = length == 0 ? 0 : length - 1;
    for (size_t start = 0; start < last; start += block_size) {
        size_t end = last - start > block_size ? start + block_size : last;
        unsigned char found = 0;
        for (size_t i = start; i < end; i++) {
            unsigned char byte = text[i], next = text[i + 1];
            found |= (byte == '/') & (next == '/');
            found |= ((byte == 'n') | (byte == 'd')) & (next == ':');
            found |= (byte == '\\') & ((next == 'u') | (next == '/') | (next == '\''));
        }
        if (found) return 1;
    }
    return 0;
}
