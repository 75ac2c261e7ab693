#include "run.h"

#include "fail.h"
#include "message.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

enum { REPORTS_PER_WAIT = 256, MILLISECONDS_PER_WAIT = 100, SHOWN_OF_LINE = 120 };

static const uint64_t nanoseconds_per_second = 1000000000;
static const uint64_t stall_seconds_max = 10;
static const double warming_share = 0.2;
static const double warming_seconds_max = 0.2;

static void take_line(struct run *run, struct client *client, struct line line, uint64_t now)
{
    switch (message_kind(line.bytes, line.length)) {
    case MESSAGE_GREETING:
        client->greeted = true;
        client_add_command(client, "\"execute\": \"qmp_capabilities\"", now);
        return;
    case MESSAGE_REPLY: {
        uint64_t sent_at = client_take_reply(client, line);
        if (client->negotiated) {
            run->take_reply(run, client, line, sent_at, now);
        }
        client->negotiated = true;
        return;
    }
    case MESSAGE_EVENT:
        if (run->take_event != NULL && message_is_emitted_event(line.bytes, line.length)) {
            run->take_event(run, client, now);
        }
        return;
    case MESSAGE_ERROR:
    case MESSAGE_UNKNOWN:
        break;
    }
    int shown = line.length < SHOWN_OF_LINE ? (int)line.length : SHOWN_OF_LINE;
    fail("client %zu received: %.*s", client->index, shown, line.bytes);
}

static void fail_stalled(const struct run *run)
{
    size_t outstanding = 0;
    size_t waiting = 0;
    for (size_t at = 0; at < run->options->client_count; at++) {
        outstanding += client_outstanding(&run->clients[at]);
        waiting += run->clients[at].negotiated ? 0 : 1;
    }
    if (waiting == 0 && run->explain_stall != NULL) {
        run->explain_stall(run);
    }
    fail("nothing received for %d s: %zu commands are without reply, %zu clients not negotiated",
         (int)stall_seconds_max, outstanding, waiting);
}

void run_step(struct run *run)
{
    struct epoll_event reports[REPORTS_PER_WAIT];
    int count = epoll_wait(run->epoll, reports, REPORTS_PER_WAIT, MILLISECONDS_PER_WAIT);
    if (count < 0 && errno != EINTR) {
        fail("epoll_wait: %s", strerror(errno));
    }
    for (int at = 0; at < count; at++) {
        struct client *client = reports[at].data.ptr;
        client_receive(client);
        uint64_t now = clock_now();
        struct line line;
        while (client_next_line(client, &line)) {
            run->progress_at = now;
            take_line(run, client, line, now);
        }
        // Once, after all that was received: the commands that follow from it share one call to the kernel.
        client_send(client);
    }
    if (count <= 0 && clock_now() - run->progress_at > stall_seconds_max * nanoseconds_per_second) {
        fail_stalled(run);
    }
}

void run_open(struct run *run, const struct options *options, size_t reply_length_max)
{
    run->options = options;
    run->epoll = epoll_create1(EPOLL_CLOEXEC);
    run->clients = calloc(options->client_count, sizeof *run->clients);
    if (run->epoll < 0 || run->clients == NULL) {
        fail("cannot begin: %s", strerror(errno));
    }
    for (size_t at = 0; at < options->client_count; at++) {
        struct client *client = &run->clients[at];
        client_open(client, options->socket_path, at, options->client_count, reply_length_max);
        struct epoll_event interest = {.events = EPOLLIN, .data.ptr = client};
        if (epoll_ctl(run->epoll, EPOLL_CTL_ADD, client->socket, &interest) != 0) {
            fail("epoll_ctl: %s", strerror(errno));
        }
    }
    run->progress_at = clock_now();
    for (size_t at = 0; at < options->client_count; at++) {
        while (!run->clients[at].negotiated) {
            run_step(run);
        }
    }
}

static uint64_t nanoseconds(double seconds)
{
    return (uint64_t)(seconds * (double)nanoseconds_per_second);
}

void run_measure(struct run *run)
{
    double warming = run->options->seconds * warming_share;
    uint64_t warm_at = clock_now() + nanoseconds(warming < warming_seconds_max ? warming : warming_seconds_max);
    while (clock_now() < warm_at) {
        run_step(run);
    }
    run->phase = PHASE_MEASURING;
    run->measuring_since = clock_now();
    if (run->options->rounds > 0) {
        while (run->round_count < run->options->rounds) {
            run_step(run);
        }
    } else {
        uint64_t end = run->measuring_since + nanoseconds(run->options->seconds);
        // A contender too slow for one round in the time is still to have a figure.
        while (clock_now() < end || run->round_count == 0) {
            run_step(run);
        }
    }
    run->measuring_until = clock_now();
    run->phase = PHASE_DRAINING;
}

void run_count_round(struct run *run, uint64_t began_at, uint64_t now)
{
    if (run->phase == PHASE_MEASURING) {
        run->round_count++;
        histogram_add(&run->latencies, now - began_at);
    }
}

void run_print(const struct run *run, uint64_t operations_per_round)
{
    const struct options *options = run->options;
    double seconds = (double)(run->measuring_until - run->measuring_since) / (double)nanoseconds_per_second;
    uint64_t operations = run->round_count * operations_per_round;
    printf("{\"scenario\": \"%s\", \"clients\": %zu, \"operations\": %llu, \"seconds\": %.6f, "
           "\"operations_per_second\": %.1f, \"latency_median_us\": %.2f, \"latency_p99_us\": %.2f}\n",
           options->scenario, options->client_count, (unsigned long long)operations, seconds,
           (double)operations / seconds, histogram_quantile(&run->latencies, 0.5) / 1000,
           histogram_quantile(&run->latencies, 0.99) / 1000);
}
