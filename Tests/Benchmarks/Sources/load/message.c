#include "message.h"

#include <string.h>

// Whatever the order of the members, the one that tells the kind is near the beginning, and the id at either end.
enum { HEAD_LENGTH = 128, ID_LENGTH = 48 };

static const char id_key[] = "\"id\":";

static bool contains(const char *bytes, size_t length, const char *text)
{
    return memmem(bytes, length, text, strlen(text)) != NULL;
}

static bool starts_with(const char *line, size_t length, const char *text)
{
    size_t text_length = strlen(text);
    return length >= text_length && memcmp(line, text, text_length) == 0;
}

enum message_kind message_kind(const char *line, size_t length)
{
    // As QEMU writes them.
    if (starts_with(line, length, "{\"return\"")) {
        return MESSAGE_REPLY;
    }
    if (starts_with(line, length, "{\"timestamp\"")) {
        return MESSAGE_EVENT;
    }
    // As others may.
    size_t head_length = length < HEAD_LENGTH ? length : HEAD_LENGTH;
    if (contains(line, head_length, "\"QMP\"")) {
        return MESSAGE_GREETING;
    }
    if (contains(line, head_length, "\"error\"")) {
        return MESSAGE_ERROR;
    }
    if (contains(line, head_length, "\"event\"")) {
        return MESSAGE_EVENT;
    }
    return contains(line, head_length, "\"return\"") ? MESSAGE_REPLY : MESSAGE_UNKNOWN;
}

bool message_id(const char *line, size_t length, uint64_t *id)
{
    size_t part_length = length < ID_LENGTH ? length : ID_LENGTH;
    const char *end = line + length;
    const char *at = memmem(end - part_length, part_length, id_key, sizeof id_key - 1);
    if (at == NULL) {
        at = memmem(line, part_length, id_key, sizeof id_key - 1);
    }
    if (at == NULL) {
        return false;
    }
    at += sizeof id_key - 1;
    while (at < end && *at == ' ') {
        at++;
    }
    const char *first_digit = at;
    uint64_t value = 0;
    for (; at < end && *at >= '0' && *at <= '9'; at++) {
        value = value * 10 + (uint64_t)(*at - '0');
    }
    *id = value;
    // A number, and nothing but a number.
    return at > first_digit && at < end && (*at == '}' || *at == ',' || *at == ' ');
}

bool message_is_emitted_event(const char *line, size_t length)
{
    // Emitted events are all alike, so that most are known by being the same as the one before.
    static char known[512];
    static size_t known_length = 0;
    if (length == known_length && memcmp(line, known, length) == 0) {
        return true;
    }
    if (!contains(line, length, "\"STOP\"")) {
        return false;
    }
    if (length <= sizeof known) {
        memcpy(known, line, length);
        known_length = length;
    }
    return true;
}
