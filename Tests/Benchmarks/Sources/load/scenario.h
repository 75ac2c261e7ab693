// Scenarios: each opens a run, carries it through and prints its figures.
#ifndef SCENARIO_H
#define SCENARIO_H

#include "run.h"

// Clients that send a command for each reply they get: `pingpong`, `clients`, `pipelined` and `big`.
void scenario_exchange(const struct options *options);

// All clients receive what one of them has the monitor emit.
void scenario_events(const struct options *options);

// Clients that negotiate and then only stay.
void scenario_idle(const struct options *options);

#endif
