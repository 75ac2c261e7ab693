#include "command.h"

#include <string.h>

bool span_equals(struct span span, const char *text)
{
    return span.length == strlen(text) && memcmp(span.bytes, text, span.length) == 0;
}

bool framer_next(struct framer *framer, const char *bytes, size_t length, struct span *object)
{
    for (size_t at = framer->scanned; at < length; at++) {
        char byte = bytes[at];
        if (framer->in_string) {
            if (framer->escaped) {
                framer->escaped = false;
            } else if (byte == '\\') {
                framer->escaped = true;
            } else if (byte == '"') {
                framer->in_string = false;
            }
        } else if (byte == '"') {
            framer->in_string = true;
        } else if (byte == '{') {
            if (framer->depth == 0) {
                framer->start = at;
            }
            framer->depth++;
        } else if (byte == '}' && framer->depth > 0) {
            framer->depth--;
            if (framer->depth == 0) {
                *object = (struct span){bytes + framer->start, at + 1 - framer->start};
                framer->scanned = at + 1;
                return true;
            }
        }
    }
    framer->scanned = length;
    return false;
}

static bool is_between_tokens(char byte)
{
    return byte == ' ' || byte == ',' || byte == ':' || byte == '\t' || byte == '\r' || byte == '\n';
}

// The end of the value that begins at `at`.
static const char *value_end(const char *at, const char *end)
{
    unsigned depth = 0;
    bool in_string = false;
    for (; at < end; at++) {
        if (in_string) {
            if (*at == '\\') {
                at++;
            } else if (*at == '"') {
                in_string = false;
                if (depth == 0) {
                    return at + 1;
                }
            }
        } else if (*at == '"') {
            in_string = true;
        } else if (*at == '{' || *at == '[') {
            depth++;
        } else if (*at == '}' || *at == ']') {
            // A bare word at the end of its object: the bracket is not part of it.
            if (depth == 0) {
                return at;
            }
            if (--depth == 0) {
                return at + 1;
            }
        } else if (depth == 0 && is_between_tokens(*at)) {
            return at;
        }
    }
    return end;
}

// Takes the next key or value from `rest`; false at the end of the object.
static bool next_value(struct span *rest, struct span *value)
{
    const char *at = rest->bytes;
    const char *end = rest->bytes + rest->length;
    while (at < end && is_between_tokens(*at)) {
        at++;
    }
    if (at >= end || *at == '}') {
        return false;
    }
    const char *after = value_end(at, end);
    if (after > end || after == at) {
        return false;
    }
    *value = (struct span){at, (size_t)(after - at)};
    *rest = (struct span){after, (size_t)(end - after)};
    return true;
}

// Takes the next key and its value from `rest`, which must stand behind the object's opening brace.
static bool next_member(struct span *rest, struct span *key, struct span *value)
{
    return next_value(rest, key) && next_value(rest, value);
}

static struct span inside(struct span object)
{
    return (struct span){object.bytes + 1, object.length - 1};
}

static size_t number(struct span value)
{
    size_t result = 0;
    for (size_t at = 0; at < value.length && value.bytes[at] >= '0' && value.bytes[at] <= '9'; at++) {
        result = result * 10 + (size_t)(value.bytes[at] - '0');
    }
    return result;
}

static void read_arguments(struct span arguments, struct command *command)
{
    struct span rest = inside(arguments);
    struct span key;
    struct span value;
    while (next_member(&rest, &key, &value)) {
        if (span_equals(key, "\"size\"")) {
            command->size = number(value);
        } else if (span_equals(key, "\"count\"")) {
            command->count = number(value);
        }
    }
}

struct command command_read(struct span object)
{
    struct command command = {{NULL, 0}, {NULL, 0}, 0, 0};
    struct span rest = inside(object);
    struct span key;
    struct span value;
    while (next_member(&rest, &key, &value)) {
        if (span_equals(key, "\"execute\"") || span_equals(key, "\"exec-oob\"")) {
            command.name = value;
        } else if (span_equals(key, "\"id\"")) {
            command.id = value;
        } else if (span_equals(key, "\"arguments\"") && value.bytes[0] == '{') {
            read_arguments(value, &command);
        }
    }
    return command;
}
