#include "scenario.h"

#include "fail.h"
#include <stdio.h>

static char members[BYTES_PER_COMMAND_MAX];

static void take_reply(struct run *run, struct client *client, struct line line, uint64_t sent_at, uint64_t now)
{
    if (line.length < run->options->size) {
        fail("client %zu received %zu bytes of a value of %zu", client->index, line.length, run->options->size);
    }
    run_count_round(run, sent_at, now);
    if (run->phase != PHASE_DRAINING) {
        client_add_command(client, members, now);
    }
}

static size_t total_outstanding(const struct run *run)
{
    size_t total = 0;
    for (size_t at = 0; at < run->options->client_count; at++) {
        total += client_outstanding(&run->clients[at]);
    }
    return total;
}

void scenario_exchange(const struct options *options)
{
    // A value is at least as long as it was asked to be and longer by one entry of its list at most.
    static const size_t envelope_length_max = 4096;
    static struct run run = {.take_reply = take_reply};

    if (options->size > 0) {
        snprintf(members, sizeof members, "\"execute\": \"big\", \"arguments\": {\"size\": %zu}", options->size);
    } else {
        snprintf(members, sizeof members, "\"execute\": \"query-status\"");
    }
    run_open(&run, options, options->size + envelope_length_max);
    for (size_t at = 0; at < options->client_count; at++) {
        for (size_t sent = 0; sent < options->outstanding; sent++) {
            client_add_command(&run.clients[at], members, clock_now());
        }
        client_send(&run.clients[at]);
    }
    run_measure(&run);
    while (total_outstanding(&run) > 0) {
        run_step(&run);
    }
    run_print(&run, 1);
}
