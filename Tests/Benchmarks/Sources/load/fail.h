// The one way out when a contender misbehaves: a sentence on standard error and status 1.
#ifndef FAIL_H
#define FAIL_H

__attribute__((noreturn, format(printf, 1, 2))) void fail(const char *format, ...);

#endif
