#include "scenario.h"

#include "fail.h"
#include <stdio.h>

static struct {
    char members[BYTES_PER_COMMAND_MAX];
    uint64_t began_at;
    bool replied;
    // Clients that have all events of the round.
    size_t served_count;
} current;

static void begin_round(struct run *run, uint64_t now)
{
    current.began_at = now;
    current.replied = false;
    current.served_count = 0;
    for (size_t at = 0; at < run->options->client_count; at++) {
        run->clients[at].events_in_round = 0;
    }
    client_add_command(&run->clients[0], current.members, now);
    client_send(&run->clients[0]);
}

static bool is_complete(const struct run *run)
{
    return current.replied && current.served_count == run->options->client_count;
}

static void end_round_if_complete(struct run *run, uint64_t now)
{
    if (is_complete(run)) {
        run_count_round(run, current.began_at, now);
        if (run->phase != PHASE_DRAINING) {
            begin_round(run, now);
        }
    }
}

static void take_reply(struct run *run, struct client *client, struct line line, uint64_t sent_at, uint64_t now)
{
    (void)client;
    (void)line;
    (void)sent_at;
    current.replied = true;
    end_round_if_complete(run, now);
}

static void take_event(struct run *run, struct client *client, uint64_t now)
{
    client->events_in_round++;
    if (client->events_in_round > run->options->count) {
        fail("client %zu received more than the %zu events of its round", client->index, run->options->count);
    }
    if (client->events_in_round == run->options->count) {
        current.served_count++;
        end_round_if_complete(run, now);
    }
}

static void explain_stall(const struct run *run)
{
    for (size_t at = 0; at < run->options->client_count; at++) {
        if (run->clients[at].events_in_round < run->options->count) {
            fail("client %zu received %zu of %zu events, then nothing came", at, run->clients[at].events_in_round,
                 run->options->count);
        }
    }
}

void scenario_events(const struct options *options)
{
    static struct run run = {.take_reply = take_reply, .take_event = take_event, .explain_stall = explain_stall};

    snprintf(current.members, sizeof current.members, "\"execute\": \"emit\", \"arguments\": {\"count\": %zu}",
             options->count);
    run_open(&run, options, 0);
    begin_round(&run, clock_now());
    run_measure(&run);
    while (!is_complete(&run)) {
        run_step(&run);
    }
    run_print(&run, options->count * options->client_count);
}
