// A load generator for QMP: negotiates, runs one scenario, checks each reply, prints one line of JSON.
#include "fail.h"
#include "scenario.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

struct scenario {
    const char *name;
    void (*carry_through)(const struct options *options);
    struct options defaults;
};

static const struct scenario scenarios[] = {
    {"pingpong", scenario_exchange, {.client_count = 1, .outstanding = 1}},
    {"clients", scenario_exchange, {.client_count = 16, .outstanding = 1}},
    {"pipelined", scenario_exchange, {.client_count = 4, .outstanding = 16}},
    {"big", scenario_exchange, {.client_count = 1, .outstanding = 1, .size = 204800}},
    {"events", scenario_events, {.client_count = 64, .outstanding = 1, .count = 100}},
    {"idle", scenario_idle, {.client_count = 1000, .outstanding = 1}},
};

static const char usage[] =
    "usage: load SCENARIO --socket PATH [--seconds S | --rounds N] [--clients N]\n"
    "            [--outstanding N] [--size BYTES] [--count N]\n"
    "\n"
    "  pingpong   1 client, one small command at a time\n"
    "  clients    16 clients, each one small command at a time\n"
    "  pipelined  4 clients, each keeps 16 commands outstanding\n"
    "  big        1 client, one reply of --size bytes (204800) at a time\n"
    "  events     64 clients receive the --count events (100) that one of them asks for, again and again\n"
    "  idle       1000 clients stay until standard input is closed; prints \"ready\" when all have negotiated\n"
    "\n"
    "example: load pingpong --socket /tmp/monitor.sock --seconds 2\n";

static const struct scenario *find_scenario(const char *name)
{
    for (size_t at = 0; at < sizeof scenarios / sizeof scenarios[0]; at++) {
        if (strcmp(scenarios[at].name, name) == 0) {
            return &scenarios[at];
        }
    }
    fail("there is no scenario %s; see load --help", name);
}

static size_t number(const char *option, const char *text, size_t max)
{
    char *end = NULL;
    unsigned long long value = strtoull(text, &end, 10);
    if (end == text || *end != '\0' || value == 0 || value > max) {
        fail("%s takes a number from 1 to %zu, not %s", option, max, text);
    }
    return (size_t)value;
}

static void read_option(struct options *options, int letter, const char *text)
{
    switch (letter) {
    case 's':
        options->socket_path = text;
        break;
    case 't': {
        char *end = NULL;
        options->seconds = strtod(text, &end);
        if (end == text || *end != '\0' || !(options->seconds > 0 && options->seconds <= 86400)) {
            fail("--seconds takes a number above 0, not %s", text);
        }
        break;
    }
    case 'r':
        options->rounds = number("--rounds", text, 1000000000);
        break;
    case 'c':
        options->client_count = number("--clients", text, 100000);
        break;
    case 'o':
        options->outstanding = number("--outstanding", text, OUTSTANDING_MAX);
        break;
    case 'b':
        options->size = number("--size", text, 64 << 20);
        break;
    case 'n':
        options->count = number("--count", text, 1000000);
        break;
    default:
        fputs(usage, stderr);
        exit(2);
    }
}

static void raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

int main(int argc, char **argv)
{
    static const struct option known[] = {
        {"socket", required_argument, NULL, 's'},  {"seconds", required_argument, NULL, 't'},
        {"rounds", required_argument, NULL, 'r'},  {"clients", required_argument, NULL, 'c'},
        {"outstanding", required_argument, NULL, 'o'}, {"size", required_argument, NULL, 'b'},
        {"count", required_argument, NULL, 'n'},   {NULL, 0, NULL, 0},
    };
    if (argc < 2 || argv[1][0] == '-') {
        bool help = argc == 2 && strcmp(argv[1], "--help") == 0;
        fputs(usage, help ? stdout : stderr);
        return help ? 0 : 2;
    }
    const struct scenario *scenario = find_scenario(argv[1]);
    struct options options = scenario->defaults;
    options.scenario = scenario->name;
    options.seconds = 1;

    // The scenario stands where getopt expects the program's name.
    int letter;
    while ((letter = getopt_long(argc - 1, argv + 1, "", known, NULL)) != -1) {
        read_option(&options, letter, optarg);
    }
    if (options.socket_path == NULL) {
        fail("--socket is missing");
    }
    raise_descriptor_limit();
    scenario->carry_through(&options);
    return 0;
}
