#include "histogram.h"

#include <stddef.h>

static unsigned shift_of(uint64_t value)
{
    return value < BUCKETS_PER_OCTAVE ? 0 : 63 - (unsigned)__builtin_clzll(value) - 7;
}

void histogram_add(struct histogram *histogram, uint64_t value)
{
    unsigned shift = shift_of(value);
    // From the second octave on `value >> shift` already has its highest bit set, which stands for the first octave.
    histogram->buckets[shift * BUCKETS_PER_OCTAVE + (value >> shift)]++;
    histogram->total++;
}

static double middle_of(size_t bucket)
{
    if (bucket < 2 * BUCKETS_PER_OCTAVE) {
        return (double)bucket;
    }
    unsigned shift = (unsigned)(bucket / BUCKETS_PER_OCTAVE) - 1;
    uint64_t lowest = (uint64_t)(bucket - shift * (size_t)BUCKETS_PER_OCTAVE) << shift;
    return (double)lowest + (double)(1ULL << shift) / 2;
}

double histogram_quantile(const struct histogram *histogram, double share)
{
    double below = share * (double)histogram->total;
    uint64_t seen = 0;
    for (size_t bucket = 0; bucket < OCTAVES * BUCKETS_PER_OCTAVE; bucket++) {
        seen += histogram->buckets[bucket];
        if (seen > 0 && (double)seen >= below) {
            return middle_of(bucket);
        }
    }
    return 0;
}
