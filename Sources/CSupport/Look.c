#include "CSupport.h"

static unsigned char is_odd(const unsigned char *at) {
    unsigned char is_unprintable = (unsigned char)(at[0] - 0x20) > 0x5E;
    unsigned char is_f_or_n = (at[0] | 0x08) == 'n';
    unsigned char ends_value = (at[1] == ',') | ((at[1] | 0x20) == '}');
    return is_unprintable | (is_f_or_n & ends_value);
}

static unsigned char is_of_credentials(const unsigned char *at) {
    unsigned char is_slash = (at[0] == '/') & (at[1] == '/');
    unsigned char is_scheme = ((at[0] == 'n') | (at[0] == 'd')) & (at[1] == ':');
    unsigned char hides = (at[0] == '\\') & ((at[1] == 'u') | (at[1] == '/') | (at[1] == '\''));
    return is_slash | is_scheme | hides;
}

static int look(const unsigned char *text, size_t places) {
    unsigned char odd = 0, credentials = 0;
    for (size_t i = 0; i < places; i++) odd |= is_odd(text + i);
    for (size_t i = 0; i < places; i++) credentials |= is_of_credentials(text + i);
    return (odd ? csupport_look_odd : 0) | (credentials ? csupport_look_credentials : 0);
}

#if defined(__x86_64__)
#include <immintrin.h>
#define AVX2 __attribute__((target("avx2")))

// The same eight times as quickly. Each kind of pair has a bit; a byte's bits come from two tables, one asked by its upper
// half and one by its lower half, so that 32 bytes are asked at once (PSHUFB). Of the first byte of a pair and of the
// second:
//   0x01  /  /        0x02  n d  :        0x04  \  u / ' (and %, w, DEL, which JSON has not there)
//   0x08  f n  ,      0x10  f n  ] }      0x20  what is not printable ASCII, whatever follows     0x40  DEL, likewise
enum { credentials = 0x07, odd = 0x78 };

static const unsigned char first_by_upper[16] = {0x20, 0x20, 0x01, 0, 0, 0x04, 0x1A, 0x40,
                                                 0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20};
static const unsigned char first_by_lower[16] = {0x20, 0x20, 0x20, 0x20, 0x22, 0x20, 0x38, 0x20,
                                                 0x20, 0x20, 0x20, 0x20, 0x24, 0x20, 0x3A, 0x61};
static const unsigned char second_by_upper[16] = {0x60, 0x60, 0x6D, 0x62, 0x60, 0x70, 0x60, 0x74,
                                                  0x60, 0x60, 0x60, 0x60, 0x60, 0x60, 0x60, 0x60};
static const unsigned char second_by_lower[16] = {0x60, 0x60, 0x60, 0x60, 0x60, 0x64, 0x60, 0x64,
                                                  0x60, 0x60, 0x62, 0x60, 0x68, 0x70, 0x60, 0x65};

AVX2 static inline __m256i table(const unsigned char *bytes) {
    return _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)bytes));
}

AVX2 static inline __m256i bits(__m256i bytes, __m256i by_upper, __m256i by_lower) {
    const __m256i half = _mm256_set1_epi8(15);
    __m256i upper = _mm256_and_si256(_mm256_srli_epi16(bytes, 4), half), lower = _mm256_and_si256(bytes, half);
    return _mm256_and_si256(_mm256_shuffle_epi8(by_upper, upper), _mm256_shuffle_epi8(by_lower, lower));
}

AVX2 static inline __m256i pairs(const unsigned char *at, const __m256i tables[4]) {
    __m256i one = _mm256_loadu_si256((const __m256i *)at), next = _mm256_loadu_si256((const __m256i *)(at + 1));
    return _mm256_and_si256(bits(one, tables[0], tables[1]), bits(next, tables[2], tables[3]));
}

/// At 32 places or more.
AVX2 static int look_quickly(const unsigned char *text, size_t places) {
    const __m256i tables[4] = {table(first_by_upper), table(first_by_lower), table(second_by_upper),
                               table(second_by_lower)};
    // What is left at the end is looked at together with some of what was.
    __m256i found = pairs(text + places - 32, tables), also = _mm256_setzero_si256();
    size_t i = 0;
    for (; i + 64 <= places; i += 64) {
        found = _mm256_or_si256(found, pairs(text + i, tables));
        also = _mm256_or_si256(also, pairs(text + i + 32, tables));
    }
    if (i + 32 <= places) found = _mm256_or_si256(found, pairs(text + i, tables));
    found = _mm256_or_si256(found, also);
    unsigned char lanes[32], all = 0;
    _mm256_storeu_si256((__m256i *)lanes, found);
    for (int lane = 0; lane < 32; lane++) all |= lanes[lane];
    return (all & odd ? csupport_look_odd : 0) | (all & credentials ? csupport_look_credentials : 0);
}
#endif

int csupport_look(const void *bytes, size_t length) {
    size_t places = length > 0 ? length - 1 : 0;
#if defined(__x86_64__)
    if (places >= 32 && __builtin_cpu_supports("avx2")) return look_quickly(bytes, places);
#endif
    return look(bytes, places);
}

int csupport_is_plain_line(const void *bytes, size_t length) {
    const unsigned char *text = bytes;
    if (length == 0) return 1;
    unsigned char last = text[length - 1];
    return !(csupport_look(bytes, length) & csupport_look_odd) && (unsigned char)(last - 0x20) <= 0x5E &&
           (last | 0x08) != 'n';
}

int csupport_may_hold_credentials(const void *bytes, size_t length) {
    return (csupport_look(bytes, length) & csupport_look_credentials) != 0;
}
