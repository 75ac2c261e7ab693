// A run: all clients of one scenario, the loop that serves them, and the figures that come of it.
#ifndef RUN_H
#define RUN_H

#include "client.h"
#include "histogram.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct options {
    const char *scenario;
    const char *socket_path;
    size_t client_count;
    // Commands that each client keeps outstanding.
    size_t outstanding;
    // Length of the value that `big` returns.
    size_t size;
    // Events that one `emit` asks for.
    size_t count;
    double seconds;
    // Where not 0: ends the run instead of `seconds`.
    uint64_t rounds;
};

// Only what ends while measuring counts; what is outstanding afterwards must still be answered.
enum phase { PHASE_WARMING, PHASE_MEASURING, PHASE_DRAINING };

struct run {
    const struct options *options;
    struct client *clients;
    int epoll;
    enum phase phase;
    uint64_t measuring_since;
    uint64_t measuring_until;
    uint64_t progress_at;
    // Rounds that ended while measuring, and their latencies in nanoseconds.
    uint64_t round_count;
    struct histogram latencies;
    // The scenario's part: what it does with a reply to a command sent at that time, and with an event.
    void (*take_reply)(struct run *run, struct client *client, struct line line, uint64_t sent_at, uint64_t now);
    void (*take_event)(struct run *run, struct client *client, uint64_t now);
    // The scenario's part: who has not got what, for the message when nothing comes any more. May be NULL.
    void (*explain_stall)(const struct run *run);
};

// Connects and negotiates all clients.
void run_open(struct run *run, const struct options *options, size_t reply_length_max);

// Waits until something is received and serves it; fails after ten seconds without.
void run_step(struct run *run);

// Steps through warming up and measuring, then leaves the run in PHASE_DRAINING.
void run_measure(struct run *run);

// Counts a round that began at that time, if the phase is to be measured.
void run_count_round(struct run *run, uint64_t began_at, uint64_t now);

// Prints the figures as one line of JSON; a round may stand for several operations.
void run_print(const struct run *run, uint64_t operations_per_round);

#endif
