// A histogram of latencies that takes the same memory however many it counts, exact to less than one percent.
#ifndef HISTOGRAM_H
#define HISTOGRAM_H

#include <stdint.h>

// Each power of two is cut into 128 equal buckets; values below 128 have one each.
enum { BUCKETS_PER_OCTAVE = 128, OCTAVES = 58 };

struct histogram {
    uint64_t total;
    uint64_t buckets[OCTAVES * BUCKETS_PER_OCTAVE];
};

void histogram_add(struct histogram *histogram, uint64_t value);

// The value below which `share` (0 to 1) of all values lie; 0 if there are none.
double histogram_quantile(const struct histogram *histogram, double share);

#endif
