#include "scenario.h"

#include "fail.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

static void take_reply(struct run *run, struct client *client, struct line line, uint64_t sent_at, uint64_t now)
{
    (void)run;
    (void)line;
    (void)sent_at;
    (void)now;
    fail("client %zu is idle and received a reply", client->index);
}

// Standard input is a pipe from whoever measures; nothing is ever written to it.
static bool standard_input_is_closed(void)
{
    char ignored[64];
    ssize_t count = read(STDIN_FILENO, ignored, sizeof ignored);
    return count == 0 || (count < 0 && errno != EINTR);
}

void scenario_idle(const struct options *options)
{
    static struct run run = {.take_reply = take_reply};

    run_open(&run, options, 0);
    puts("ready");
    fflush(stdout);
    while (!standard_input_is_closed()) {
    }
    // A connection that was closed meanwhile was not idle but lost.
    for (size_t at = 0; at < options->client_count; at++) {
        client_receive(&run.clients[at]);
    }
    printf("{\"scenario\": \"%s\", \"clients\": %zu}\n", options->scenario, options->client_count);
}
