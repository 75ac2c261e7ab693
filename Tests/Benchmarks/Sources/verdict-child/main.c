// An Exec plugin's program that lets everything pass, and is never the slow part of a benchmark: subscribes to the
// commands that its arguments name, and answers each line that asks with `forward`.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// As long as a line of the proxy's may be, and its end.
enum { LINE_MAX = (1 << 20) + 1 };

static void fail(const char *what)
{
    fprintf(stderr, "verdict-child: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void say(const char *text, size_t length)
{
    while (length > 0) {
        ssize_t written = write(STDOUT_FILENO, text, length);
        if (written < 0 && errno != EINTR) {
            fail("write");
        }
        if (written > 0) {
            text += written;
            length -= (size_t)written;
        }
    }
}

static void say_hello(int count, char **names)
{
    char line[4096];
    int length = snprintf(line, sizeof line, "{\"type\":\"hello\",\"version\":1,\"commands\":[");
    for (int index = 0; index < count; index++) {
        length += snprintf(line + length, sizeof line - (size_t)length, "%s\"%s\"", index == 0 ? "" : ",", names[index]);
        if (length >= (int)sizeof line - 4) {
            errno = E2BIG;
            fail("names");
        }
    }
    length += snprintf(line + length, sizeof line - (size_t)length, "]}\n");
    say(line, (size_t)length);
}

// Answers the whole lines in the buffer, with one write; returns how many bytes they have.
static size_t answer(const char *lines, size_t length)
{
    static const char asks[] = "{\"type\":\"command\",\"command\":";
    static char said[1 << 16];
    size_t count = 0, start = 0;
    const char *end;
    while ((end = memchr(lines + start, '\n', length - start)) != NULL) {
        const char *line = lines + start;
        start = (size_t)(end - lines) + 1;
        if ((size_t)(end - line) < sizeof asks || memcmp(line, asks, sizeof asks - 1) != 0) {
            continue;
        }
        long number = strtol(line + sizeof asks - 1, NULL, 10);
        if (count + 128 > sizeof said) {
            say(said, count);
            count = 0;
        }
        count += (size_t)sprintf(said + count, "{\"type\":\"verdict\",\"command\":%ld,\"forward\":true}\n", number);
    }
    say(said, count);
    return start;
}

int main(int count, char **arguments)
{
    static char buffer[2 * LINE_MAX];
    size_t filled = 0;
    say_hello(count - 1, arguments + 1);
    for (;;) {
        ssize_t received = read(STDIN_FILENO, buffer + filled, sizeof buffer - filled);
        if (received == 0) {
            return 0;
        }
        if (received < 0) {
            if (errno == EINTR) {
                continue;
            }
            fail("read");
        }
        filled += (size_t)received;
        size_t used = answer(buffer, filled);
        filled -= used;
        memmove(buffer, buffer + used, filled);
        if (filled == sizeof buffer) {
            errno = EMSGSIZE;
            fail("line");
        }
    }
}
